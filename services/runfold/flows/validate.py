"""The rules of a flow over several of its parts. All that are broken come in one violation, as authors know it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from runfold.errors import Violation
from runfold.flows.condition import CONDITION_TYPES
from runfold.flows.flowable.dag import cycle_in
from runfold.flows.input import Input
from runfold.flows.model import Flow, Output, PluginDefault
from runfold.flows.task import FlowableTask, StartsFlow, Task, TaskTypes
from runfold.flows.trigger import TRIGGER_TYPES, Trigger
from runfold.flows.yaml_source import Loc, SourceMap

Problem = tuple[str, Loc]
"""What is wrong, and where to look."""


def broken_rules(flow: Flow, source: SourceMap, types: TaskTypes) -> tuple[Violation, ...]:
    """Return the violations of rules that need the whole flow."""
    found = list(_flow_problems(flow))
    result = []
    if found:
        line, column = source.position(found[0][1])
        texts = ", ".join(message for message, _ in found)
        result.append(Violation(f"Invalid Flow: {texts}", "", line, column))
    return (*result, *_default_violations(flow, source, types))


def _flow_problems(flow: Flow) -> Iterator[Problem]:
    yield from _duplicates("Duplicate task id with name", _task_ids(flow))
    yield from _duplicates("Duplicate trigger id with name", _ids(flow.triggers, "triggers"))
    yield from _duplicates("Duplicate input with name", _ids(flow.inputs, "inputs"))
    yield from _duplicates("Duplicate output with name", _ids(flow.outputs, "outputs"))
    yield from _recursions(flow)
    yield from _dependencies(flow)


def walk(tasks: Iterable[Task], loc: Loc) -> Iterator[tuple[Task, Loc]]:
    """Yield all tasks, nested ones too, with their places."""
    for index, task in enumerate(tasks):
        here = (*loc, index)
        yield task, here
        if isinstance(task, FlowableTask):
            for path, children in task.children().items():
                yield from walk(children, (*here, *path.split(".", 1)))


def all_tasks(flow: Flow) -> Iterator[tuple[Task, Loc]]:
    """Yield every task of `flow` with its place, those of listeners too."""
    yield from walk(flow.tasks, ("tasks",))
    yield from walk(flow.errors, ("errors",))
    yield from walk(flow.finally_, ("finally",))
    yield from walk(flow.after_execution, ("afterExecution",))
    for index, listener in enumerate(flow.listeners):
        yield from walk(listener.tasks, ("listeners", index, "tasks"))


def _task_ids(flow: Flow) -> list[tuple[str, Loc]]:
    return [(task.id, loc) for task, loc in all_tasks(flow)]


def _ids(items: Iterable[Trigger | Input | Output], key: str) -> list[tuple[str, Loc]]:
    return [(item.id, (key, index)) for index, item in enumerate(items)]


def _duplicates(message: str, ids: list[tuple[str, Loc]]) -> Iterator[Problem]:
    counts = Counter(name for name, _ in ids)
    double = [name for name, count in counts.items() if count > 1]
    if double:
        places = [loc for name, loc in ids if name == double[0]]
        yield f"{message} [{', '.join(double)}]", places[1]


def _recursions(flow: Flow) -> Iterator[Problem]:
    for task, loc in all_tasks(flow):
        if isinstance(task, StartsFlow) and (task.namespace, task.flow_id) == (flow.namespace, flow.id):
            yield f"Recursive call to flow [{flow.namespace}.{flow.id}]", loc


def _dependencies(flow: Flow) -> Iterator[Problem]:
    needs = {item.id: item.depends_on.inputs if item.depends_on else () for item in flow.inputs}
    cycle = cycle_in(needs)
    for index, item in enumerate(flow.inputs):
        loc = ("inputs", index, "dependsOn")
        for name in needs[item.id]:
            if name not in needs:
                yield f"Input with id '{item.id}' depends on a non-existent input '{name}'.", loc
        if item.id in cycle:
            yield f"Cycle dependency detected for input with id '{item.id}': [{', '.join(cycle)}]", loc


def _default_violations(flow: Flow, source: SourceMap, types: TaskTypes) -> Iterator[Violation]:
    for key, defaults in (("pluginDefaults", flow.plugin_defaults), ("taskDefaults", flow.task_defaults)):
        for index, default in enumerate(defaults):
            problems = list(_default_problems(default, types))
            if problems:
                line, column = source.position((key, index))
                text = f"Invalid Plugin Default: {', '.join(problems)}"
                yield Violation(text, f"{key}[{index}]", line, column)


def _default_problems(default: PluginDefault, types: TaskTypes) -> Iterator[str]:
    if default.values is None:
        yield f"No 'values' provided for plugin '{default.type}'"
        return
    if None in default.values.values():
        yield f"No 'values' provided for plugin '{default.type}'"
    model = next(
        (found for known in (types, TRIGGER_TYPES, CONDITION_TYPES) if (found := known.find(default.type))), None
    )
    for key in default.values:
        if model is not None and key not in model.yaml_keys():
            yield f"No property '{key}' exists in plugin '{default.type}'"

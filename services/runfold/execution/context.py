"""
The variables that a task's templates see, cut to what they read.

O(1) in the size of the execution unless a template asks for all of a loop's outputs. Reads
`references` of the plan: ("outputs", "t", ...) or ("*",) for everything.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from runfold.execution.aggregate import Aggregate
from runfold.execution.model import Label, TaskRun
from runfold.flows.expressions import Dynamic, Reference
from runfold.flows.flowable.each import EachParallel, Loop
from runfold.flows.plan import Plan
from runfold.flows.values import structured

Variables = dict[str, Any]

EVERYTHING: frozenset[Reference] = frozenset({("*",)})


def variables_of(
    plan: Plan, aggregate: Aggregate, run: TaskRun | None, references: frozenset[Reference] = EVERYTHING
) -> Variables:
    """
    Return the expression context of a task run (None: of the flow itself) for these references.

    Shape: §7.1 of the semantics: flow, execution, inputs, outputs, tasks, labels, vars, trigger,
    task, taskrun, parent, parents, and what the surroundings give.
    """
    roots = {reference[0] for reference in references}
    wants_all = "*" in roots
    found: Variables = {**plan.surroundings} if wants_all else {}
    for name in plan.surroundings if not wants_all else ():
        if name in roots:
            found[name] = plan.surroundings[name]
    found |= _fixed(plan, aggregate, None if wants_all else roots)
    if run is not None:
        found |= _of_taskrun(plan, aggregate, run)
    if wants_all or "tasks" in roots:
        found["tasks"] = _states(aggregate)
    if wants_all or "outputs" in roots:
        wanted = [("outputs",)] if wants_all else [ref for ref in references if ref[0] == "outputs"]
        found["outputs"] = _outputs(plan, aggregate, run, wanted)
    return found


def _fixed(plan: Plan, aggregate: Aggregate, roots: set[Any] | None) -> Variables:
    execution = aggregate.execution
    found: Variables = {
        "flow": {"id": execution.flow_id, "namespace": execution.namespace, "revision": execution.flow_revision},
        "execution": {
            "id": execution.id,
            "startDate": millis(execution.histories[0].date),
            "originalId": execution.original_id,
            "state": str(execution.state),
        },
    }
    if plan.flow.variables and (roots is None or "vars" in roots):
        found["vars"] = plan.flow.variables
    if roots is None or "inputs" in roots:
        inputs = _with_defaults(plan, execution.inputs)
        if inputs:
            found["inputs"] = inputs
    if execution.trigger is not None and (roots is None or "trigger" in roots):
        found["trigger"] = execution.trigger.variables
    if roots is None or "labels" in roots:
        found["labels"] = nested_labels(execution.labels)
    for name, value in (execution.variables or {}).items():
        found.setdefault(name, value)
    return found


def _with_defaults(plan: Plan, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    missing = {
        declared.id: declared.defaults
        for declared in plan.flow.inputs
        if declared.defaults is not None and declared.id not in inputs and "." not in declared.id
    }
    return {**inputs, **missing} if missing else inputs


def nested_labels(labels: Iterable[Label]) -> Variables:
    """Return labels as a map; `system.x` is found under `system`. Of a key given twice the first counts."""
    found: Variables = {}
    for label in labels:
        if label.key.startswith("system."):
            found.setdefault("system", {}).setdefault(label.key.removeprefix("system."), label.value)
        else:
            found.setdefault(label.key, label.value)
    return found


def _iteration(plan: Plan, aggregate: Aggregate, run: TaskRun) -> int | None:
    """Return which round of a WaitFor, or which value of a loop (from 0), a task run belongs to."""
    if run.iteration is not None or run.value is None or run.parent_taskrun_id is None:
        return run.iteration
    loop = plan.nodes[aggregate.taskruns[run.parent_taskrun_id].task_id].task
    return None if isinstance(loop, EachParallel) else run.place.lane


def _of_taskrun(plan: Plan, aggregate: Aggregate, run: TaskRun) -> Variables:
    parents = []
    for around in aggregate.ancestors(run):
        data: Variables = {}
        if around.value is not None:
            data["taskrun"] = {"value": around.value}
        if around.outputs:
            data["outputs"] = around.outputs
        if data:
            parents.append(data)
    taskrun: Variables = {
        "id": run.id,
        "startDate": instant(run.histories[0].date),
        "attemptsCount": len(run.attempts),
    }
    if run.parent_taskrun_id is not None:
        taskrun["parentId"] = run.parent_taskrun_id
    if run.value is not None:
        taskrun["value"] = run.value
    iteration = _iteration(plan, aggregate, run)
    if iteration is not None:
        taskrun["iteration"] = iteration
    found: Variables = {
        "task": {"id": run.task_id, "type": run.task_type},
        "taskrun": taskrun,
        "parents": parents,
    }
    if parents:
        found["parent"] = parents[0]
    item = _item(plan, aggregate, run)
    if item is not None:
        found["item"] = item
    return found


def _item(plan: Plan, aggregate: Aggregate, run: TaskRun) -> Variables | None:
    """Return the value that the closest Loop is at, and its number from 0."""
    here = run
    for around in aggregate.ancestors(run):
        if here.value is not None and isinstance(plan.nodes[around.task_id].task, Loop):
            return {"value": structured(here.value), "index": here.place.lane}
        here = around
    return None


def _states(aggregate: Aggregate) -> Variables:
    found: Variables = {}
    for run in sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal):
        _put(found, (run.task_id, *aggregate.values(run)), {"state": str(run.state)})
    return found


def _outputs(plan: Plan, aggregate: Aggregate, run: TaskRun | None, wanted: Iterable[Reference]) -> Variables:
    found: Variables = {}
    chosen: dict[str, TaskRun] = {}
    for reference in wanted:
        keys = _static(plan, aggregate, run, reference[1:])
        for made in _matching(aggregate, keys):
            if made.outputs is not None:
                chosen[made.id] = made
    for made in sorted(chosen.values(), key=lambda made: made.ordinal):
        _put(found, (made.task_id, *aggregate.values(made)), made.outputs or {})
    return found


def _static(plan: Plan, aggregate: Aggregate, run: TaskRun | None, path: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the keys of a path up to the first that can't be known here."""
    keys: list[str] = []
    for item in path:
        key = _value_at(plan, aggregate, run, item.path) if isinstance(item, Dynamic) else item
        if not isinstance(key, str):
            break
        keys.append(key)
    return tuple(keys)


def _value_at(plan: Plan, aggregate: Aggregate, run: TaskRun | None, path: tuple[Any, ...]) -> str | None:
    """Return what `taskrun.value`, `parent.taskrun.value` and the like stand for."""
    if run is None:
        return None
    here: Any = _of_taskrun(plan, aggregate, run)
    for key in path:
        try:
            here = here[key]
        except (KeyError, IndexError, TypeError):
            return None
    return here if isinstance(here, str) else None


def _matching(aggregate: Aggregate, keys: tuple[str, ...]) -> Iterable[TaskRun]:
    """Yield the task runs whose outputs lie on the way of `keys`, or below them."""
    if not keys:
        return aggregate.taskruns.values()
    ids = aggregate.by_task.get(keys[0])
    if ids is None:
        return ()
    any_run = aggregate.taskruns[next(iter(ids.values()))]
    depth = 1 + len(aggregate.values(any_run))
    if len(keys) >= depth:
        found = aggregate.by_path.get(keys[:depth])
        return () if found is None else (aggregate.taskruns[found],)
    runs = (aggregate.taskruns[taskrun_id] for taskrun_id in ids.values())
    return (made for made in runs if aggregate.values(made)[: len(keys) - 1] == keys[1:])


def _put(found: Variables, path: tuple[str, ...], value: Mapping[str, Any]) -> None:
    """Merge a map into the tree at `path`; what comes later wins, maps grow together."""
    here = found
    for key in path:
        here = here.setdefault(key, {})
    _merge(here, value)


def _merge(here: Variables, more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        present = here.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            merged = dict(present)
            _merge(merged, value)
            here[key] = merged
        elif value is not None or key not in here:
            here[key] = value


def millis(date: datetime) -> str:
    """Return a date with three digits of its fraction, as `execution.startDate` shows it."""
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(date: datetime) -> str:
    """Return a date as templates and JSON show it: ISO, UTC, Z, the fraction as needed."""
    return date.isoformat().replace("+00:00", "Z")

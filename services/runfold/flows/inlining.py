"""
Templates brought into a flow that is made ready to run: found, read, and checked against what is there.

Each template is read once however often a flow names it; its tasks are then the same in all
places. A template that can't be used makes its task fail when that runs, and nothing else.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final

from runfold.errors import FlowInvalid
from runfold.flows.flowable.template import FilledTemplate, Template
from runfold.flows.model import PluginDefault
from runfold.flows.template import TemplateDefinition
from runfold.flows.validate import walk

FindTemplate = Callable[[str, str, int | None, Sequence[PluginDefault]], tuple[int, TemplateDefinition] | None]
"""
Finds a template by namespace, id and revision (None: its newest), under the flow's plugin defaults.
Returns its revision with it; None: it is not there. Raises: FlowInvalid, it can't be read any more.
"""

TASKS_MAX: Final = 10_000
"""Tasks that templates may add to one flow."""


def no_templates(*_asked: object) -> None:
    """Find no template: for processes that have none."""


class Inlining:
    """The templates of one flow. `used`: by name, the revision of each that was found."""

    def __init__(self, find: FindTemplate, defaults: Sequence[PluginDefault], wanted: Mapping[str, int] | None) -> None:
        self._find = find
        self._defaults = defaults
        self._wanted = wanted
        self._read: dict[str, TemplateDefinition | str] = {}
        self._owners: dict[str, str] = {}
        """Which template a task came from."""
        self._count = 0
        self.used: dict[str, int] = {}

    def fill(self, task: Template, around: Iterable[Template], known: Container[str]) -> FilledTemplate:
        """
        Return `task` with the tasks of its template, or as one that fails.

        `around`: the Template tasks that it is in; `known`: the ids of the flow's tasks so far.
        """
        name = f"{task.namespace}.{task.template_id}"
        found = self._template(task, name)
        if isinstance(found, str):
            return task.unusable(found)
        if any((above.namespace, above.template_id) == (task.namespace, task.template_id) for above in around):
            return task.unusable(f"The template {name} uses itself")
        ids = [inner.id for inner, _ in (*walk(found.tasks, ()), *walk(found.errors, ()))]
        double = [inner for inner in ids if inner in known and self._owners.get(inner) != name]
        if double:
            return task.unusable(f"Tasks of the template {name} are in the flow already: [{', '.join(double)}]")
        self._owners.update(dict.fromkeys(ids, name))
        return task.filled(found.tasks, found.errors)

    def _template(self, task: Template, name: str) -> TemplateDefinition | str:
        if name not in self._read:
            self._read[name] = self._found(task, name)
        return self._read[name]

    def _found(self, task: Template, name: str) -> TemplateDefinition | str:
        """Return a template, or why it can't be used."""
        if self._wanted is not None and name not in self._wanted:
            return f"There is no template {name}"  # or there was none when the execution began
        revision = None if self._wanted is None else self._wanted[name]
        try:
            found = self._find(task.namespace, task.template_id, revision, self._defaults)
        except FlowInvalid as error:
            return f"The template {name} is not valid: {error}"
        if found is None:
            return f"There is no template {name}"
        self.used[name], template = found
        self._count += sum(1 for _ in (*walk(template.tasks, ()), *walk(template.errors, ())))
        return template if self._count <= TASKS_MAX else f"Templates add more than {TASKS_MAX} tasks to the flow"

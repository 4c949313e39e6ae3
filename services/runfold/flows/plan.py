"""
A flow, compiled once per revision: what the executor asks again and again, answered in O(1).

Made from a validated `Flow`; holds no state of any execution.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runfold.flows.expressions import EVERYTHING, Expressions, Reference
from runfold.flows.flowable.subflow import StartPerBatch
from runfold.flows.flowable.template import Template
from runfold.flows.inlining import FindTemplate, Inlining, no_templates
from runfold.flows.inputs import Encrypt
from runfold.flows.model import Flow
from runfold.flows.task import FlowableTask, RunnableTask, Task, enabled


@dataclass(frozen=True)
class Node:
    """One task of the flow. `parent`: the flowable around it, None at the flow's own level."""

    task: Task
    parent: str | None
    expressions: Expressions

    @cached_property
    def definition(self) -> bytes:
        """The task as a worker reads it: JSON of what the author wrote."""
        return self.task.model_dump_json(by_alias=True, exclude_unset=True).encode()

    @cached_property
    def references(self) -> frozenset[Reference]:
        """What the task's templates read."""
        if _reads_everything(self.task):
            return frozenset({EVERYTHING})
        return self.expressions.references(self.task.model_dump(by_alias=True, exclude_unset=True))

    @property
    def is_flowable(self) -> bool:
        return isinstance(self.task, FlowableTask)

    @property
    def goes_on(self) -> bool:
        """Whether more may follow for a task run of it while it is open: children, or executions to start."""
        return isinstance(self.task, FlowableTask | StartPerBatch)


def _reads_everything(task: Task) -> bool:
    if isinstance(task, FlowableTask):
        return any(_reads_everything(child) for children in task.children().values() for child in children)
    return isinstance(task, RunnableTask) and task.READS_EVERYTHING


FindFlow = Callable[[str, str, int | None], Flow]
"""Finds the flow that a subflow names (None: its newest revision). Raises: NotFound, Conflict."""


@dataclass(frozen=True, slots=True)
class Host:
    """
    What a process gives to all flows that it runs.

    `surroundings`: root variables that are the same everywhere here (`envs`, `globals`).
    `encrypt`: of secret inputs and outputs; None: no key is configured.
    """

    expressions: Expressions
    surroundings: Mapping[str, Any]
    find_flow: FindFlow
    encrypt: Encrypt | None = None
    find_template: FindTemplate = no_templates


class Plan:
    """
    A flow of one revision, ready to run in this process, with the tasks of the templates that it names.

    `templates`: by name, the revision of each that is in it.
    """

    def __init__(self, flow: Flow, revision: int, host: Host, templates: Mapping[str, int] | None = None) -> None:
        """Make `flow` ready. `templates`: the revisions to use; None: the newest of each."""
        self.flow = flow
        self.revision = revision
        self.expressions = host.expressions
        self.surroundings = host.surroundings
        self.find_flow = host.find_flow
        self.encrypt = host.encrypt
        self.nodes: dict[str, Node] = {}
        self._open_templates: list[Template] = []
        self.tasks = enabled(flow.tasks)
        self.errors = enabled(flow.errors)
        self.finally_ = enabled(flow.finally_)
        self.after = enabled(flow.after_execution)
        for tasks in (self.tasks, self.errors, self.finally_, self.after):
            self._add(tasks, None)
        for listener in flow.listeners:
            self._add(listener.tasks, None)
        inlining = Inlining(host.find_template, (*flow.plugin_defaults, *flow.task_defaults), templates)
        self.uses_templates = bool(self._open_templates)
        while self._open_templates:
            self._fill(self._open_templates.pop(0), inlining)
        self.templates: Mapping[str, int] = inlining.used

    def _fill(self, task: Template, inlining: Inlining) -> None:
        """Put the tasks of its template below a Template task."""
        node = self.nodes[task.id]
        around = [above for above in self.ancestors(task.id) if isinstance(above, Template)]
        filled = inlining.fill(task, around, self.nodes)
        self.nodes[task.id] = Node(filled, node.parent, self.expressions)
        for children in filled.children().values():
            self._add([child for child in children if child.id not in self.nodes], task.id)

    def _add(self, tasks: Iterable[Task], parent: str | None) -> None:
        for task in tasks:
            self.nodes[task.id] = Node(task, parent, self.expressions)
            if isinstance(task, Template):
                self._open_templates.append(task)
            if isinstance(task, FlowableTask):
                for children in (*task.children().values(), task.generated()):
                    self._add(children, task.id)

    def ancestors(self, task_id: str) -> list[FlowableTask]:
        """Return the flowables around a task, the closest first."""
        found: list[FlowableTask] = []
        parent = self.nodes[task_id].parent
        while parent is not None:
            node = self.nodes[parent]
            assert isinstance(node.task, FlowableTask)  # noqa: S101 - only those have children
            found.append(node.task)
            parent = node.parent
        return found

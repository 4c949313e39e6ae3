"""Dag: tasks that name those they wait for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from runfold.flows.lanes import LanePerTask
from runfold.flows.schema import Model, Text, rule
from runfold.flows.task import AnyTask, Children, FlowableTask, Lanes


class DagTask(Model):
    """A task and the ids of those that must have ended before it."""

    task: AnyTask
    depends_on: tuple[Text, ...] = ()


class Dag(FlowableTask):
    """Run tasks as soon as those they depend on have ended, at most `concurrent` at a time (0: no limit)."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Dag"

    tasks: tuple[DagTask, ...] = ()
    concurrent: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _acyclic(self) -> Self:
        if not self.tasks:
            raise rule("No task defined")
        needs = {entry.task.id: entry.depends_on for entry in self.tasks}
        unknown = [name for names in needs.values() for name in names if name not in needs]
        if unknown:
            raise rule(f"Not existing task id in dependency: {', '.join(dict.fromkeys(unknown))}")
        cyclic = cycle_in(needs)
        if cyclic:
            raise rule(f"Cyclic dependency detected: {', '.join(cyclic)}")
        return self

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        entries = [entry for entry in self.tasks if not entry.task.disabled]
        present = {entry.task.id for entry in entries}
        waits = tuple(tuple(name for name in entry.depends_on if name in present) for entry in entries)
        return LanePerTask(tuple(entry.task for entry in entries), self.concurrent, waits)

    def children(self) -> Children:
        return {"tasks": tuple(entry.task for entry in self.tasks), **super().children()}


def cycle_in(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the names of one cycle in the order of `needs`, empty when there is none."""
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        members = frozenset(error.args[1])
        return tuple(name for name in needs if name in members)
    return ()

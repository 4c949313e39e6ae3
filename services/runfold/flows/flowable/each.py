"""ForEach, its newer form Loop and its older ones EachSequential and EachParallel: the same tasks once for each value."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from runfold.errors import ExpressionFailed
from runfold.flows.lanes import LanePerPair, LanePerValue
from runfold.flows.schema import as_text, rule
from runfold.flows.task import Children, Entry, Evaluate, FlowableTask, Lanes, Task, Tasks, enabled
from runfold.flows.values import loop_values


def _values(value: object) -> object:
    """Refuse what can be no list of values: a map or nothing at all."""
    value = as_text(value)
    if value is None:
        raise rule("must not be null")
    if not isinstance(value, str | list | tuple):
        raise rule("must be a list, or a text that gives one")
    return value


def _no_outputs(_value: object) -> object:
    raise rule("A Loop gathers no outputs here: read those of its tasks, as `outputs.task[value]`")


Values = Annotated[Any, BeforeValidator(_values)]
"""What a loop goes through: a text (template, JSON), or a list."""


class Each(FlowableTask):
    """What all loops share."""

    tasks: Tasks

    @cached_property
    def enabled_tasks(self) -> tuple[Task, ...]:
        return enabled(self.tasks)

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}


class ForEach(Each):
    """Run the tasks for each value, `concurrencyLimit` values at a time (0: all)."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEach"

    values: Values
    concurrency_limit: int = Field(default=1, ge=0)

    def enter(self, evaluate: Evaluate) -> Entry:
        return Entry(values=loop_values(self.values, evaluate))

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - all from values
        return LanePerValue(self.enabled_tasks, values or (), self.concurrency_limit)


class Loop(Each):
    """
    Run the tasks for each value of a list: ForEach under the name and with the `item` of Kestra 2.

    `item` (value, index from 0) is there at any depth. What Kestra 2 does besides is refused: loops over maps and
    over the lines of a file, and outputs gathered by the loop. Doubles of a value are dropped, as by ForEach.
    """

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Loop"

    values: Values
    concurrency_limit: int = Field(default=1, ge=0)
    outputs: Annotated[Any, BeforeValidator(_no_outputs)] = None

    def enter(self, evaluate: Evaluate) -> Entry:
        return Entry(values=loop_values(self.values, lambda template: _in_memory(evaluate(template))))

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - all from values
        return LanePerValue(self.enabled_tasks, values or (), self.concurrency_limit)


def _in_memory(values: object) -> object:
    """Refuse what only Kestra 2 goes over."""
    if isinstance(values, str) and values.strip().startswith("kestra://"):
        raise ExpressionFailed("A Loop over the lines of a file is not supported: use ForEachItem")
    return values


class EachSequential(Each):
    """Run the tasks for each value, one value after the other."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.EachSequential"
    DEPRECATED: ClassVar[bool] = True

    value: Values

    def enter(self, evaluate: Evaluate) -> Entry:
        return Entry(values=loop_values(self.value, evaluate))

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - all from values
        return LanePerValue(self.enabled_tasks, values or (), 1)


class EachParallel(Each):
    """Run all tasks of all values side by side, at most `concurrent` (0: no limit)."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.EachParallel"
    DEPRECATED: ClassVar[bool] = True

    value: Values
    concurrent: int = Field(default=0, ge=0)

    def enter(self, evaluate: Evaluate) -> Entry:
        return Entry(values=loop_values(self.value, evaluate))

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - all from values
        return LanePerPair(self.enabled_tasks, values or (), self.concurrent)

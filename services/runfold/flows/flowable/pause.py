"""Pause and WaitFor: flowables that let time pass."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from runfold.flows.duration import Duration, DurationText
from runfold.flows.input import AnyInput
from runfold.flows.lanes import one_lane
from runfold.flows.schema import Flag, Model, NonBlank
from runfold.flows.task import Children, Entry, Evaluate, FlowableTask, Lanes, Tasks


class Pause(FlowableTask):
    """Wait for a person, or for `delay`; `tasks` (deprecated) run after that."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Pause"
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ("tasks",)

    delay: DurationText | None = None
    on_resume: tuple[AnyInput, ...] = ()
    tasks: Tasks = ()

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        return one_lane(self.tasks)

    def children(self) -> Children:
        return {**({"tasks": self.tasks} if self.tasks else {}), **super().children()}


class CheckFrequency(Model):
    """How often and how long a WaitFor looks."""

    max_iterations: int | None = Field(default=100, ge=1)
    max_duration: Duration | None = None
    interval: Duration | None = None


class WaitFor(FlowableTask):
    """Run the tasks again and again until the condition holds."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.WaitFor"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.plugin.core.flow.LoopUntil",)

    tasks: Tasks
    condition: NonBlank
    fail_on_max_reached: Flag = False
    check_frequency: CheckFrequency = CheckFrequency()

    def enter(self, evaluate: Evaluate) -> Entry:  # noqa: ARG002 - nothing is rendered before the first round
        return Entry(outputs={"iterationCount": 1})

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        return one_lane(self.tasks)

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}

"""Sequential, and AllowFailure, whose failure is only a warning."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from runfold.flows.lanes import one_lane
from runfold.flows.task import Children, FlowableTask, Lanes, Tasks


class Sequential(FlowableTask):
    """Run the tasks one after another."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Sequential"

    tasks: Tasks

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        return one_lane(self.tasks)

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}


class AllowFailure(Sequential):
    """Run the tasks one after another; if that fails, go on with a warning."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.AllowFailure"
    ENDS_WITH_WARNING: ClassVar[bool] = True

"""Parallel."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import Field

from runfold.flows.lanes import LanePerTask
from runfold.flows.schema import NotEmpty
from runfold.flows.task import Children, FlowableTask, Lanes, Tasks, enabled


class Parallel(FlowableTask):
    """Run the tasks together, at most `concurrent` at a time (0: no limit)."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Parallel"

    tasks: Annotated[Tasks, NotEmpty]
    concurrent: int = Field(default=0, ge=0)

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        return LanePerTask(enabled(self.tasks), self.concurrent)

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}

"""Parallel."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from runfold.flows.lanes import LanePerTask, enabled
from runfold.flows.schema import NotEmpty
from runfold.flows.task import Children, FlowableTask, Lanes, Tasks


class Parallel(FlowableTask):
    """Run the tasks together, at most `concurrent` at a time (0: no limit)."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Parallel"

    tasks: Annotated[Tasks, NotEmpty]
    concurrent: int = Field(default=0, ge=0)

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return LanePerTask(enabled(self.tasks), self.concurrent)

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}

"""WorkingDirectory: children that share one directory on one worker."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import model_validator

from runfold.flows.duration import Duration
from runfold.flows.lanes import LanePerTask
from runfold.flows.schema import Flag, Model, Text, rule
from runfold.flows.task import Children, FlowableTask, Lanes, RunnableTask, Tasks, enabled


class Cache(Model):
    """Files kept from one execution to the next."""

    ttl: Duration | None = None
    patterns: tuple[Text, ...] = ()


class NamespaceFiles(Model):
    """Which files of the namespace are put into the directory."""

    enabled: Flag = True
    namespaces: tuple[Text, ...] = ()
    include: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()


class WorkingDirectory(FlowableTask):
    """Run the tasks one after another in one directory; the whole of it is one worker's job."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.WorkingDirectory"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.tasks.flows.Worker",)

    tasks: Tasks = ()
    cache: Cache | None = None
    namespace_files: NamespaceFiles | None = None
    input_files: Any = None
    output_files: Any = None

    @model_validator(mode="after")
    def _children_run_on_workers(self) -> Self:
        if not self.tasks:
            raise rule("The 'tasks' property cannot be empty")
        if not all(isinstance(task, RunnableTask) for task in self.tasks):
            raise rule("Only runnable tasks are allowed as children of a WorkingDirectory task")
        if any(task.worker_group is not None for task in self.tasks):
            only = "it is only supported at the WorkingDirectory level"
            raise rule(f"Cannot set a Worker Group in any WorkingDirectory sub-tasks, {only}")
        return self

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        # The worker decides what follows what: to the engine each task is a lane of its own.
        return LanePerTask(enabled(self.tasks))

    def children(self) -> Children:
        return {"tasks": self.tasks, **super().children()}

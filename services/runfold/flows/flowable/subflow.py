"""Subflow and ForEachItem: tasks that start executions of other flows."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from runfold.flows.label import Labels
from runfold.flows.lanes import one_lane
from runfold.flows.schema import Flag, Model, NonBlank, Text
from runfold.flows.task import FlowableTask, Lanes, RunnableTask, StartsFlow, Task


class CallsFlow(StartsFlow):
    """What a task says about the executions that it starts."""

    inputs: dict[str, Any] | None = None
    labels: Labels = ()
    wait: Flag = True
    transmit_failed: Flag = True
    inherit_labels: Flag = False
    schedule_date: Text | None = None


class Subflow(CallsFlow, Task):
    """Start an execution of another flow, and mostly wait for it."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Subflow"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.tasks.flows.Subflow", "io.kestra.core.tasks.flows.Flow")
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ("outputs",)

    outputs: dict[str, Any] | None = None

    def outputs_of(self, child: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it gives of the end of its child: `executionId`, `state`, and `outputs` if there are any."""
        return dict(child)


class Batch(Model):
    """How a file is cut into batches."""

    rows: Text | None = None
    bytes: Text | None = None
    partitions: Text | None = None
    separator: Text = "\n"


class SplitItems(RunnableTask):
    """The first step of a ForEachItem: cut the file into batches."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemSplit"

    items: Text
    batch: Batch = Batch()


class StartPerBatch(CallsFlow, Task):
    """The second step of a ForEachItem: an execution for each batch. The executor runs it."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemExecutable"

    split_id: Text
    """The task whose outputs tell the batches."""


class MergeOutputs(RunnableTask):
    """The last step of a ForEachItem: put the outputs of all executions into one file."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemMergeOutputs"

    items_id: Text
    """The task whose outputs tell where those outputs are."""

    reads: Text
    """A template that is never rendered: it makes the executor send those outputs along."""


class ForEachItem(CallsFlow, FlowableTask):
    """Start an execution of another flow for each batch of a file's items, by three steps of its own."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEachItem"

    items: NonBlank
    batch: Batch = Batch()

    @cached_property
    def steps(self) -> tuple[Task, ...]:
        """The steps: split, start, merge."""
        split, items, merge = (f"{self.id}_{step}" for step in ("split", "items", "merge"))
        own = {name: getattr(self, name) for name in ("worker_group", "log_level", "log_to_file")}
        written = {name: value for name, value in own.items() if name in self.model_fields_set}
        calls = {name: getattr(self, name) for name in CallsFlow.model_fields}
        # What is in here has been checked as part of the ForEachItem.
        return (
            SplitItems.model_construct(id=split, type=SplitItems.TYPE, items=self.items, batch=self.batch, **written),
            StartPerBatch.model_construct(id=items, type=StartPerBatch.TYPE, split_id=split, **calls),
            MergeOutputs.model_construct(
                id=merge,
                type=MergeOutputs.TYPE,
                items_id=items,
                reads=f"{{{{ outputs['{items}'] }}}}",
                **written,
            ),
        )

    def generated(self) -> tuple[Task, ...]:
        return self.steps

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return self._lanes

    @cached_property
    def _lanes(self) -> Lanes:
        return one_lane(self.steps)

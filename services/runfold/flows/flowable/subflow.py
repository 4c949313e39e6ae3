"""Subflow, ForEachItem and Template: tasks that take their work from somewhere else."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from runfold.flows.label import Labels
from runfold.flows.lanes import one_lane
from runfold.flows.schema import Flag, Model, NonBlank, Text, as_text
from runfold.flows.task import FlowableTask, Lanes, StartsFlow, Task


class Subflow(StartsFlow, Task):
    """Start an execution of another flow, and mostly wait for it."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Subflow"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.tasks.flows.Subflow", "io.kestra.core.tasks.flows.Flow")
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ("outputs",)

    inputs: dict[str, Any] | None = None
    labels: Labels = ()
    wait: Flag = True
    transmit_failed: Flag = True
    inherit_labels: Flag = False
    schedule_date: Text | None = None
    outputs: dict[str, Any] | None = None


class Batch(Model):
    """How a file is cut into batches."""

    rows: Text | None = None
    bytes: Text | None = None
    partitions: Text | None = None
    separator: Text = "\n"


class ForEachItem(StartsFlow, FlowableTask):
    """Start an execution of another flow for each batch of a file's items."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.ForEachItem"

    items: NonBlank
    batch: Batch = Batch()
    inputs: dict[str, Any] | None = None
    labels: Labels = ()
    wait: Flag = True
    transmit_failed: Flag = True
    inherit_labels: Flag = False
    schedule_date: Text | None = None

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - its steps are no tasks of the flow
        return one_lane(())


class Template(FlowableTask):
    """Run the tasks of a stored template; deprecated."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Template"
    DEPRECATED: ClassVar[bool] = True

    namespace: NonBlank
    template_id: NonBlank
    args: dict[str, Annotated[Any, BeforeValidator(as_text)]] | None = None

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - the tasks are not known here
        return one_lane(())

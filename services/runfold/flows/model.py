"""
The flow, as validated: every key of its top level.

Rules over several keys are in `validate.py`; they need a flow whose parts are right.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, PositiveInt, SerializeAsAny

from runfold.flows.condition import AnyCondition
from runfold.flows.duration import Duration
from runfold.flows.input import AnyInput, InputType
from runfold.flows.label import FlowLabels, Labels
from runfold.flows.retry import Retry
from runfold.flows.schema import DottedId, Flag, FlowId, Model, Namespace, NonBlank, NotEmpty, Text, by_type
from runfold.flows.task import Tasks
from runfold.flows.trigger import AnyTrigger


class Full(StrEnum):
    """What happens to an execution above the limit."""

    QUEUE = "QUEUE"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


class Concurrency(Model):
    """How many executions of the flow may run at once."""

    limit: PositiveInt
    behavior: Full = Full.QUEUE


class Violated(StrEnum):
    """What happens to an execution that breaks its promise."""

    FAIL = "FAIL"
    CANCEL = "CANCEL"
    NONE = "NONE"


class SlaBase(Model):
    """What all promises have."""

    id: Annotated[Text, NotEmpty]
    behavior: Violated
    labels: Labels = ()


class MaxDuration(SlaBase):
    """The execution ends in time."""

    type: Literal["MAX_DURATION"]
    duration: Duration


class ExecutionAssertion(SlaBase):
    """The expression holds at every event."""

    type: Literal["EXECUTION_ASSERTION"]
    assertion: NonBlank = Field(validation_alias=AliasChoices("assert"), serialization_alias="assert")


Sla = Annotated[
    SerializeAsAny[SlaBase],
    by_type({"MAX_DURATION": MaxDuration, "EXECUTION_ASSERTION": ExecutionAssertion}),
]
"""A promise of whatever kind its map names."""


class PluginDefault(Model):
    """Values for all plugins whose type is, or begins with, `type`."""

    type: Text
    forced: Flag = False
    values: dict[str, Any] | None = None


class Listener(Model):
    """Tasks that run after the end of an execution; deprecated."""

    description: Text | None = None
    conditions: tuple[AnyCondition, ...] = ()
    tasks: Annotated[Tasks, NotEmpty]


class Output(Model):
    """What an execution of the flow leaves behind."""

    id: DottedId
    type: InputType
    value: Any
    description: Text | None = None
    display_name: Text | None = None
    item_type: InputType | None = None


class Flow(Model):
    """A flow that could run."""

    id: FlowId
    namespace: Namespace
    tenant_id: Annotated[Text, Field(pattern="^[a-z0-9][a-z0-9_-]*$")] | None = None
    revision: int | None = Field(default=None, ge=1)
    description: Text | None = None
    labels: FlowLabels = ()
    inputs: tuple[AnyInput, ...] = ()
    variables: dict[str, Any] | None = None
    tasks: Annotated[Tasks, NotEmpty]
    errors: Tasks = ()
    finally_: Tasks = Field(default=(), validation_alias=AliasChoices("finally"), serialization_alias="finally")
    after_execution: Tasks = ()
    listeners: tuple[Listener, ...] = ()
    triggers: tuple[AnyTrigger, ...] = ()
    plugin_defaults: tuple[PluginDefault, ...] = ()
    task_defaults: tuple[PluginDefault, ...] = ()
    concurrency: Concurrency | None = None
    outputs: tuple[Output, ...] = ()
    retry: Retry | None = None
    sla: tuple[Sla, ...] = ()
    disabled: Flag = False
    deleted: Flag = False

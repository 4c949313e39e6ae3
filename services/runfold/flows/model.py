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
    """How many."""
    behavior: Full = Full.QUEUE
    """What happens to an execution above the limit."""


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
    """A type, or the beginning of the types that are meant."""
    forced: Flag = False
    """Take them even where the plugin says otherwise."""
    values: dict[str, Any] | None = None
    """The properties and their values."""


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
    """Unique in its namespace."""
    namespace: Namespace
    """Where the flow belongs, such as `company.team`."""
    tenant_id: Annotated[Text, Field(pattern="^[a-z0-9][a-z0-9_-]*$")] | None = None
    """Given by the server."""
    revision: int | None = Field(default=None, ge=1)
    """Given by the server: a change makes the next one."""
    description: Text | None = None
    """For people; Markdown."""
    labels: FlowLabels = ()
    """Of the flow and of its executions."""
    inputs: tuple[AnyInput, ...] = ()
    """What a person or a program gives to an execution: `{{ inputs.<id> }}`."""
    variables: dict[str, Any] | None = None
    """Values for templates: `{{ vars.<name> }}`; may be templates themselves."""
    tasks: Annotated[Tasks, NotEmpty]
    """What runs, one after another."""
    errors: Tasks = ()
    """Tasks that run when a task has failed."""
    finally_: Tasks = Field(default=(), validation_alias=AliasChoices("finally"), serialization_alias="finally")
    """Tasks that run at the end, whatever the result."""
    after_execution: Tasks = ()
    """Tasks that run when the execution has ended and its state is known."""
    listeners: tuple[Listener, ...] = ()
    """Deprecated: use `afterExecution`, or a Flow trigger."""
    triggers: tuple[AnyTrigger, ...] = ()
    """What starts executions without a person."""
    plugin_defaults: tuple[PluginDefault, ...] = ()
    """Values for all tasks, triggers and conditions of a type."""
    task_defaults: tuple[PluginDefault, ...] = ()
    """The old name of `pluginDefaults`."""
    concurrency: Concurrency | None = None
    """How many executions may run at once."""
    outputs: tuple[Output, ...] = ()
    """What an execution leaves behind for others."""
    retry: Retry | None = None
    """When and how often a failed execution is tried again."""
    sla: tuple[Sla, ...] = ()
    """Promises, and what happens when they are broken."""
    disabled: Flag = False
    """Start no executions."""
    deleted: Flag = False
    """Given by the server."""

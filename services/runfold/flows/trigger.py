"""Triggers, as written: what starts executions without a person. The services evaluate them."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, Field, PlainValidator, SerializeAsAny, ValidationInfo, model_validator

from runfold.flows.condition import AnyCondition
from runfold.flows.cron import check_cron, check_timezone
from runfold.flows.duration import Duration
from runfold.flows.label import Labels
from runfold.flows.schema import Flag, Model, NotEmpty, TaskId, Text, any_of_kind, rule
from runfold.flows.task import Level, Plugin, TaskTypes, WorkerGroup, choose
from runfold.flows.temporal import Instant
from runfold.flows.window import TimeWindow

KEY_LENGTH_MAX = 256
"""Of a webhook's key, as characters."""


class Trigger(Plugin):
    """What all triggers have."""

    id: TaskId
    """Unique among the flow's triggers."""
    description: Text | None = None
    """For people."""
    conditions: tuple[AnyCondition, ...] = ()
    """All of them must hold."""
    disabled: Flag = False
    """Start nothing."""
    worker_group: WorkerGroup | None = None
    """Which workers may look for it."""
    log_level: Level | None = None
    """Log lines below this level are not kept."""
    min_log_level: Level | None = None
    """An older name of `logLevel`."""
    log_to_file: Flag = False
    """Keep the log in a file."""
    labels: Labels = ()
    """Of the executions that it starts."""
    stop_after: tuple[Text, ...] = ()
    """States of an execution after which it is disabled."""


def _trigger(value: object, info: ValidationInfo) -> Plugin:
    return choose(value, info, Trigger, TRIGGER_TYPES)


AnyTrigger = Annotated[SerializeAsAny[Trigger], PlainValidator(_trigger), any_of_kind("trigger")]
"""A trigger of whatever type its map names."""

Timezone = Annotated[Text, AfterValidator(check_timezone)]


class Missed(StrEnum):
    """Which of the dates missed while the scheduler was away are made up for."""

    ALL = "ALL"
    LAST = "LAST"
    NONE = "NONE"


class Schedule(Trigger):
    """At the dates of a cron expression."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.trigger.Schedule"

    cron: Text
    with_seconds: Flag = False
    timezone: Timezone | None = None
    inputs: dict[str, Any] | None = None
    late_maximum_delay: Duration | None = None
    recover_missed_schedules: Missed | None = None
    schedule_conditions: tuple[AnyCondition, ...] = ()
    backfill: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _cron(self) -> Self:
        check_cron(self.cron, with_seconds=self.with_seconds)
        return self


class ScheduleOnDates(Trigger):
    """At each of the dates."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.trigger.ScheduleOnDates"

    dates: Annotated[tuple[Instant, ...], NotEmpty]
    timezone: Timezone | None = None
    inputs: dict[str, Any] | None = None
    recover_missed_schedules: Missed | None = None


class Webhook(Trigger):
    """By a call of its URL."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.trigger.Webhook"

    key: Annotated[Text, NotEmpty, Field(max_length=KEY_LENGTH_MAX)]
    inputs: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _single_conditions(self) -> Self:
        if any(type(condition).__name__ == "MultipleCondition" for condition in self.conditions):
            raise rule("invalid webhook: conditions of type MultipleCondition are not supported")
        return self


class Operand(StrEnum):
    """How several filters are taken together."""

    AND = "AND"
    OR = "OR"


class FilterField(StrEnum):
    """What a filter looks at."""

    FLOW_ID = "FLOW_ID"
    NAMESPACE = "NAMESPACE"
    STATE = "STATE"
    EXPRESSION = "EXPRESSION"


class FilterType(StrEnum):
    """How a filter compares."""

    EQUAL_TO = "EQUAL_TO"
    NOT_EQUAL_TO = "NOT_EQUAL_TO"
    IN = "IN"
    NOT_IN = "NOT_IN"
    IS_TRUE = "IS_TRUE"
    IS_FALSE = "IS_FALSE"
    IS_NULL = "IS_NULL"
    IS_NOT_NULL = "IS_NOT_NULL"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    REGEX = "REGEX"
    CONTAINS = "CONTAINS"


_OF_LISTS: Final = frozenset({FilterType.IN, FilterType.NOT_IN})
_OF_NOTHING: Final = frozenset({FilterType.IS_TRUE, FilterType.IS_FALSE, FilterType.IS_NULL, FilterType.IS_NOT_NULL})


class Filter(Model):
    """One comparison; `value` or `values`, as its type needs."""

    field: FilterField
    type: FilterType
    value: Text | None = None
    values: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        if self.type in _OF_LISTS:
            _need(self.type, "values", bool(self.values))
            _refuse(self.type, "value", self.value is not None)
        else:
            if self.type not in _OF_NOTHING:
                _need(self.type, "value", self.value is not None)
            _refuse(self.type, "values", bool(self.values))
        return self


def _need(kind: FilterType, name: str, given: bool) -> None:  # noqa: FBT001 - one line of a table
    if not given:
        raise rule(f"`{name}` cannot be null for type {kind}")


def _refuse(kind: FilterType, name: str, given: bool) -> None:  # noqa: FBT001 - as above
    if given:
        raise rule(f"`{name}` can't be set for type {kind}")


class Where(Model):
    """Filters that an execution must pass."""

    id: TaskId
    operand: Operand = Operand.AND
    filters: Annotated[tuple[Filter, ...], NotEmpty]


class UpstreamFlow(Model):
    """A flow whose execution is waited for."""

    namespace: Text
    flow_id: Text | None = None
    states: tuple[Text, ...] = ()
    labels: dict[str, Any] | None = None


class Preconditions(Model):
    """Executions that must all have happened within a window."""

    id: TaskId
    time_window: TimeWindow | None = None
    reset_on_success: Flag = True
    flows: tuple[UpstreamFlow, ...] = ()
    where: tuple[Where, ...] = ()


class FlowTrigger(Trigger):
    """When executions of other flows change state."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.trigger.Flow"

    inputs: dict[str, Any] | None = None
    states: tuple[Text, ...] = ()
    preconditions: Preconditions | None = None


class HttpTrigger(Trigger):
    """When a URL that is asked again and again answers as expected."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.http.Trigger"

    interval: Duration | None = None
    uri: Text
    method: Text = "GET"
    body: Any = None
    form_data: Any = None
    content_type: Text | None = None
    headers: Any = None
    params: Any = None
    options: dict[str, Any] | None = None
    ssl_options: dict[str, Any] | None = None
    response_condition: Text = "{{ response.statusCode < 400 }}"
    encrypt_body: Flag = False


TRIGGERS: Final[tuple[type[Trigger], ...]] = (Schedule, ScheduleOnDates, Webhook, FlowTrigger, HttpTrigger)

TRIGGER_TYPES: Final = TaskTypes.of(*TRIGGERS)

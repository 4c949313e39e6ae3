"""Conditions of triggers and listeners, as written. Whether they hold is decided where triggers are evaluated."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, PlainValidator, SerializeAsAny, ValidationInfo

from runfold.flows.duration import Duration
from runfold.flows.label import WantedLabels
from runfold.flows.schema import Flag, NonBlank, NotEmpty, TaskId, Text, any_of_kind
from runfold.flows.task import Plugin, TaskTypes, choose
from runfold.flows.temporal import Instant
from runfold.flows.window import TimeWindow

_PACKAGE = "io.kestra.plugin.core.condition"


class Condition(Plugin):
    """Something that must hold."""


def _condition(value: object, info: ValidationInfo) -> Plugin:
    return choose(value, info, Condition, CONDITION_TYPES)


AnyCondition = Annotated[SerializeAsAny[Condition], PlainValidator(_condition), any_of_kind("condition")]
"""A condition of whatever type its map names."""


class Day(StrEnum):
    """Of the week."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class DayInMonth(StrEnum):
    """Which of the days of that name."""

    FIRST = "FIRST"
    SECOND = "SECOND"
    THIRD = "THIRD"
    FOURTH = "FOURTH"
    LAST = "LAST"


class Comparison(StrEnum):
    """Of namespaces."""

    EQUALS = "EQUALS"
    PREFIX = "PREFIX"
    SUFFIX = "SUFFIX"


class DateTimeBetween(Condition):
    """The date lies strictly between two instants."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.DateTimeBetween"

    date: Text = "{{ trigger.date }}"
    after: Instant | None = None
    before: Instant | None = None


class DayWeek(Condition):
    """The date is that day of the week."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.DayWeek"

    date: Text = "{{ trigger.date }}"
    day_of_week: Day


class DayWeekInMonth(Condition):
    """The date is, say, the first Monday of its month."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.DayWeekInMonth"

    date: Text = "{{ trigger.date }}"
    day_of_week: Day
    day_in_month: DayInMonth


class Weekend(Condition):
    """The date is a Saturday or Sunday."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.Weekend"

    date: Text = "{{ trigger.date }}"


class TimeBetween(Condition):
    """The time of day lies strictly between two."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.TimeBetween"

    date: Text = "{{ trigger.date }}"
    after: Text | None = None
    before: Text | None = None


class PublicHoliday(Condition):
    """The date is a public holiday."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.PublicHoliday"

    date: Text = "{{ trigger.date }}"
    country: Text | None = None
    sub_division: Text | None = None


class Not(Condition):
    """None of the conditions holds."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.Not"

    conditions: Annotated[tuple[AnyCondition, ...], NotEmpty]


class Or(Condition):
    """One of the conditions holds."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.Or"

    conditions: Annotated[tuple[AnyCondition, ...], NotEmpty]


class Expression(Condition):
    """The expression gives neither nothing nor `false`."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.Expression"

    expression: NonBlank


class ExecutionFlow(Condition):
    """The execution is of that flow."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.ExecutionFlow"

    namespace: NonBlank
    flow_id: NonBlank


class ExecutionNamespace(Condition):
    """The execution is of that namespace."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.ExecutionNamespace"

    namespace: NonBlank
    comparison: Comparison | None = None
    prefix: Flag = False


class ExecutionLabels(Condition):
    """The execution has those labels."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.ExecutionLabels"

    labels: WantedLabels


class ExecutionStatus(Condition):
    """The execution is in one of these states, and in none of those."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.ExecutionStatus"

    in_: tuple[Text, ...] = Field(default=(), alias="in")
    not_in: tuple[Text, ...] = ()


class ExecutionOutputs(Condition):
    """The expression over the outputs holds."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.ExecutionOutputs"

    expression: NonBlank


class HasRetryAttempt(Condition):
    """A task run has an attempt in one of these states."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.HasRetryAttempt"

    in_: tuple[Text, ...] = Field(default=(), alias="in")
    not_in: tuple[Text, ...] = ()


class FlowCondition(Condition):
    """The flow is that one; deprecated."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.FlowCondition"
    DEPRECATED: ClassVar[bool] = True

    namespace: NonBlank
    flow_id: NonBlank


class FlowNamespaceCondition(Condition):
    """The flow is of that namespace; deprecated."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.FlowNamespaceCondition"
    DEPRECATED: ClassVar[bool] = True

    namespace: NonBlank
    prefix: Flag = False


class MultipleCondition(Condition):
    """Several executions, each fitting a condition, within a window of time."""

    TYPE: ClassVar[str] = f"{_PACKAGE}.MultipleCondition"

    id: TaskId
    time_window: TimeWindow | None = None
    window: Duration | None = None
    window_advance: Duration | None = None
    reset_on_success: Flag = True
    conditions: dict[Text, AnyCondition]


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    DateTimeBetween,
    DayWeek,
    DayWeekInMonth,
    Weekend,
    TimeBetween,
    PublicHoliday,
    Not,
    Or,
    Expression,
    ExecutionFlow,
    ExecutionNamespace,
    ExecutionLabels,
    ExecutionStatus,
    ExecutionOutputs,
    HasRetryAttempt,
    FlowCondition,
    FlowNamespaceCondition,
    MultipleCondition,
)

CONDITION_TYPES: Final = TaskTypes.of(*CONDITIONS)

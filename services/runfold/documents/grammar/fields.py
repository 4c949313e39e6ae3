"""
What a query may ask for, per kind of document: the one table of its fields.

The parser, the list for completion and the page about searching are made from it. A
field's sort of value says how it is written and compared, so no field is a case of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from runfold.documents.grammar.tree import FREE_TEXT, Op
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.project import LEVELS
from runfold.execution.state import State


class ValueType(StrEnum):
    """What kind of value a field has."""

    WORDS = "words"
    NAME = "name"
    PATH = "path"
    CHOICE = "choice"
    NUMBER = "number"
    DECIMAL = "decimal"
    DURATION = "duration"
    DATE = "date"
    AGE = "age"
    FLAG = "flag"
    MAP = "map"


_COMPARED: Final = (Op.GREATER, Op.AT_LEAST, Op.LESS, Op.AT_MOST, Op.RANGE)
_WHOLE: Final = (Op.IS, Op.HAS)

OPERATORS: Final[Mapping[ValueType, tuple[Op, ...]]] = MappingProxyType(
    {
        ValueType.WORDS: _WHOLE,
        ValueType.NAME: _WHOLE,
        ValueType.PATH: _WHOLE,
        ValueType.CHOICE: _WHOLE,
        ValueType.NUMBER: (*_WHOLE, *_COMPARED),
        ValueType.DECIMAL: (*_WHOLE, *_COMPARED),
        ValueType.DURATION: (*_WHOLE, *_COMPARED),
        ValueType.DATE: (*_WHOLE, *_COMPARED),
        ValueType.AGE: _COMPARED,
        ValueType.FLAG: (Op.IS,),
        ValueType.MAP: _WHOLE,
    }
)


@dataclass(frozen=True, slots=True)
class QueryField:
    """
    One field that a query may name.

    `stored`: the document's fields that it reads, of which one is enough. `choices`: the only
    values, if they are few; `ranks`: the document's field with their place in `choices`, if they
    have an order. `presence`: whose being there `:*` asks for, if not that of `stored`.
    """

    name: str
    type: ValueType
    stored: tuple[str, ...]
    description: str
    examples: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    ranks: str | None = None
    presence: str | None = None

    @property
    def operators(self) -> tuple[Op, ...]:
        return (*OPERATORS[self.type], *(_COMPARED if self.ranks else ()))

    def sorted_by(self, kind: Kind) -> str | None:
        """Return the document's field to sort by; None: it has no order."""
        first = self.ranks or self.stored[0]
        is_single = FIELDS[kind][first] not in {FieldType.TEXT, FieldType.FLATTENED, FieldType.STORED}
        return first if is_single and (len(self.stored) == 1 or self.type is ValueType.DATE) else None


V = ValueType

_NAMESPACE: Final = QueryField(
    "namespace",
    V.PATH,
    ("namespace",),
    "Namespace: just this one; with `.*` this one and all below it",
    ("namespace:company.team", "namespace:company.*"),
    ("ns",),
)
_FLOW: Final = QueryField("flow", V.NAME, ("flowId",), "Id of the flow", ("flow:orders", "flow:load-*"), ("flowId",))
_REVISION: Final = QueryField(
    "revision", V.NUMBER, ("flowRevision",), "Revision of the flow", ("revision:>=3",), ("flowRevision",)
)
_STATE: Final = QueryField(
    "state",
    V.CHOICE,
    ("state",),
    "Present state, in either case",
    ("state:FAILED,WARNING", "-state:success"),
    choices=tuple(State),
)
_SINCE: Final = QueryField(
    "since", V.DATE, ("stateSince",), "When it came into its present state", ("since:<-1h",), ("stateSince",)
)
_IN_STATE: Final = QueryField(
    "in-state",
    V.AGE,
    ("stateSince",),
    "How long it has been in its present state",
    ("in-state:>10m", "state:RUNNING in-state:1h..2h"),
    ("inState",),
)
_START: Final = QueryField(
    "start", V.DATE, ("startDate",), "When it was created", ("start:>-24h", "start:2024-12-05"), ("startDate",)
)
_END: Final = QueryField("end", V.DATE, ("endDate",), "When it ended", ("end:today",), ("endDate",))
_DURATION: Final = QueryField(
    "duration",
    V.DURATION,
    ("durationMs",),
    "From its start to its end, waiting included; only what has ended has one",
    ("duration:>10s", "duration:1m30s..PT1H"),
    ("durationMs",),
)
_LABEL: Final = QueryField(
    "label",
    V.MAP,
    ("labels",),
    "Labels of the execution: a key, or a key with its value",
    ("label:env=prod,test", "-label:team"),
    ("labels",),
)
_OUTPUT: Final = QueryField(
    "output",
    V.MAP,
    ("outputs",),
    "Outputs, by dotted path; values are compared as text",
    ("output:uri", "output.code=200"),
    ("outputs",),
)
_STARTED_BY: Final = QueryField(
    "started-by",
    V.NAME,
    ("triggerExecutionId",),
    "Id of the execution whose task or end started this one; `:*`: any",
    ("started-by:*",),
    ("triggerExecutionId", "startedBy"),
)


def _words(description: str, *examples: str) -> QueryField:
    return QueryField(FREE_TEXT, V.WORDS, ("text",), description, examples, ("q",), presence="id")


def _id(what: str) -> QueryField:
    return QueryField("id", V.NAME, ("id",), f"Id of the {what}", ("id:3fT9*",))


_TASKRUN: Final = (
    _words("Words of its ids, namespace, value, labels, outputs and error", "orders", 'text:"monthly report"'),
    _NAMESPACE,
    _FLOW,
    _REVISION,
    QueryField("task", V.NAME, ("taskId",), "Id of the task", ("task:extract",), ("taskId",)),
    QueryField("type", V.NAME, ("taskType",), "Type of the task", ("type:io.kestra.plugin.core.log.*",), ("taskType",)),
    _STATE,
    _IN_STATE,
    _SINCE,
    _LABEL,
    QueryField("value", V.NAME, ("value",), "Value of a loop's turn", ('value:"2024-12-05"', "value:eu-*")),
    QueryField("iteration", V.NUMBER, ("iteration",), "Number of a loop's turn, from 0", ("iteration:0..9",)),
    QueryField(
        "attempts", V.NUMBER, ("attemptCount",), "How often it was tried", ("attempts:>1",), ("attempt", "attemptCount")
    ),
    _DURATION,
    QueryField(
        "queue", V.DURATION, ("queueMs",), "How long it waited until it first ran", ("queue:>1m",), ("queueMs",)
    ),
    QueryField("run", V.DURATION, ("runMs",), "From its first running to its end", ("run:250ms..2s",), ("runMs",)),
    _START,
    QueryField("ran", V.DATE, ("runningDate",), "When it first ran", ("ran:>now-15m",), ("runningDate",)),
    _END,
    QueryField(
        "date",
        V.DATE,
        ("startDate", "endDate"),
        "Start or end: one of them is enough",
        ("date:2024-12-01..2024-12-05",),
    ),
    QueryField(
        "error",
        V.WORDS,
        ("errorText",),
        "Words of the error; `:*`: there is one",
        ('error:"timed out"', "-error:*"),
        presence="error",
    ),
    QueryField(
        "fingerprint",
        V.NAME,
        ("errorFingerprint",),
        "Which errors are the same but for numbers and names",
        ("fingerprint:3b0c9d5e7f1a2b4c",),
        ("errorFingerprint",),
    ),
    QueryField(
        "input",
        V.MAP,
        ("inputs",),
        "What the task was given, after rendering: its properties, by dotted path; values are compared as text",
        ("input:uri=https://example.com/a", "input.method=POST"),
        ("inputs",),
    ),
    _OUTPUT,
    QueryField(
        "metric",
        V.MAP,
        ("metrics",),
        "Measurements, by name; numbers are compared as such",
        ("metric:rows", "metric:rows=100"),
        ("metrics",),
    ),
    QueryField("worker", V.NAME, ("workerId",), "Id of the worker that ran it last", ("worker:w1",), ("workerId",)),
    _id("task run"),
    QueryField("execution", V.NAME, ("executionId",), "Id of the execution", ("execution:5sW2*",), ("executionId",)),
    QueryField(
        "parent",
        V.NAME,
        ("parentTaskRunId",),
        "Id of the task run that it stands under; `:*`: any",
        ("-parent:*",),
        ("parentTaskRunId",),
    ),
    QueryField(
        "started-by",
        V.NAME,
        ("triggerExecutionId",),
        "Id of the execution that started this one's execution; `:*`: any",
        ("started-by:*",),
        ("triggerExecutionId", "startedBy", "trigger"),
    ),
    QueryField(
        "slowdown",
        V.DECIMAL,
        ("slowdown",),
        "Run time in relation to what 95 of 100 runs of this task take at most; ended ones only",
        ("slowdown:>2",),
    ),
    QueryField(
        "baseline",
        V.DURATION,
        ("baselineMs",),
        "What 95 of 100 runs of this task take at most",
        ("baseline:>1m",),
        ("baselineMs",),
    ),
    QueryField("overdue", V.FLAG, ("overdueAt",), "Runs longer than 95 of 100 runs of this task did", ("overdue:yes",)),
)

_EXECUTION: Final = (
    _words("Words of its ids, namespace, trigger, labels, inputs and outputs", "orders", 'text:"monthly report"'),
    _NAMESPACE,
    _FLOW,
    _REVISION,
    _STATE,
    _IN_STATE,
    _SINCE,
    _LABEL,
    _DURATION,
    _START,
    _END,
    QueryField(
        "date",
        V.DATE,
        ("startDate", "endDate"),
        "Start or end: one of them is enough",
        ("date:2024-12-01..2024-12-05",),
    ),
    QueryField(
        "input",
        V.MAP,
        ("inputs",),
        "Inputs, by dotted path; values are compared as text",
        ("input:country=de", "input.order.id=17"),
        ("inputs",),
    ),
    _OUTPUT,
    QueryField(
        "taskruns", V.NUMBER, ("taskRunCount",), "How many task runs it has", ("taskruns:>1000",), ("taskRunCount",)
    ),
    _id("execution"),
    QueryField(
        "parent",
        V.NAME,
        ("parentId",),
        "Id of the execution that it was replayed from; `:*`: any",
        ("parent:*",),
        ("parentId",),
    ),
    QueryField(
        "original",
        V.NAME,
        ("originalId",),
        "Id of the first execution of a row of replays",
        ("original:5sW2*",),
        ("originalId",),
    ),
    QueryField(
        "trigger",
        V.NAME,
        ("triggerId",),
        "Id of the trigger that started it; `:*`: any",
        ("trigger:nightly",),
        ("triggerId",),
    ),
    QueryField(
        "trigger-type",
        V.NAME,
        ("triggerType",),
        "Type of the trigger that started it",
        ("trigger-type:io.kestra.plugin.core.trigger.Schedule",),
        ("triggerType",),
    ),
    _STARTED_BY,
)

_LOG: Final = (
    _words("Words of the message, the task's id and the thread", "refused", 'text:"connection refused"'),
    QueryField(
        "level",
        V.CHOICE,
        ("level",),
        "Level, in either case; the graver one is the greater one",
        ("level:>=WARN", "level:ERROR"),
        choices=LEVELS,
        ranks="levelNumber",
    ),
    QueryField(
        "date", V.DATE, ("timestamp",), "When it was written", ("date:>-1h",), ("timestamp", "start", "startDate")
    ),
    _NAMESPACE,
    _FLOW,
    QueryField("execution", V.NAME, ("executionId",), "Id of the execution", ("execution:5sW2*",), ("executionId",)),
    QueryField("task", V.NAME, ("taskId",), "Id of the task", ("task:extract",), ("taskId",)),
    QueryField("taskrun", V.NAME, ("taskRunId",), "Id of the task run", ("taskrun:3fT9*",), ("taskRunId",)),
    QueryField(
        "attempt",
        V.NUMBER,
        ("attemptNumber",),
        "Number of the attempt, from 0",
        ("attempt:0",),
        ("attemptNumber", "attempts"),
    ),
    QueryField("trigger", V.NAME, ("triggerId",), "Id of the trigger", ("trigger:nightly",), ("triggerId",)),
)

QUERY_FIELDS: Final[Mapping[Kind, Sequence[QueryField]]] = MappingProxyType(
    {Kind.TASKRUNS: _TASKRUN, Kind.EXECUTIONS: _EXECUTION, Kind.LOGS: _LOG}
)
"""Every field that a query may name, per kind that can be searched so."""

BY_NAME: Final[Mapping[Kind, Mapping[str, QueryField]]] = MappingProxyType(
    {
        kind: MappingProxyType({name.lower(): each for each in fields for name in (each.name, *each.aliases)})
        for kind, fields in QUERY_FIELDS.items()
    }
)
"""Fields by their names and aliases, in lower case."""

"""
The columns of an export: how they are named, and what a document has in them.

A column is a field of documents, called as documents or as queries call it, or one key of a map
(`labels.team`, `outputs.order.id`). The rule: an unknown one is refused, by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from runfold.documents.api_json import measured_json
from runfold.documents.grammar.fields import BY_NAME
from runfold.documents.instants import instant_text
from runfold.documents.model import FIELDS, Document, FieldType, Kind
from runfold.documents.source import SNAPSHOT, source_of
from runfold.errors import BadRequest
from runfold.execution.model import TaskRun

COLUMNS_MAX: Final = 100
COLUMN_LENGTH_MAX: Final = 600

DEFAULT: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.TASKRUNS: (
            *("id", "executionId", "namespace", "flowId", "taskId", "taskType", "value", "state"),
            *("startDate", "endDate", "durationMs", "queueMs", "runMs", "attemptCount", "workerId", "error"),
        ),
        Kind.EXECUTIONS: (
            *("id", "namespace", "flowId", "flowRevision", "state", "startDate", "endDate", "durationMs"),
            *("taskRunCount", "triggerId", "labels"),
        ),
        Kind.LOGS: (
            *("timestamp", "level", "namespace", "flowId", "executionId", "taskId", "taskRunId"),
            *("attemptNumber", "message"),
        ),
    }
)
"""What is exported if no columns are named: what the pages show."""

SOURCE: Final = "source"
"""The entity's JSON itself."""

_OF_SOURCE: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType({Kind.LOGS: frozenset({"message", "thread"})})
"""What stands in the entity's JSON only."""

_WITHOUT_KEY: Final = frozenset(
    {FieldType.KEYWORD, FieldType.DATE, FieldType.LONG, FieldType.DOUBLE, FieldType.FLATTENED}
)

LABELS: Final = "labels"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name`: as it was asked for; `key`: of a map, the one value that is wanted."""

    name: str
    field: str
    key: str | None = None


def columns_of(kind: Kind, text: str | None) -> tuple[Column, ...]:
    """Return the columns that a text names, apart by commas. Raises: BadRequest."""
    names = [name.strip() for name in text.split(",") if name.strip()] if text else list(DEFAULT[kind])
    if len(names) > COLUMNS_MAX:
        raise BadRequest(f"Invalid columns: more than {COLUMNS_MAX} of them")
    if not names:
        raise BadRequest("Invalid columns: none is named")
    return tuple(_column(kind, name) for name in dict.fromkeys(names))


def needs_labels(kind: Kind, columns: Sequence[Column]) -> bool:
    """Return whether the labels must be had elsewhere: task runs do not repeat those of their execution."""
    return kind is Kind.TASKRUNS and any(column.field == LABELS for column in columns)


def cells(document: Document, columns: Sequence[Column], labels: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return what a document has in each column, as JSON; `labels`: of its execution, if they were needed."""
    return {column.name: _cell(document, column, labels) for column in columns}


def filled(document: Document, columns: Sequence[Column], labels: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the same without the empty ones: for rows that a page shows."""
    return {name: value for name, value in cells(document, columns, labels).items() if value is not None}


def _column(kind: Kind, name: str) -> Column:
    fields = FIELDS[kind]
    if fields.get(name) in _WITHOUT_KEY or name == SOURCE or name in _OF_SOURCE.get(kind, ()):
        return Column(name, name)
    head, _, key = name[:COLUMN_LENGTH_MAX].partition(".")
    asked = BY_NAME[kind].get(head.lower())
    stored = head if head in fields else asked.stored[0] if asked and len(asked.stored) == 1 else None
    if stored is not None and (fields[stored] is FieldType.FLATTENED or not key) and fields[stored] in _WITHOUT_KEY:
        return Column(name, stored, key or None)
    raise BadRequest(
        f"Invalid columns: {name[:100]!r} is none of {', '.join(sorted(_known(kind)))}, nor a key of a map such as labels.team"
    )


def _known(kind: Kind) -> set[str]:
    stored = {name for name, field_type in FIELDS[kind].items() if field_type in _WITHOUT_KEY}
    return stored | {SOURCE} | _OF_SOURCE.get(kind, frozenset())


def _cell(document: Document, column: Column, labels: Sequence[Mapping[str, str]]) -> Any:
    if column.field == SOURCE:
        return source_of(document)
    if FIELDS[document.kind].get(column.field) is FieldType.FLATTENED:
        carrier = _carrier(document, column.field, labels)
        return carrier if column.key is None or carrier is None else at(carrier, column.key)
    value = document.body.get(column.field)
    if value is None and column.field in _OF_SOURCE.get(document.kind, ()):
        value = source_of(document).get(column.field)
    return instant_text(value) if isinstance(value, datetime) else value


def _carrier(document: Document, field: str, labels: Sequence[Mapping[str, str]]) -> Any:
    """Return a map as people gave it: an index gives back only what stands in the entity's JSON."""
    if field == LABELS:
        given = labels if document.kind is Kind.TASKRUNS else source_of(document).get(LABELS) or ()
        return {label["key"]: label["value"] for label in reversed(given)} or None
    snapshot = document.body.get(SNAPSHOT)
    return source_of(document).get(field) if snapshot is None else _of_taskrun(snapshot, field)


def _of_taskrun(taskrun: TaskRun, field: str) -> Any:
    if field == "metrics":  # the last measurement of each name
        found = (metric for attempt in taskrun.attempts for metric in attempt.metrics)
        return {metric.name: measured_json(metric)["value"] for metric in found} or None
    return taskrun.inputs if field == "inputs" else taskrun.outputs


def at(carrier: Any, path: str) -> Any:
    """Return what lies at a dotted path; a key may have dots itself. None: nothing does."""
    if not isinstance(carrier, Mapping):
        return None
    if path in carrier:
        return carrier[path]
    for place, char in enumerate(path):
        if char == "." and (head := path[:place]) in carrier:
            found = at(carrier[head], path[place + 1 :])
            if found is not None:
                return found
    return None

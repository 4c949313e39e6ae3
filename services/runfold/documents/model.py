"""
Documents: what the index stores, and the one table of their fields.

The table makes the Elasticsearch mapping, the embedded tables, the printed schemas and
the list of what may be filtered and sorted by, so they cannot drift apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Kind(StrEnum):
    """The kinds of documents; each has its own index."""

    TASKRUNS = "taskruns"
    EXECUTIONS = "executions"
    LOGS = "logs"
    METRICS = "metrics"
    DELETIONS = "deletions"
    PROGRESS = "progress"


class FieldType(StrEnum):
    """
    How a field is indexed.

    KEYWORD: exact text. DATE: an instant, to the microsecond. LONG, DOUBLE: numbers.
    TEXT: words, for full text only. FLATTENED: a map whose leaves are exact texts by path,
    whatever the keys. STORED: given back, never searched.

    TEXT and FLATTENED are searched only, an index does not give them back: what people
    want to read of them stands in what is STORED.
    """

    KEYWORD = "keyword"
    DATE = "date"
    LONG = "long"
    DOUBLE = "double"
    TEXT = "text"
    FLATTENED = "flattened"
    STORED = "stored"


KEYWORD_LENGTH_MAX: Final = 1024
"""A projected KEYWORD is cut after so many characters; the whole text is in what is STORED."""

F = FieldType

_TASKRUN: Final = {
    "id": F.KEYWORD,
    "executionId": F.KEYWORD,
    "namespace": F.KEYWORD,
    "flowId": F.KEYWORD,
    "flowRevision": F.LONG,
    "taskId": F.KEYWORD,
    "taskType": F.KEYWORD,
    "parentTaskRunId": F.KEYWORD,
    "value": F.KEYWORD,
    "iteration": F.LONG,
    "ordinal": F.LONG,
    "state": F.KEYWORD,
    "stateSince": F.DATE,
    "startDate": F.DATE,
    "runningDate": F.DATE,
    "endDate": F.DATE,
    "durationMs": F.LONG,
    "queueMs": F.LONG,
    "runMs": F.LONG,
    "attemptCount": F.LONG,
    "workerId": F.KEYWORD,
    "triggerExecutionId": F.KEYWORD,
    "labels": F.FLATTENED,
    "inputs": F.FLATTENED,
    "outputs": F.FLATTENED,
    "metrics": F.FLATTENED,
    "error": F.KEYWORD,
    "errorFingerprint": F.KEYWORD,
    "errorText": F.TEXT,
    "baselineMs": F.LONG,
    "slowdown": F.DOUBLE,
    "overdueAt": F.DATE,
    "text": F.TEXT,
    "seq": F.LONG,
    "snapshot": F.STORED,
}

_EXECUTION: Final = {
    "id": F.KEYWORD,
    "namespace": F.KEYWORD,
    "flowId": F.KEYWORD,
    "flowRevision": F.LONG,
    "parentId": F.KEYWORD,
    "originalId": F.KEYWORD,
    "triggerId": F.KEYWORD,
    "triggerType": F.KEYWORD,
    "triggerExecutionId": F.KEYWORD,
    "state": F.KEYWORD,
    "stateSince": F.DATE,
    "startDate": F.DATE,
    "endDate": F.DATE,
    "durationMs": F.LONG,
    "taskRunCount": F.LONG,
    "labels": F.FLATTENED,
    "inputs": F.FLATTENED,
    "outputs": F.FLATTENED,
    "text": F.TEXT,
    "seq": F.LONG,
    "source": F.STORED,
}

_LOG: Final = {
    "id": F.KEYWORD,
    "namespace": F.KEYWORD,
    "flowId": F.KEYWORD,
    "executionId": F.KEYWORD,
    "taskId": F.KEYWORD,
    "taskRunId": F.KEYWORD,
    "attemptNumber": F.LONG,
    "triggerId": F.KEYWORD,
    "level": F.KEYWORD,
    "levelNumber": F.LONG,
    "timestamp": F.DATE,
    "position": F.LONG,
    "text": F.TEXT,
    "source": F.STORED,
}

_METRIC: Final = {
    "id": F.KEYWORD,
    "namespace": F.KEYWORD,
    "flowId": F.KEYWORD,
    "executionId": F.KEYWORD,
    "taskId": F.KEYWORD,
    "taskRunId": F.KEYWORD,
    "name": F.KEYWORD,
    "type": F.KEYWORD,
    "value": F.DOUBLE,
    "timestamp": F.DATE,
    "position": F.LONG,
    "tags": F.FLATTENED,
    "source": F.STORED,
}

_DELETION: Final = {
    "id": F.KEYWORD,
    "namespace": F.KEYWORD,
    "flowId": F.KEYWORD,
    "actor": F.KEYWORD,
    "timestamp": F.DATE,
    "source": F.STORED,
}
"""That an execution (`id`) is deleted: what comes late of it is not stored, and people see that it was done."""

_PROGRESS: Final = {
    "id": F.KEYWORD,
    "topic": F.KEYWORD,
    "partition": F.LONG,
    "next": F.LONG,
    "timestamp": F.DATE,
    "source": F.STORED,
}
"""How far the index is in one partition of a topic."""

FIELDS: Final[Mapping[Kind, Mapping[str, FieldType]]] = MappingProxyType(
    {
        Kind.TASKRUNS: _TASKRUN,
        Kind.EXECUTIONS: _EXECUTION,
        Kind.LOGS: _LOG,
        Kind.METRICS: _METRIC,
        Kind.DELETIONS: _DELETION,
        Kind.PROGRESS: _PROGRESS,
    }
)
"""
Every field of every kind. `id` is the document's own; `source` is the entity's JSON as the REST API answers it,
`snapshot` a task run's record on its topic (see `source.source_of`).
"""

COMPARED: Final = frozenset({"baselineMs", "slowdown", "overdueAt"})
"""
Fields that no snapshot says: how a task run stands beside those that ran before it.

`baselineMs`: what 95 of 100 runs of the same task took at most. `slowdown`: the run time
in relation to it, once ended. `overdueAt`: when a running one will have taken longer.
"""

GROUPED_MAPS: Final = ("labels",)
"""Maps by whose leaves documents can be grouped: `labels.team` names one as a field."""

SEARCH_ONLY: Final = frozenset({F.TEXT, F.FLATTENED})
"""Field types that an index does not give back."""


@dataclass(frozen=True, slots=True)
class Document:
    """
    One document.

    `version`: of two documents with the same id the higher one is kept, in whatever
    order they come. `created`: never changes in a document's life; chooses its monthly index.
    `body`: fields of the table above; dates are aware datetimes, a snapshot is a TaskRun, absent means null.
    """

    kind: Kind
    id: str
    version: int
    created: datetime
    body: Mapping[str, Any]

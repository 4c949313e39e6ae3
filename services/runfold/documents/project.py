"""
Snapshots and log records to documents.

The same code serves the live index and a rebuilt one. The rule: a document says nothing
that its one record does not say, so records may come twice, late and in any order.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from runfold.documents.api_json import execution_json, has_ended, log_json, metric_json
from runfold.documents.fingerprint import fingerprint
from runfold.documents.instants import instant_text, millis
from runfold.documents.leaves import Leaves, leaves, leaves_of
from runfold.documents.model import KEYWORD_LENGTH_MAX, Document, Kind
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Deletion, Execution, Label, TaskRun
from runfold.execution.state import History, State

TEXT_SIZE_MAX_BYTES: Final = 8 * 1024
"""More text than this is stored, and not found by its words."""

LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
"""Log levels, least first: `levelNumber` is the place in it (-1: another level)."""


class Position(NamedTuple):
    """Where a record stands in its topic."""

    partition: int
    offset: int


def project_taskrun(taskrun: TaskRun) -> Document:
    """Return the document of a task run; its version is the transition that made it."""
    attempts = taskrun.attempts
    error = taskrun.error or next((attempt.error for attempt in reversed(attempts) if attempt.error), None)
    worker = taskrun.worker_id or (attempts[-1].worker_id if attempts else None)
    labels, outputs = _labels(taskrun.labels), leaves(taskrun.outputs or {})
    texts = (
        taskrun.id,
        taskrun.task_id,
        taskrun.flow_id,
        taskrun.execution_id,
        taskrun.namespace,
        taskrun.value,
        error,
    )
    body = {
        "id": taskrun.id,
        "executionId": taskrun.execution_id,
        "namespace": taskrun.namespace,
        "flowId": taskrun.flow_id,
        "flowRevision": taskrun.flow_revision,
        "taskId": taskrun.task_id,
        "taskType": taskrun.task_type,
        "parentTaskRunId": taskrun.parent_taskrun_id,
        "value": _keyword(taskrun.value),
        "iteration": taskrun.iteration,
        "ordinal": taskrun.ordinal,
        **_life(taskrun.histories),
        **_waits(taskrun.histories),
        "attemptCount": len(attempts),
        "workerId": worker,
        "triggerExecutionId": taskrun.trigger_execution_id,
        "labels": labels or None,
        "inputs": leaves(taskrun.inputs or {}) or None,
        "outputs": outputs or None,
        "metrics": _metrics(taskrun) or None,
        "error": _keyword(error),
        "errorFingerprint": fingerprint(error, (taskrun.id, taskrun.execution_id)) if error else None,
        "errorText": _text((error,)),
        "text": _text((*texts, *_label_texts(taskrun.labels), *_leaf_texts(outputs))),
        "seq": taskrun.seq,
        "snapshot": taskrun,
    }
    return Document(Kind.TASKRUNS, taskrun.id, taskrun.seq, taskrun.histories[0].date, _present(body))


def project_execution(execution: Execution) -> Document:
    """Return the document of an execution; its task runs are documents of their own."""
    trigger = execution.trigger
    inputs, outputs = leaves(execution.inputs), leaves(execution.outputs or {})
    texts = (execution.id, execution.flow_id, execution.namespace, trigger.id if trigger else None)
    body = {
        "id": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.flow_revision,
        "parentId": execution.parent_id,
        "originalId": execution.original_id or execution.id,
        "triggerId": trigger and trigger.id,
        "triggerType": trigger and trigger.type,
        "triggerExecutionId": trigger_execution_id(execution),
        **_life(execution.histories),
        "taskRunCount": execution.taskrun_count,
        "labels": _labels(execution.labels) or None,
        "inputs": inputs or None,
        "outputs": outputs or None,
        "text": _text((*texts, *_label_texts(execution.labels), *_leaf_texts(inputs), *_leaf_texts(outputs))),
        "seq": execution.seq,
        "source": execution_json(execution, ()),
    }
    return Document(Kind.EXECUTIONS, execution.id, execution.seq, execution.histories[0].date, _present(body))


def project_deletion(execution: Execution, deletion: Deletion) -> Document:
    """Return the document of a deleted execution's deletion."""
    body = {
        "id": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "actor": _keyword(deletion.actor),
        "timestamp": deletion.at,
        "source": {
            "executionId": execution.id,
            "namespace": execution.namespace,
            "flowId": execution.flow_id,
            "date": instant_text(deletion.at),
            "actor": deletion.actor,
            "logs": deletion.logs,
            "metrics": deletion.metrics,
            "files": deletion.files,
        },
    }
    return Document(Kind.DELETIONS, execution.id, execution.seq, deletion.at, _present(body))


def project_log(entry: LogEntry, position: Position) -> Document:
    """Return the document of a log line; its place in the topic is its id."""
    level = entry.level.upper()
    document_id = _position_id(Kind.LOGS, position)
    body = {
        "id": document_id,
        "namespace": entry.namespace,
        "flowId": entry.flow_id,
        "executionId": entry.execution_id,
        "taskId": entry.task_id,
        "taskRunId": entry.taskrun_id,
        "attemptNumber": entry.attempt_number,
        "triggerId": entry.trigger_id,
        "level": level,
        "levelNumber": LEVELS.index(level) if level in LEVELS else -1,
        "timestamp": entry.timestamp,
        "position": position.offset,
        "text": _text((entry.message, entry.task_id, entry.thread)),
        "source": log_json(entry),
    }
    return Document(Kind.LOGS, document_id, 1, entry.timestamp, _present(body))


def project_metric(entry: MetricEntry, position: Position) -> Document:
    """Return the document of a measurement; its place in the topic is its id."""
    document_id = _position_id(Kind.METRICS, position)
    body = {
        "id": document_id,
        "namespace": entry.namespace,
        "flowId": entry.flow_id,
        "executionId": entry.execution_id,
        "taskId": entry.task_id,
        "taskRunId": entry.taskrun_id,
        "name": _keyword(entry.name),
        "type": entry.type,
        "value": entry.value,
        "timestamp": entry.timestamp,
        "position": position.offset,
        "tags": leaves(entry.tags) or None,
        "source": metric_json(entry),
    }
    return Document(Kind.METRICS, document_id, 1, entry.timestamp, _present(body))


def trigger_execution_id(execution: Execution) -> str | None:
    """Return the execution whose task or end started this one; None if a person or a schedule did."""
    if execution.trigger is None:
        return None
    parent = execution.trigger.variables.get("executionId")
    return parent if isinstance(parent, str) else None


def _life(histories: History) -> dict[str, Any]:
    """Return the present state and its dates; a duration is known once there is an end."""
    start, last = histories[0].date, histories[-1]
    end = last.date if has_ended(histories) else None
    return {
        "state": str(last.state),
        "stateSince": last.date,
        "startDate": start,
        "endDate": end,
        "durationMs": millis(end - start) if end else None,
    }


def _waits(histories: History) -> dict[str, Any]:
    """Return how long a task run waited until it first ran, and how long it took from there."""
    running = next((entry.date for entry in histories if entry.state is State.RUNNING), None)
    if running is None:
        return {}
    end = histories[-1].date if has_ended(histories) else None
    return {
        "runningDate": running,
        "queueMs": millis(running - histories[0].date),
        "runMs": millis(end - running) if end else None,
    }


def _labels(labels: Iterable[Label]) -> Leaves:
    """Return every value of every label: one given twice is found by both."""
    return leaves_of((label.key, label.value) for label in labels)


def _metrics(taskrun: TaskRun) -> Leaves:
    return leaves_of((metric.name, metric.value) for attempt in taskrun.attempts for metric in attempt.metrics)


def _label_texts(labels: Iterable[Label]) -> Iterator[str]:
    for label in labels:
        yield label.key
        yield label.value


def _leaf_texts(found: Leaves) -> Iterator[str]:
    return chain.from_iterable(found.values())


def _text(parts: Iterable[str | None]) -> str | None:
    """Join what there is, as far as the size allows."""
    text = " ".join(filter(None, parts))[:TEXT_SIZE_MAX_BYTES]
    if not text.isascii():
        text = text.encode(errors="ignore")[:TEXT_SIZE_MAX_BYTES].decode(errors="ignore")
    return text or None


def _keyword(text: str | None) -> str | None:
    return None if text is None else text[:KEYWORD_LENGTH_MAX]


def _position_id(kind: Kind, position: Position) -> str:
    return f"{kind}-{position.partition}-{position.offset}"


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}

"""
What the page of one task run tells besides the task run itself: every attempt, where it stands, how slow it was.

Made from its document as it is newest, and from a few questions to the index. The rule: what
is not known is left out.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from runfold.documents.api_json import measured_json
from runfold.documents.instants import date_of_text, instant_text, millis
from runfold.documents.model import COMPARED, Document, Kind
from runfold.documents.query import all_of
from runfold.documents.source import SNAPSHOT
from runfold.execution.model import Attempt, TaskRun
from runfold.execution.state import History, State
from runfold.webserver.parameters import same
from runfold.webserver.parts import Parts

PARENTS_MAX: Final = 64
"""Flows nest no deeper."""

COUNTED_MAX: Final = 20
"""Of so many attempts, the last ones, the log lines are counted: each is a search."""

WAITING: Final = frozenset({State.CREATED, State.SUBMITTED, State.QUEUED, State.RESTARTED})
UNDER_WAY: Final = frozenset({State.RUNNING, State.KILLING})

Json = dict[str, Any]


def details(parts: Parts, found: Document) -> Json:
    """Return the details of a task run."""
    body = found.body
    snapshot: TaskRun | None = body.get(SNAPSHOT)
    attempts = () if snapshot is None else snapshot.attempts
    compared = _compared(parts, found)
    told: Json = {
        "attempts": _attempts(parts, found, attempts, () if snapshot is None else snapshot.histories),
        "inputs": None if snapshot is None else snapshot.inputs,
        "metrics": _metrics(attempts) or None,
        "parents": _parents(parts, body.get("parentTaskRunId")),
        "labels": _labels(parts, body["executionId"]),
        "error": body.get("error"),
        "errorFingerprint": body.get("errorFingerprint"),
        "taskType": body.get("taskType"),
        "flowRevision": body.get("flowRevision"),
        "triggerExecutionId": body.get("triggerExecutionId"),
        "queueMs": body.get("queueMs"),
        "runMs": body.get("runMs"),
        **compared,
        "seq": found.version,
        "asOf": parts.freshness.as_of(),
    }
    return {name: value for name, value in told.items() if value is not None}


def _attempts(parts: Parts, found: Document, attempts: Sequence[Attempt], moves: History) -> list[Json]:
    told = [_attempt(attempt, moves, found.created) for attempt in attempts]
    for number, attempt in enumerate(told):
        attempt["number"] = number
    if _is_under_way(parts, found, told):
        told.append(_present(parts, found, len(told), moves))
    for attempt in told[-COUNTED_MAX:]:
        lines = same(executionId=found.body["executionId"], taskRunId=found.id, attemptNumber=attempt["number"])
        attempt["logCount"] = parts.index.count(Kind.LOGS, all_of((lines,))).total
    return told


def _attempt(attempt: Attempt, moves: History, created: datetime) -> Json:
    started = next((entry.date for entry in attempt.histories if entry.state is State.RUNNING), None)
    ended = attempt.histories[-1].date if attempt.state is not State.RUNNING else None
    queued = _queued(moves, started, created)
    told = {"workerId": attempt.worker_id, "error": attempt.error, "inputs": attempt.inputs}
    known = {name: value for name, value in told.items() if value is not None}
    return _timed({"state": str(attempt.state)}, (queued, started, ended)) | known


def _is_under_way(parts: Parts, found: Document, told: Sequence[Json]) -> bool:
    """Return whether there is an attempt that has not ended; flowables have none."""
    body = found.body
    if body["state"] not in UNDER_WAY:
        return False
    live = parts.tail.taskrun(found.id, body["executionId"])
    if live is not None and live.seq == found.version:
        return live.dispatches > live.answered
    has_worker = body.get("workerId") is not None
    return has_worker and (not told or date_of_text(told[-1]["endedAt"]) <= body["stateSince"])


def _present(parts: Parts, found: Document, number: int, moves: History) -> Json:
    """Return the attempt under way."""
    body = found.body
    live = parts.tail.taskrun(found.id, body["executionId"])
    # The document's worker may be that of the attempt before.
    worker = live.worker_id if live is not None else body.get("workerId") if number == 0 else None
    started = next((move.date for move in reversed(moves) if move.state is State.RUNNING), body["stateSince"])
    queued = _queued(moves, started, found.created)
    known = {"workerId": worker} if worker is not None else {}
    return _timed({"number": number, "state": body["state"], **known}, (queued, started, None))


def _queued(moves: History, started: datetime | None, created: datetime) -> datetime:
    """Return since when an attempt could have begun: the last time that the task run waited for a worker."""
    before = (
        move.date for move in reversed(moves) if move.state in WAITING and (started is None or move.date <= started)
    )
    return next(before, created)


def _timed(attempt: Json, dates: tuple[datetime, datetime | None, datetime | None]) -> Json:
    queued, started, ended = dates
    told = attempt | {
        "queuedAt": instant_text(queued),
        "startedAt": started and instant_text(started),
        "endedAt": ended and instant_text(ended),
        "queueMs": None if started is None else millis(max(started - queued, timedelta())),
        "runMs": None if started is None or ended is None else millis(ended - started),
    }
    return {name: value for name, value in told.items() if value is not None}


def _metrics(attempts: Sequence[Attempt]) -> list[Json]:
    return [
        {"attempt": number} | measured_json(metric)
        for number, attempt in enumerate(attempts)
        for metric in attempt.metrics
    ]


def _parents(parts: Parts, taskrun_id: str | None) -> list[Json]:
    """Return the task runs around one, the outermost first."""
    found: list[Json] = []
    while taskrun_id is not None and len(found) < PARENTS_MAX:
        parent = parts.reader.document(Kind.TASKRUNS, taskrun_id)
        if parent is None:
            break
        told = {"id": parent.id, **{name: parent.body.get(name) for name in ("taskId", "value", "iteration")}}
        found.append({name: value for name, value in told.items() if value is not None})
        taskrun_id = parent.body.get("parentTaskRunId")
    return found[::-1]


def _labels(parts: Parts, execution_id: str) -> list[Json] | None:
    head = parts.reader.execution_head(execution_id)
    labels: list[Json] | None = None if head is None else head.get("labels")
    return labels


def _compared(parts: Parts, found: Document) -> Json:
    """Return how it stands beside those that ran before it, which only the index knows."""
    stored = found if "baselineMs" in found.body else parts.index.get(Kind.TASKRUNS, found.id)
    told = {} if stored is None else {name: stored.body.get(name) for name in COMPARED}
    baseline_ms, run_ms = told.get("baselineMs"), found.body.get("runMs")
    if baseline_ms is not None and run_ms is not None:
        # It may have ended since it was stored.
        told |= {"slowdown": round(run_ms / max(baseline_ms, 1), 3), "overdueAt": None}
    overdue = told.get("overdueAt")
    return told | {"overdueAt": overdue and instant_text(overdue)}

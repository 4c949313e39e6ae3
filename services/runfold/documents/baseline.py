"""
Baselines: how long a task usually takes, and what a task run's document says beside that.

Pure. The rule: a baseline is reckoned from documents that are in the index, so nothing is
kept that could be lost; a document says what was known when it was written.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from runfold.documents.model import Document, Kind
from runfold.documents.query import All, Between, Is
from runfold.documents.statistics import Statistics

SAMPLES_MIN: Final = 10
"""Of fewer runs nothing is said."""

SAMPLE_STATES: Final = ("SUCCESS", "WARNING")
"""Runs that failed or were killed tell nothing of how long the task takes."""

TaskKey = tuple[str, str, str]
"""Namespace, flow, task."""


def task_key(document: Document) -> TaskKey:
    """Return whose baseline counts for a task run."""
    body = document.body
    return body["namespace"], body["flowId"], body["taskId"]


def is_sample(document: Document) -> bool:
    """Return whether a task run's time belongs to its baseline."""
    return document.body["state"] in SAMPLE_STATES and "runMs" in document.body


def samples_question(key: TaskKey, since: datetime) -> Statistics:
    """Return the question for a task's run times of those runs that began `since` then."""
    namespace, flow_id, task_id = key
    parts = (
        Is("namespace", (namespace,)),
        Is("flowId", (flow_id,)),
        Is("taskId", (task_id,)),
        Is("state", SAMPLE_STATES),
        Between("startDate", low=since),
    )
    return Statistics(Kind.TASKRUNS, (), All(parts))


def compared(document: Document, baseline_ms: int) -> Document:
    """Return a task run's document with what it says beside the baseline: how slow it was, or when it is overdue."""
    body = document.body
    told = {**body, "baselineMs": baseline_ms, **_comparison(body, baseline_ms)}
    return Document(document.kind, document.id, document.version, document.created, told)


def _comparison(body: Mapping[str, Any], baseline_ms: int) -> dict[str, Any]:
    if "runMs" in body:
        return {"slowdown": round(body["runMs"] / max(baseline_ms, 1), 3)}
    if "runningDate" in body and "endDate" not in body:
        return {"overdueAt": body["runningDate"] + timedelta(milliseconds=baseline_ms)}
    return {}

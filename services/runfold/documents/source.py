"""
The JSON that the REST API answers for a document, and what of it an index keeps.

The documents of task runs keep the snapshot itself: they are written with each of its states, and few
are ever read, so the API's JSON is made for who reads. All others keep it as their `source`.
The rule: there is always an answer; of a document whose JSON no index could hold it is made of its single values.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from runfold.documents.api_json import ApiJson, taskrun_json
from runfold.documents.instants import instant_text
from runfold.documents.model import Document
from runfold.execution.model import TaskRun
from runfold.known_types import known

SNAPSHOT: Final = "snapshot"

_API_FIELDS: Final = (
    "id",
    "executionId",
    "namespace",
    "flowId",
    "flowRevision",
    "taskId",
    "taskRunId",
    "parentTaskRunId",
    "value",
    "attemptNumber",
    "level",
    "name",
    "type",
)
"""Fields that the API names as the index does."""

known(TaskRun)
_taskrun: Final = msgspec.json.Decoder(TaskRun).decode


def source_of(document: Document) -> ApiJson:
    """Return what the API answers for a document."""
    body = document.body
    snapshot: TaskRun | None = body.get(SNAPSHOT)
    if snapshot is not None:
        return taskrun_json(snapshot)
    source: ApiJson | None = body.get("source")
    return _bare(body) if source is None else source


def snapshot_of(stored: bytes | Mapping[str, Any]) -> TaskRun | None:
    """Return the snapshot that an index has stored as JSON; None: another version wrote it, and this one can't read it."""
    try:
        return _taskrun(stored) if isinstance(stored, bytes) else msgspec.convert(stored, TaskRun)
    except msgspec.MsgspecError:
        return None


def _bare(body: Mapping[str, Any]) -> ApiJson:
    """Return as much of the API's JSON as single values can tell."""
    json = {name: body[name] for name in _API_FIELDS if name in body}
    if "state" in body:
        dates = {name: instant_text(body[name]) for name in ("endDate", "startDate") if name in body}
        json["state"] = {"current": body["state"], "histories": [], "duration": "PT0S", **dates}
    if "timestamp" in body:
        json["timestamp"] = instant_text(body["timestamp"])
    return json

"""Task runs: the search, and one of them with its attempts and its log."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from runfold.documents.model import Document, Kind
from runfold.documents.query import all_of
from runfold.documents.source import source_of
from runfold.errors import NotFound
from runfold.webserver.answers import Json
from runfold.webserver.export_columns import columns_of
from runfold.webserver.parameters import level_filter, same
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import TaskRunSearch
from runfold.webserver.taskrun_details import details

SHOWN_MAX: Final = 100
"""How many of the hits the page lets people leaf through."""

router = APIRouter(prefix="/taskruns", tags=["task runs"])


@router.get("/search")
def search(asked: Annotated[TaskRunSearch, Query()], parts: Given) -> Json:
    """Find task runs, newest first."""
    columns = columns_of(Kind.TASKRUNS, asked.columns) if asked.columns else ()
    return Json(parts.reader.search(asked.search(parts.clock()), columns))


@router.get("/maxTaskRunSetting")
def max_setting() -> int:
    """Return how many hits the page shows at most."""
    return SHOWN_MAX


@router.get("/{taskrun_id}")
def get(taskrun_id: str, parts: Given) -> Json:
    """Return a task run; its `details` tell of every attempt, of where it stands and how slow it was."""
    found = _found(parts, taskrun_id)
    return Json(source_of(found) | {"details": details(parts, found)})


@router.get("/{taskrun_id}/logs")
def logs(
    taskrun_id: str,
    parts: Given,
    attempt: Annotated[int | None, Query(ge=0, description="Only those of this attempt, from 0")] = None,
    min_level: Annotated[str | None, Query(alias="minLevel")] = None,
) -> Json:
    """Return the log lines of a task run, by time."""
    found = _found(parts, taskrun_id)
    wanted = all_of((same(taskRunId=taskrun_id, attemptNumber=attempt), level_filter(min_level)))
    return Json([source_of(line) for line in parts.reader.logs(found.body["executionId"], wanted)])


def _found(parts: Parts, taskrun_id: str) -> Document:
    found = parts.reader.document(Kind.TASKRUNS, taskrun_id)
    if found is None:
        raise NotFound(f"There is no task run {taskrun_id}")
    return found

"""Task runs: the search, and one of them."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from runfold.documents.model import Kind
from runfold.errors import NotFound
from runfold.webserver.answers import Json
from runfold.webserver.export_columns import columns_of
from runfold.webserver.parts import Given
from runfold.webserver.routes.query import TaskRunSearch

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
    """Return a task run."""
    found = parts.reader.taskrun(taskrun_id)
    if found is None:
        raise NotFound(f"There is no task run {taskrun_id}")
    return Json(found)

"""Standing queries: searches that go on, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import Field
from sse_starlette import EventSourceResponse

from runfold.documents.model import Kind
from runfold.errors import Unavailable
from runfold.webserver.export_columns import Column, columns_of
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import ExecutionFilter, Filters, TaskRunFilter
from runfold.webserver.standing import Standing, follow_query

router = APIRouter()

LastId = Annotated[str | None, Header(alias="Last-Event-ID")]


class TaskRunWatch(TaskRunFilter):
    """The parameters of the standing query of task runs."""

    columns: str | None = Field(None, description="As in an export: each event tells what is in these, but for labels")


@router.get("/taskruns/watch", tags=["task runs"])
async def taskruns(
    asked: Annotated[TaskRunWatch, Query()], parts: Given, last_id: LastId = None
) -> EventSourceResponse:
    """Send each task run that begins to fit (`entered`), still fits (`updated`) or fits no more (`left`)."""
    return _follow(parts, asked, last_id, columns_of(Kind.TASKRUNS, asked.columns) if asked.columns else ())


@router.get("/executions/watch", tags=["executions"])
async def executions(
    asked: Annotated[ExecutionFilter, Query()], parts: Given, last_id: LastId = None
) -> EventSourceResponse:
    """Send each execution that begins to fit (`entered`), still fits (`updated`) or fits no more (`left`)."""
    return _follow(parts, asked, last_id)


def _follow(parts: Parts, asked: Filters, last_id: str | None, columns: tuple[Column, ...] = ()) -> EventSourceResponse:
    now = parts.clock()
    wanted = Standing(asked.kind, asked.filter(now), now, columns)
    changes = parts.tail.changes
    if changes.is_full:
        raise Unavailable("Too many standing queries are open")
    return EventSourceResponse(follow_query(changes, wanted, last_id))

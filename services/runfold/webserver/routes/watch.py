"""Standing queries: searches that go on, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse

from runfold.errors import Unavailable
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import ExecutionFilter, Filters, TaskRunFilter
from runfold.webserver.standing import Standing, follow_query

router = APIRouter()

LastId = Annotated[str | None, Header(alias="Last-Event-ID")]


@router.get("/taskruns/watch", tags=["task runs"])
async def taskruns(
    asked: Annotated[TaskRunFilter, Query()], parts: Given, last_id: LastId = None
) -> EventSourceResponse:
    """Send each task run that begins to fit (`entered`), still fits (`updated`) or fits no more (`left`)."""
    return _follow(parts, asked, last_id)


@router.get("/executions/watch", tags=["executions"])
async def executions(
    asked: Annotated[ExecutionFilter, Query()], parts: Given, last_id: LastId = None
) -> EventSourceResponse:
    """Send each execution that begins to fit (`entered`), still fits (`updated`) or fits no more (`left`)."""
    return _follow(parts, asked, last_id)


def _follow(parts: Parts, asked: Filters, last_id: str | None) -> EventSourceResponse:
    now = parts.clock()
    wanted = Standing(asked.kind, asked.filter(now), now)
    changes = parts.tail.changes
    if changes.is_full:
        raise Unavailable("Too many standing queries are open")
    return EventSourceResponse(follow_query(changes, wanted, last_id))

"""An execution's past: its events, and what changed between two moments of it."""

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from runfold.documents.events import NOW, difference
from runfold.webserver.answers import Json, json_bytes
from runfold.webserver.history import event_page, events_of, follow_events, moment_of
from runfold.webserver.parts import Given, Parts
from runfold.webserver.whole import aggregate_at, aggregates_at, life_of

EVENTS_MAX: Final = 5_000
NDJSON: Final = "application/x-ndjson"
EVENT_STREAM: Final = "text/event-stream"

router = APIRouter(prefix="/executions", tags=["executions"])


class Events(BaseModel):
    """Which events of an execution."""

    first: int = Field(1, alias="from", ge=1, description="Number of the first event")
    size: int = Field(500, ge=1, le=EVENTS_MAX)
    taskrun_id: str | None = Field(None, alias="taskRunId", description="JSON only: events about this task run")


@router.get("/{execution_id}/events")
async def events(
    execution_id: str,
    parts: Given,
    asked: Annotated[Events, Query()],
    accept: Annotated[str, Header(description="application/json, application/x-ndjson or text/event-stream")] = "",
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """
    Return what happened to an execution, oldest first; each event names the claim that led to it.

    JSON: a page and where the `next` begins. NDJSON: all of them, a line each. Event stream:
    all, and those to come until the execution has ended; `Last-Event-ID` goes on from there.
    """
    await run_in_threadpool(life_of, parts, execution_id)  # before the answer begins: 404
    if EVENT_STREAM in accept:
        begin = (
            int(last_event_id) + 1
            if last_event_id and last_event_id.isascii() and last_event_id.isdigit()
            else asked.first
        )
        return EventSourceResponse(follow_events(parts, execution_id, begin))
    if NDJSON in accept:
        return StreamingResponse(_lines(parts, execution_id, asked.first), media_type=NDJSON)
    return Json(await run_in_threadpool(event_page, parts, execution_id, asked.first, asked.size, asked.taskrun_id))


@router.get("/{execution_id}/diff")
def diff(
    execution_id: str,
    parts: Given,
    begin: Annotated[str, Query(alias="from", description="An event's number or a date")] = "1",
    to: Annotated[str | None, Query(description="The same; none: now")] = None,
    other: Annotated[
        str | None, Query(alias="with", description="Another execution that `from` speaks of, none: its end")
    ] = None,
) -> Json:
    """Return what differs between two moments of an execution, or between another execution's end and this one."""
    before_moment = NOW if other is not None and begin == "1" else moment_of("from", begin)
    after_moment = NOW if to is None else moment_of("to", to)
    if other is None or other == execution_id:
        before, after = aggregates_at(parts, execution_id, before_moment, after_moment)
    else:
        before, after = aggregate_at(parts, other, before_moment), aggregate_at(parts, execution_id, after_moment)
    return Json(difference(before, after))


def _lines(parts: Parts, execution_id: str, first: int) -> Iterator[bytes]:
    for event in events_of(parts, execution_id, first):
        yield json_bytes(event) + b"\n"

"""Executions: found, read, followed, killed. How they are started is in `starting.py`."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from runfold.documents.model import Kind
from runfold.documents.query import all_of
from runfold.errors import Conflict, NotFound
from runfold.execution.claims import Kill
from runfold.webserver.answers import Json
from runfold.webserver.control import claim
from runfold.webserver.following import await_there, follow_execution
from runfold.webserver.history import execution_at, moment_of
from runfold.webserver.parameters import same
from runfold.webserver.parts import Given
from runfold.webserver.routes.query import NEWEST_FIRST, Paging, RunSearch

router = APIRouter(prefix="/executions", tags=["executions"])


class OfFlow(Paging):
    """The executions of one flow."""

    namespace: str
    flow_id: str


@router.get("/search")
def search(asked: Annotated[RunSearch, Query()], parts: Given) -> Json:
    """Find executions, newest first."""
    query = asked.query(Kind.EXECUTIONS, asked.filter(parts.clock()), NEWEST_FIRST)
    return Json(parts.reader.search(query))


@router.get("")
def of_flow(asked: Annotated[OfFlow, Query()], parts: Given) -> Json:
    """Return the executions of one flow, newest first."""
    wanted = all_of((same(namespace=asked.namespace, flowId=asked.flow_id),))
    return Json(parts.reader.search(asked.query(Kind.EXECUTIONS, wanted, NEWEST_FIRST)))


@router.get("/{execution_id}")
def get(
    execution_id: str,
    parts: Given,
    at: Annotated[str | None, Query(description="As it was: an event's number or a date")] = None,
) -> Json:
    """Return an execution with its task runs."""
    if at is not None:
        return Json(execution_at(parts, execution_id, moment_of("at", at)))
    found = parts.reader.execution(execution_id)
    if found is None:
        raise NotFound(f"There is no execution {execution_id}")
    return Json(found.json)


@router.delete("/{execution_id}/kill", status_code=202)
def kill(
    execution_id: str,
    parts: Given,
    cascade: Annotated[bool, Query(alias="isOnKillCascade")] = True,  # noqa: FBT002
) -> Response:
    """Ask for the end of an execution, and of those that it started; the answer does not wait for it."""
    state = parts.reader.state(execution_id)
    if state is None:
        raise NotFound(f"There is no execution {execution_id}")
    if state.is_terminal and not cascade:
        raise Conflict(f"Execution {execution_id} is finished already")
    claim(parts, Kill(execution_id, parts.new_id(), cascade=cascade))
    return Response(status_code=202)


@router.get("/{execution_id}/follow")
async def follow(
    execution_id: str, parts: Given, last_event_id: Annotated[str | None, Header()] = None
) -> EventSourceResponse:
    """Send the execution now and whenever it changed; the event `end` is the last."""
    reader = parts.reader
    await await_there(reader, parts.tail, execution_id)
    return EventSourceResponse(follow_execution(reader, parts.tail, execution_id, last_event_id))

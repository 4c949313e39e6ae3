"""Log lines: of one execution, found, downloaded, live."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse
from starlette.responses import PlainTextResponse, Response

from runfold.documents.model import Kind
from runfold.documents.query import Sort, all_of
from runfold.documents.source import source_of
from runfold.webserver.answers import Json
from runfold.webserver.deleting import delete_logs
from runfold.webserver.following import await_there, follow_logs
from runfold.webserver.parameters import same
from runfold.webserver.parts import Given
from runfold.webserver.routes.query import LogLines, LogSearch

router = APIRouter(tags=["logs and metrics"])


@router.get("/logs/search")
def search(asked: Annotated[LogSearch, Query()], parts: Given) -> Json:
    """Find log lines, newest first."""
    order = (Sort("timestamp", descending=True), Sort("position", descending=True))
    return Json(parts.reader.search(asked.query(Kind.LOGS, asked.filter(parts.clock()), order)))


@router.get("/logs/{execution_id}")
def lines(execution_id: str, asked: Annotated[LogLines, Query()], parts: Given) -> Json:
    """Return the log lines of an execution, by time."""
    return Json([source_of(line) for line in parts.reader.logs(execution_id, asked.filter())])


@router.get("/logs/{execution_id}/download")
def download(execution_id: str, asked: Annotated[LogLines, Query()], parts: Given) -> Response:
    """Return the log lines of an execution as a text file."""
    sources = [source_of(line) for line in parts.reader.logs(execution_id, asked.filter())]
    text = "".join(f"{source['timestamp']} {source['level']} {source['message']}\n" for source in sources)
    name = "".join(char for char in execution_id if char.isascii() and (char.isalnum() or char in "-_"))
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}.log"'})


@router.get("/logs/{execution_id}/follow")
async def follow(
    execution_id: str,
    asked: Annotated[LogLines, Query()],
    parts: Given,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """Send the log lines of an execution as they come, until it has ended."""
    wanted = asked.filter()
    reader = parts.reader
    await await_there(reader, parts.tail, execution_id)
    return EventSourceResponse(follow_logs(reader, parts.tail, execution_id, wanted, last_event_id))


@router.delete("/logs/{execution_id}", status_code=204)
def delete_lines(execution_id: str, asked: Annotated[LogLines, Query()], parts: Given) -> Response:
    """Delete the log lines of an execution that fit."""
    delete_logs(parts, execution_id, asked.filter())
    return Response(status_code=204)


@router.delete("/logs/{namespace}/{flow_id}", status_code=204)
def delete_lines_of_flow(
    namespace: str, flow_id: str, parts: Given, trigger_id: Annotated[str | None, Query(alias="triggerId")] = None
) -> Response:
    """Delete the log lines of a flow, or those of one of its triggers."""
    parts.index.delete_where(Kind.LOGS, all_of((same(namespace=namespace, flowId=flow_id, triggerId=trigger_id),)))
    return Response(status_code=204)

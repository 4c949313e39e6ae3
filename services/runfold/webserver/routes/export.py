"""Downloads of all that a search finds: task runs, executions, log lines."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from starlette.responses import StreamingResponse

from runfold.documents.instants import instant_text
from runfold.documents.model import Kind
from runfold.documents.query import Query, Sort
from runfold.webserver.export import Format, export, file_name
from runfold.webserver.figures import Asked
from runfold.webserver.parameters import sorts_of
from runfold.webserver.parts import Given
from runfold.webserver.routes.figures import Wanted, of_executions, of_logs, of_taskruns
from runfold.webserver.routes.query import NEWEST_FIRST, NEWEST_LINES_FIRST

Columns = Annotated[
    str | None,
    Parameter(description="Fields apart by commas, also labels.key, inputs.key, outputs.key; none: those of the page"),
]
Form = Annotated[Format, Parameter(alias="format")]
Sorts = Annotated[list[str] | None, Parameter(description="As in the search; the newest first if nothing is said")]

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {}, "application/x-ndjson": {}}, "description": "A file, sent while it is read"}
}


def export_route(kind: Kind, tag: str, wanted: Wanted, default: tuple[Sort, ...]) -> APIRouter:
    """Return the route that exports one kind."""
    router = APIRouter(prefix=f"/{kind}", tags=[tag])

    @router.get("/export", response_class=StreamingResponse, responses=_ANSWERS)
    def download(
        asked: Annotated[Asked, Depends(wanted)],
        parts: Given,
        form: Form = Format.CSV,
        columns: Columns = None,
        sort: Sorts = None,
    ) -> StreamingResponse:
        """Return all that fits as a file, however much it is."""
        query = Query(kind, asked.filter, sorts_of(kind, sort or (), default))
        headers = {
            "Content-Disposition": f'attachment; filename="{file_name(kind, form, instant_text(asked.now))}"',
            "X-Content-Type-Options": "nosniff",
        }
        pieces = export(parts.reader, query, columns, form)
        return StreamingResponse(pieces, headers=headers, media_type=form.media_type)

    return router


def _routers() -> APIRouter:
    router = APIRouter()
    router.include_router(export_route(Kind.TASKRUNS, "task runs", of_taskruns, NEWEST_FIRST))
    router.include_router(export_route(Kind.EXECUTIONS, "executions", of_executions, NEWEST_FIRST))
    router.include_router(export_route(Kind.LOGS, "logs and metrics", of_logs, NEWEST_LINES_FIRST))
    return router


router: Final = _routers()

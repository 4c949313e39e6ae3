"""Files of executions: sent, measured, previewed. Only through the execution that they belong to."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import RedirectResponse, Response

from runfold.errors import BadRequest, NotFound
from runfold.ports import StoredFile
from runfold.storage_layout import execution_folder, extension_of, is_within, owner_of, path_of
from runfold.webserver.answers import Json
from runfold.webserver.downloads import download
from runfold.webserver.parts import Given, Parts
from runfold.webserver.preview import ROWS_DEFAULT, ROWS_MAX, preview

router = APIRouter(prefix="/executions", tags=["files"])

PREVIEWED_ENCODING: Final = "UTF-8"


class Previewing(BaseModel):
    """Which file, and how much of it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    path: str
    max_rows: int = Field(ROWS_DEFAULT, ge=1, le=ROWS_MAX)
    encoding: str = PREVIEWED_ENCODING


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The file is of another execution."""

    execution_id: str


@router.get("/{execution_id}/file")
def content(execution_id: str, path: str, request: Request, parts: Given) -> Response:
    """Send a file."""
    found = _file(parts, execution_id, path)
    if isinstance(found, Elsewhere):
        return _redirect(request, found, "file")
    return download(parts.files.open(found.path), found.path.rpartition("/")[2], found.size_bytes)


@router.get("/{execution_id}/file/metas")
def metas(execution_id: str, path: str, request: Request, parts: Given) -> Response:
    """Return a file's size in bytes."""
    found = _file(parts, execution_id, path)
    return _redirect(request, found, "file/metas") if isinstance(found, Elsewhere) else Json({"size": found.size_bytes})


@router.get("/{execution_id}/file/preview")
def previewed(execution_id: str, asked: Annotated[Previewing, Query()], request: Request, parts: Given) -> Response:
    """Return how a file begins."""
    found = _file(parts, execution_id, asked.path)
    if isinstance(found, Elsewhere):
        return _redirect(request, found, "file/preview")
    extension = extension_of(found.path).removeprefix(".").lower()
    with parts.files.open(found.path) as file:
        return Json(preview(file, extension, asked.max_rows, asked.encoding))


def _file(parts: Parts, execution_id: str, uri: str) -> StoredFile | Elsewhere:
    """
    Return a file that belongs to the execution, or whose it is.

    Raises:
        NotFound: There is no such execution, or no such file.
        BadRequest: It belongs to no execution.
    """
    path = path_of(uri)
    whole = parts.reader.execution_head(execution_id)
    if whole is None:
        raise NotFound(f"Execution {execution_id} is not found")
    if not is_within(path, execution_folder(whole["namespace"], whole["flowId"], execution_id)):
        owner = owner_of(path)
        if owner is None or owner == execution_id or parts.reader.state(owner) is None:
            raise BadRequest(f"Invalid prefix path: the file does not belong to the execution {execution_id}")
        return Elsewhere(owner)
    stored = parts.files.stat(path)
    if stored is None:
        raise NotFound(f"Unable to find the file '{uri}'")
    return stored


def _redirect(request: Request, found: Elsewhere, route: str) -> RedirectResponse:
    """Send the client to the execution that owns the file: its own check is made there."""
    path, own, _ = request.url.path.partition("/executions/")
    query = urlencode(request.query_params.multi_items())
    return RedirectResponse(f"{path}{own}{found.execution_id}/{route}?{query}")

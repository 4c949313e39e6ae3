"""Namespaces, and the files that are kept for their flows."""

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from runfold.adapters.namespace_files import Item, NamespaceFiles
from runfold.errors import BadRequest, NotFound
from runfold.webserver.answers import Json
from runfold.webserver.downloads import download
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import Paging

router = APIRouter(prefix="/namespaces", tags=["namespaces"])

Namespace = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$", max_length=150)]
"""A route's parameter that is a namespace."""

EXPORT_SIZE_MAX_BYTES: Final = 1024**3
EXPORTED_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of entries in an archive: the same files give the same bytes."""


class NamespaceSearch(Paging):
    """Which namespaces; `existing`: only those that flows are in."""

    q: str | None = None
    existing: bool = False


@router.get("/search")
def search(asked: Annotated[NamespaceSearch, Query()], parts: Given) -> Json:
    """Find namespaces; those that are only above others are `disabled`."""
    used = _used(parts)
    found = used if asked.existing else used | {above for name in used for above in _above(name)}
    names = sorted(name for name in found if (asked.q or "").strip("* ").lower() in name)
    if any(sort.lower() == "id:desc" for sort in asked.sort):
        names.reverse()
    page = names[(asked.page - 1) * asked.size : asked.page * asked.size]
    return Json({"results": [_namespace(name, used) for name in page], "total": len(names)})


@router.get("/{namespace}")
def one(namespace: Namespace, parts: Given) -> Json:
    """Return a namespace."""
    return Json(_namespace(namespace, _used(parts)))


@router.get("/{namespace}/files")
def content(namespace: Namespace, path: str, parts: Given) -> Response:
    """Send a file."""
    item = _item(parts, namespace, path)
    if item.is_folder:
        raise BadRequest(f"{path} is a folder")
    return download(_files(parts, namespace).open(path), item.name, item.size_bytes)


@router.get("/{namespace}/files/search")
def found_files(namespace: Namespace, parts: Given, q: str = "") -> Json:
    """Return the paths of the files that hold `q`."""
    wanted = q.lower()
    return Json([path for path in _files(parts, namespace).paths() if wanted in path.lower()])


@router.get("/{namespace}/files/stats")
def stats(namespace: Namespace, parts: Given, path: str = "/") -> Json:
    """Return what is known of a file or folder."""
    return Json(_stats(_item(parts, namespace, path)))


@router.get("/{namespace}/files/directory")
def folder(namespace: Namespace, parts: Given, path: str = "/") -> Json:
    """Return what is directly in a folder."""
    return Json([_stats(item) for item in _files(parts, namespace).children(path)])


@router.get("/{namespace}/files/export")
def export(namespace: Namespace, parts: Given) -> Response:
    """Send all files as a ZIP archive."""
    files = _files(parts, namespace)
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    size_bytes = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files.paths():
            entry = zipfile.ZipInfo(path.removeprefix("/"), EXPORTED_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with files.open(path) as file, packed.open(entry, "w") as target:
                while chunk := file.read(256 * 1024):
                    size_bytes += len(chunk)
                    if size_bytes > EXPORT_SIZE_MAX_BYTES:
                        raise BadRequest(f"The files have more than {EXPORT_SIZE_MAX_BYTES} bytes together")
                    target.write(chunk)
    size_bytes = archive.tell()
    archive.seek(0)
    return download(archive, f"{namespace}_files.zip", size_bytes)


@router.post("/{namespace}/files")
async def upload(namespace: Namespace, path: str, request: Request, parts: Given) -> Json:
    """Store a file: the part `fileContent` of the form."""
    async with request.form(max_files=1, max_fields=10) as form:
        given = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if given is None:
            raise BadRequest("The form has no part `fileContent` with a file")
        stored = await run_in_threadpool(_files(parts, namespace).put, path, given.file)
    return Json({"path": stored})


@router.post("/{namespace}/files/directory")
def make_folder(namespace: Namespace, path: str, parts: Given) -> Response:
    """Make a folder."""
    _files(parts, namespace).make_folder(path)
    return Response(status_code=200)


@router.put("/{namespace}/files")
def move(
    namespace: Namespace, source: Annotated[str, Query(alias="from")], to: Annotated[str, Query()], parts: Given
) -> Response:
    """Move a file, or a folder with all in it."""
    _files(parts, namespace).move(source, to)
    return Response(status_code=200)


@router.delete("/{namespace}/files", status_code=204)
def delete(namespace: Namespace, path: str, parts: Given) -> Response:
    """Remove a file, or a folder with all in it."""
    if not path.strip("/"):
        raise BadRequest("Say which file or folder to delete")
    if not _files(parts, namespace).delete(path):
        raise NotFound(f"There is no file {path}")
    return Response(status_code=204)


def _files(parts: Parts, namespace: str) -> NamespaceFiles:
    return NamespaceFiles(parts.files, namespace)


def _item(parts: Parts, namespace: str, path: str) -> Item:
    item = _files(parts, namespace).item(path)
    if item is None:
        raise NotFound(f"There is no file {path}")
    return item


def _stats(item: Item) -> dict[str, Any]:
    modified = _millis(item.modified_at)
    return {
        "type": "Directory" if item.is_folder else "File",
        "fileName": item.name,
        "size": item.size_bytes,
        "lastModifiedTime": modified,
        "creationTime": modified,
    }


def _millis(date: datetime) -> int:
    return int(date.timestamp() * 1000)


def _used(parts: Parts) -> set[str]:
    return {stored.record.namespace for stored in parts.flows.all()}


def _above(namespace: str) -> Iterator[str]:
    while "." in namespace:
        namespace = namespace.rpartition(".")[0]
        yield namespace


def _namespace(name: str, used: set[str]) -> dict[str, Any]:
    return {"id": name} if name in used else {"id": name, "disabled": True}

"""Templates: tasks stored by themselves, for flows that name them. Bodies are YAML or JSON."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from runfold.documents.tokenizer import words_of
from runfold.errors import BadRequest, FlowInvalid, NotFound
from runfold.flows.check import constraints
from runfold.flows.parse import split_documents
from runfold.flows.record import FlowRecord
from runfold.flows.template import template_json
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.downloads import download
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import Paging

router = APIRouter(prefix="/templates", tags=["templates"])

IDS_MAX: Final = 10_000
IMPORT_SIZE_MAX_BYTES: Final = 10 * 1024**2
ENTRIES_MAX: Final = 10_000
PACKED_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of entries in an archive: the same templates give the same bytes."""


class TemplateFilter(BaseModel):
    """Which templates: words of id, namespace and description; a namespace with those below it."""

    q: str | None = None
    namespace: str | None = None


class TemplateSearch(TemplateFilter, Paging):
    """The parameters of the template search; sorted by id or namespace."""


class TemplateName(BaseModel):
    """One template."""

    namespace: str
    id: str


Names = Annotated[list[TemplateName], Body(max_length=IDS_MAX)]


@router.post("")
def create(source: TextBody, parts: Given) -> Json:
    """Store a new template."""
    return Json(template_json(parts.flows.templates.create(source).source))


@router.post("/validate")
def validate(source: TextBody, parts: Given) -> Json:
    """Say what is wrong with each of the documents; nothing is stored."""
    documents = split_documents(source) or [source]
    return Json([_report(index, document, parts) for index, document in enumerate(documents)])


@router.get("/search")
def search(asked: Annotated[TemplateSearch, Query()], parts: Given) -> Json:
    """Find templates by words of their id, namespace and description."""
    found = list(_found(parts, asked))
    for text in reversed(asked.sort):
        name, _, direction = text.partition(":")
        if name not in ("id", "namespace") or direction.lower() not in ("", "asc", "desc"):
            raise BadRequest(f"Invalid sort parameter: {text[:100]!r}")
        found.sort(key=lambda record: getattr(record, name), reverse=direction.lower() == "desc")
    page = found[(asked.page - 1) * asked.size : asked.page * asked.size]
    return Json({"results": [template_json(record.source) for record in page], "total": len(found)})


@router.get("/distinct-namespaces")
def namespaces(parts: Given, q: str = "") -> Json:
    """Return the namespaces that have templates."""
    found = {record.namespace for record in parts.flows.templates.all()}
    return Json(sorted(namespace for namespace in found if q.lower() in namespace))


@router.get("/export/by-query")
def export_found(asked: Annotated[TemplateFilter, Query()], parts: Given) -> Response:
    """Send the templates that a search finds as a ZIP archive."""
    return _archive(_found(parts, asked))


@router.post("/export/by-ids")
def export_named(names: Names, parts: Given) -> Response:
    """Send these templates as a ZIP archive."""
    return _archive([_known(parts, name.namespace, name.id) for name in names])


@router.post("/import")
async def import_file(request: Request, parts: Given) -> Json:
    """
    Store the templates of a file: YAML documents, or a ZIP archive of such files.

    Answers the names of the files, or numbers of the documents, that are no template; the others are stored.
    """
    async with request.form(max_files=1, max_fields=10) as form:
        given = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        if given is None:
            raise BadRequest("The form has no part `fileUpload` with a file")
        content = await given.read(IMPORT_SIZE_MAX_BYTES + 1)
        name = given.filename or ""
    return Json(await run_in_threadpool(_import, parts, name, content))


@router.delete("/delete/by-ids")
def delete_named(names: Names, parts: Given) -> Json:
    """Delete these templates; if one is not there, none is deleted."""
    for name in names:
        _known(parts, name.namespace, name.id)
    for name in names:
        parts.flows.templates.delete(name.namespace, name.id)
    return Json({"count": len(names)})


@router.delete("/delete/by-query")
def delete_found(asked: Annotated[TemplateFilter, Query()], parts: Given) -> Json:
    """Delete the templates that a search finds."""
    found = list(_found(parts, asked))
    for record in found:
        parts.flows.templates.delete(record.namespace, record.id)
    return Json({"count": len(found)})


@router.get("/{namespace}/{template_id}")
def get(namespace: str, template_id: str, parts: Given) -> Json:
    """Return a template."""
    return Json(template_json(_known(parts, namespace, template_id).source))


@router.put("/{namespace}/{template_id}")
def update(namespace: str, template_id: str, source: TextBody, parts: Given) -> Json:
    """Change a template; executions that began before go on with what they began with."""
    return Json(template_json(parts.flows.templates.update(namespace, template_id, source).source))


@router.delete("/{namespace}/{template_id}", status_code=204)
def delete(namespace: str, template_id: str, parts: Given) -> Response:
    """Delete a template; executions that use it go on."""
    parts.flows.templates.delete(namespace, template_id)
    return Response(status_code=204)


def _known(parts: Parts, namespace: str, template_id: str) -> FlowRecord:
    found = parts.flows.templates.get(namespace, template_id)
    if found is None:
        raise NotFound(f"There is no template {namespace}.{template_id}")
    return found


def _found(parts: Parts, asked: TemplateFilter) -> Iterator[FlowRecord]:
    wanted = words_of(asked.q or "")
    for record in parts.flows.templates.all():
        is_below = f"{record.namespace}.".startswith(f"{asked.namespace}.")
        words = words_of(f"{record.id} {record.namespace} {template_json(record.source).get('description') or ''}")
        if (not asked.namespace or is_below) and all(any(start in word for word in words) for start in wanted):
            yield record


def _report(index: int, document: str, parts: Parts) -> dict[str, Any]:
    try:
        template = parts.flows.templates.validate(document)
    except FlowInvalid as error:
        wrong = [asdict(violation) for violation in error.violations]
        return {"index": index, "constraints": constraints(error.violations), "violations": wrong}
    return {"index": index, "flow": template.id, "namespace": template.namespace}


def _archive(records: Iterator[FlowRecord] | list[FlowRecord]) -> Response:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for record in records:
            entry = zipfile.ZipInfo(f"{record.namespace}.{record.id}.yml", PACKED_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, record.source)
    size_bytes = archive.tell()
    archive.seek(0)
    return download(archive, "templates.zip", size_bytes)


def _import(parts: Parts, name: str, content: bytes) -> list[str]:
    """Store what a file holds; return what could not be stored."""
    if len(content) > IMPORT_SIZE_MAX_BYTES:
        raise BadRequest(f"The file has more than {IMPORT_SIZE_MAX_BYTES} bytes")
    wrong = []
    for place, source in _sources(name, content):
        try:
            parts.flows.templates.put(source)
        except FlowInvalid:
            wrong.append(place)
    return wrong


def _sources(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the sources in a file, each with its number or name."""
    if name.endswith((".yml", ".yaml")):
        documents = split_documents(content.decode(errors="replace"))
        yield from ((str(index), document) for index, document in enumerate(documents))
    elif name.endswith(".zip"):
        yield from _unpacked(content)
    else:
        raise BadRequest("Cannot import file: it must be named .yml, .yaml or .zip")


def _unpacked(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > ENTRIES_MAX or sum(entry.file_size for entry in entries) > IMPORT_SIZE_MAX_BYTES:
                raise BadRequest(f"An archive may hold {ENTRIES_MAX} files of {IMPORT_SIZE_MAX_BYTES} bytes together")
            for entry in entries:
                yield entry.filename, packed.read(entry).decode(errors="replace")
    except zipfile.BadZipFile as error:
        raise BadRequest(f"Cannot import file: it is no ZIP archive: {error}") from error

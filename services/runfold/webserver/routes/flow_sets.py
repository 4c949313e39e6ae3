"""Many flows at once: stored, taken away, brought in, switched, deleted."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, File, Query, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from runfold.adapters.flow_store import StoredFlow
from runfold.errors import BadRequest, FlowInvalid, NotFound, Violation
from runfold.flows.parse import parse_raw, split_documents
from runfold.flows.switching import switched
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.flow_answers import FlowSearch, flow_answer
from runfold.webserver.flow_bundle import archive, bring_in, save
from runfold.webserver.parts import Given, Parts

FLOWS_MAX: Final = 10_000
FILE_SIZE_MAX_BYTES: Final = 16 * 1024 * 1024

router = APIRouter(prefix="/flows", tags=["flows"])

namespace_router = APIRouter(prefix="/flows", tags=["flows"])
"""Comes after all others of flows: its one path takes any name."""


class FlowRef(BaseModel):
    """Which flow."""

    namespace: str
    id: str


Refs = Annotated[list[FlowRef], Body(max_length=FLOWS_MAX)]
Asked = Annotated[FlowSearch, Query()]


class Replacing(BaseModel):
    """What becomes of the flows that are not in the body."""

    delete: bool = Field(default=False, description="Delete all other flows of the namespace (of `bulk`: all others)")


@router.post("/bulk")
def store_all(source: TextBody, asked: Annotated[Replacing, Query()], parts: Given) -> Json:
    """Store all flows of the body, or none if one is wrong."""
    return Json(_store(parts, source, None, delete=asked.delete))


@router.post("/import")
def bring(file: Annotated[UploadFile, File(alias="fileUpload")], parts: Given) -> Json:
    """Store the flows of a YAML file or a ZIP archive; answer which of them are wrong, the others are stored."""
    content = file.file.read(FILE_SIZE_MAX_BYTES + 1)
    if len(content) > FILE_SIZE_MAX_BYTES:
        raise BadRequest(f"The file is larger than {FILE_SIZE_MAX_BYTES} bytes")
    return Json(bring_in(parts.flows, file.filename or "", content))


@router.get("/export/by-query")
def take_by_query(asked: Asked, parts: Given) -> Response:
    """Return the flows that a search finds as a ZIP archive."""
    return _zip(_found(parts, asked))


@router.post("/export/by-ids")
def take_by_ids(refs: Refs, parts: Given) -> Response:
    """Return these flows as a ZIP archive."""
    return _zip(_named(parts, refs))


@router.delete("/delete/by-ids")
def delete_by_ids(refs: Refs, parts: Given) -> Json:
    """Delete these flows."""
    return _each(_named(parts, refs), _deleter(parts))


@router.delete("/delete/by-query")
def delete_by_query(asked: Asked, parts: Given) -> Json:
    """Delete the flows that a search finds."""
    return _each(_found(parts, asked), _deleter(parts))


@router.post("/{verb}/by-ids")
def switch_by_ids(verb: str, refs: Refs, parts: Given) -> Json:
    """Disable or enable these flows; count those that were not so already."""
    return _each(_named(parts, refs), _switcher(parts, verb))


@router.post("/{verb}/by-query")
def switch_by_query(verb: str, asked: Asked, parts: Given) -> Json:
    """Disable or enable the flows that a search finds; count those that were not so already."""
    return _each(_found(parts, asked), _switcher(parts, verb))


@namespace_router.post("/{namespace}")
def store_namespace(namespace: str, source: TextBody, asked: Annotated[Replacing, Query()], parts: Given) -> Json:
    """Store all flows of the body, which are of this namespace, or none if one is wrong."""
    return Json(_store(parts, source, namespace, delete=asked.delete))


def _store(parts: Parts, source: str, namespace: str | None, *, delete: bool) -> list[dict[str, Any]]:
    documents = split_documents(source)
    reports = parts.flows.validate(source) if documents else []
    violations = [violation for report in reports for violation in report.violations]
    raws = [] if violations else [parse_raw(document) for document in documents]
    names = [(str(raw.get("namespace")), str(raw.get("id"))) for raw in raws]
    double = [".".join(name) for name, count in Counter(names).items() if count > 1]
    if double:
        violations.append(Violation(f"Duplicate flow ids: {', '.join(double)}", "flow.id"))
    if namespace is not None and any(of != namespace for of, _ in names):
        violations.append(Violation("Illegal namespace: not the one of the path", "flow.namespace"))
    if violations:
        raise FlowInvalid(tuple(violations))
    stored = [flow_answer(save(parts.flows, document), with_source=True) for document in documents]
    others = [
        flow
        for flow in parts.flows.all()
        if (flow.record.namespace, flow.record.id) not in names and namespace in (None, flow.record.namespace)
    ]
    for flow in others if delete else ():
        parts.flows.delete(flow.record.namespace, flow.record.id)
        stored.append(flow_answer(flow, with_source=True) | {"deleted": True, "revision": flow.record.revision + 1})
    return stored


def _named(parts: Parts, refs: Iterable[FlowRef]) -> list[StoredFlow]:
    found = []
    for ref in refs:
        stored = parts.flows.get(ref.namespace, ref.id)
        if stored is None:
            raise NotFound(f"There is no flow {ref.namespace}.{ref.id}")
        found.append(stored)
    return found


def _found(parts: Parts, asked: FlowSearch) -> list[StoredFlow]:
    return [stored for stored in parts.flows.all() if asked.fits(stored)]


def _each(flows: Iterable[StoredFlow], act: Callable[[StoredFlow], bool]) -> Json:
    return Json({"count": sum(act(stored) for stored in flows)})


def _deleter(parts: Parts) -> Callable[[StoredFlow], bool]:
    def delete(stored: StoredFlow) -> bool:
        parts.flows.delete(stored.record.namespace, stored.record.id)
        return True

    return delete


def _switcher(parts: Parts, verb: str) -> Callable[[StoredFlow], bool]:
    if verb not in ("disable", "enable"):
        raise NotFound(f"There is no action {verb} on flows")
    disabled = verb == "disable"

    def switch(stored: StoredFlow) -> bool:
        if stored.flow is None or stored.flow.disabled == disabled:
            return False
        source = switched(stored.record.source, disabled=disabled)
        parts.flows.update(stored.record.namespace, stored.record.id, source)
        return True

    return switch


def _zip(flows: Iterable[StoredFlow]) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="flows.zip"'}
    return Response(archive(flows), headers=headers, media_type="application/octet-stream")

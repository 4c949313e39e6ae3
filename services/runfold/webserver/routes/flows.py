"""Flows: created, changed, deleted, found, validated. Bodies are YAML."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from runfold.adapters.flow_store import StoredFlow
from runfold.documents.instants import instant_text
from runfold.documents.query import words_of
from runfold.errors import BadRequest, NotFound
from runfold.flows.check import Report
from runfold.flows.parse import parse_raw
from runfold.flows.written import flow_json
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.parts import Given
from runfold.webserver.routes.query import Paging

router = APIRouter(prefix="/flows", tags=["flows"])


class FlowSearch(Paging):
    """The parameters of the flow search; sorted by id, namespace, revision or updated."""

    q: str | None = None
    namespace: str | None = None
    labels: list[str] = []


class OneFlow(BaseModel):
    """Which revision of a flow (the newest, if none is named), and what of it."""

    model_config = ConfigDict(alias_generator=to_camel)

    source: bool = Field(default=False, description="With the text as it was written")
    revision: int | None = None
    allow_deleted: bool = False


@router.post("")
def create(source: TextBody, parts: Given) -> Json:
    """Store a new flow."""
    return Json(_json(parts.flows.create(source), with_source=True))


@router.post("/validate")
def validate(source: TextBody, parts: Given) -> Json:
    """Say what is wrong with each of the documents; nothing is stored."""
    return Json([_report(report, parts) for report in parts.flows.validate(source)])


@router.get("/search")
def search(asked: Annotated[FlowSearch, Query()], parts: Given) -> Json:
    """Find flows by words of their id, namespace and description."""
    found = [stored for stored in parts.flows.all() if _fits(stored, asked)]
    for text in reversed(asked.sort):
        found = _sorted(found, text)
    first = (asked.page - 1) * asked.size
    page = found[first : first + asked.size]
    return Json({"results": [_json(stored) for stored in page], "total": len(found)})


@router.get("/distinct-namespaces")
def namespaces(parts: Given, q: str = "") -> Json:
    """Return the namespaces that have flows."""
    found = {stored.record.namespace for stored in parts.flows.all()}
    return Json(sorted(namespace for namespace in found if q.lower() in namespace))


@router.get("/{namespace}")
def of_namespace(namespace: str, parts: Given) -> Json:
    """Return the flows of a namespace."""
    return Json([_json(stored) for stored in parts.flows.all() if stored.record.namespace == namespace])


@router.get("/{namespace}/{flow_id}")
def get(namespace: str, flow_id: str, asked: Annotated[OneFlow, Query()], parts: Given) -> Json:
    """Return a flow."""
    stored = parts.flows.get(namespace, flow_id, asked.revision, allow_deleted=asked.allow_deleted)
    if stored is None:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    return Json(_json(stored, with_source=asked.source))


@router.get("/{namespace}/{flow_id}/revisions")
def revisions(namespace: str, flow_id: str, parts: Given) -> Json:
    """Return all revisions of a flow with their texts, oldest first."""
    found = parts.flows.revisions(namespace, flow_id)
    if not found:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    return Json([_json(stored, with_source=True) for stored in found])


@router.put("/{namespace}/{flow_id}")
def update(namespace: str, flow_id: str, source: TextBody, parts: Given) -> Json:
    """Store the next revision of a flow; the same text makes none."""
    return Json(_json(parts.flows.update(namespace, flow_id, source), with_source=True))


@router.delete("/{namespace}/{flow_id}", status_code=204)
def delete(namespace: str, flow_id: str, parts: Given) -> Response:
    """Delete a flow; executions that run go on."""
    parts.flows.delete(namespace, flow_id)
    return Response(status_code=204)


def _json(stored: StoredFlow, *, with_source: bool = False) -> dict[str, Any]:
    record = stored.record
    json: dict[str, Any] = {"id": record.id, "namespace": record.namespace, "tasks": [], "disabled": False}
    if stored.flow is not None:
        json = flow_json(stored.flow, parse_raw(record.source))
    else:
        json["exception"] = stored.exception
    json |= {"revision": record.revision, "deleted": record.deleted, "updated": instant_text(record.updated)}
    if with_source:
        json["source"] = record.source
    return json


def _report(report: Report, parts: Given) -> dict[str, Any]:
    json: dict[str, Any] = {
        "index": report.index,
        "flow": report.flow,
        "namespace": report.namespace,
        "constraints": report.constraints,
        "violations": [asdict(violation) for violation in report.violations] or None,
        "outdated": _is_outdated(report, parts),
        "deprecationPaths": report.deprecation_paths,
        "warnings": report.warnings,
        "infos": report.infos,
    }
    return {key: value for key, value in json.items() if value is not None}


def _is_outdated(report: Report, parts: Given) -> bool:
    """Return whether the revision that was sent is not the one that would be written."""
    if report.revision is None or report.namespace is None or report.flow is None:
        return False
    stored = parts.flows.get(report.namespace, report.flow, allow_deleted=True)
    return report.revision != (0 if stored is None else stored.record.revision) + 1


def _fits(stored: StoredFlow, asked: FlowSearch) -> bool:
    record = stored.record
    if (
        asked.namespace
        and record.namespace != asked.namespace
        and not record.namespace.startswith(asked.namespace + ".")
    ):
        return False
    labels = {(label.key, label.value) for label in stored.flow.labels} if stored.flow else set()
    if not labels.issuperset(_pairs(asked.labels)):
        return False
    description = (stored.flow.description or "") if stored.flow else ""
    words = words_of(f"{record.id} {record.namespace} {description}")
    return all(any(start in word for word in words) for start in words_of(asked.q or ""))


def _pairs(texts: Iterable[str]) -> set[tuple[str, str]]:
    pairs = [text.partition(":") for text in texts]
    if not all(colon for _, colon, _ in pairs):
        raise BadRequest("Invalid queryString parameter: a label is not of the form key:value")
    return {(key, value) for key, _, value in pairs}


def _sorted(found: list[StoredFlow], text: str) -> list[StoredFlow]:
    name, _, direction = text.partition(":")
    if name not in ("id", "namespace", "revision", "updated") or direction.lower() not in ("", "asc", "desc"):
        raise BadRequest(f"Invalid sort parameter: {text[:100]!r}")
    return sorted(found, key=lambda stored: getattr(stored.record, name), reverse=direction.lower() == "desc")

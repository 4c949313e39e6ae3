"""Flows: created, changed, deleted, found, validated. Bodies are YAML."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from runfold.adapters.flow_store import StoredFlow
from runfold.errors import BadRequest, NotFound
from runfold.flows.check import Report
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.flow_answers import FlowSearch, flow_answer
from runfold.webserver.parts import Given

router = APIRouter(prefix="/flows", tags=["flows"])


class OneFlow(BaseModel):
    """Which revision of a flow (the newest, if none is named), and what of it."""

    model_config = ConfigDict(alias_generator=to_camel)

    source: bool = Field(default=False, description="With the text as it was written")
    revision: int | None = None
    allow_deleted: bool = False


@router.post("")
def create(source: TextBody, parts: Given) -> Json:
    """Store a new flow."""
    return Json(flow_answer(parts.flows.create(source), with_source=True))


@router.post("/validate")
def validate(source: TextBody, parts: Given) -> Json:
    """Say what is wrong with each of the documents; nothing is stored."""
    return Json([_report(report, parts) for report in parts.flows.validate(source)])


@router.get("/search")
def search(asked: Annotated[FlowSearch, Query()], parts: Given) -> Json:
    """Find flows by words of their id, namespace and description."""
    found = [stored for stored in parts.flows.all() if asked.fits(stored)]
    for text in reversed(asked.sort):
        found = _sorted(found, text)
    first = (asked.page - 1) * asked.size
    page = found[first : first + asked.size]
    return Json({"results": [flow_answer(stored) for stored in page], "total": len(found)})


@router.get("/distinct-namespaces")
def namespaces(parts: Given, q: str = "") -> Json:
    """Return the namespaces that have flows."""
    found = {stored.record.namespace for stored in parts.flows.all()}
    return Json(sorted(namespace for namespace in found if q.lower() in namespace))


@router.get("/{namespace}")
def of_namespace(namespace: str, parts: Given) -> Json:
    """Return the flows of a namespace."""
    return Json([flow_answer(stored) for stored in parts.flows.all() if stored.record.namespace == namespace])


@router.get("/{namespace}/{flow_id}")
def get(namespace: str, flow_id: str, asked: Annotated[OneFlow, Query()], parts: Given) -> Json:
    """Return a flow."""
    stored = parts.flows.get(namespace, flow_id, asked.revision, allow_deleted=asked.allow_deleted)
    if stored is None:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    return Json(flow_answer(stored, with_source=asked.source))


@router.get("/{namespace}/{flow_id}/revisions")
def revisions(namespace: str, flow_id: str, parts: Given) -> Json:
    """Return all revisions of a flow with their texts, oldest first."""
    found = parts.flows.revisions(namespace, flow_id)
    if not found:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    return Json([flow_answer(stored, with_source=True) for stored in found])


@router.put("/{namespace}/{flow_id}")
def update(namespace: str, flow_id: str, source: TextBody, parts: Given) -> Json:
    """Store the next revision of a flow; the same text makes none."""
    return Json(flow_answer(parts.flows.update(namespace, flow_id, source), with_source=True))


@router.delete("/{namespace}/{flow_id}", status_code=204)
def delete(namespace: str, flow_id: str, parts: Given) -> Response:
    """Delete a flow; executions that run go on."""
    parts.flows.delete(namespace, flow_id)
    return Response(status_code=204)


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


def _sorted(found: list[StoredFlow], text: str) -> list[StoredFlow]:
    name, _, direction = text.partition(":")
    if name not in ("id", "namespace", "revision", "updated") or direction.lower() not in ("", "asc", "desc"):
        raise BadRequest(f"Invalid sort parameter: {text[:100]!r}")
    return sorted(found, key=lambda stored: getattr(stored.record, name), reverse=direction.lower() == "desc")

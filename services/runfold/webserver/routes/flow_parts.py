"""What is in flows: their text, one task, what they lead to; and a task that is still being written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from runfold.errors import NotFound
from runfold.flows.check import constraints, part_violations
from runfold.flows.dependencies import Dependency, around, dependencies
from runfold.flows.task import Task
from runfold.flows.trigger import Trigger
from runfold.flows.validate import all_tasks
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.flow_answers import FlowSearch, flow_answer
from runfold.webserver.parts import Given

FRAGMENTS_MAX: Final = 10

router = APIRouter(prefix="/flows", tags=["flows"])


class Section(StrEnum):
    """Which part of a flow a text is."""

    TASKS = "TASKS"
    TRIGGERS = "TRIGGERS"


@router.get("/source")
def search_source(asked: Annotated[FlowSearch, Query()], parts: Given) -> Json:
    """Find flows by their text; `fragments` are the lines that hold it."""
    wanted = (asked.q or "").lower()
    nameless = asked.model_copy(update={"q": None})
    flows = (stored for stored in parts.flows.all() if nameless.fits(stored))
    found = [stored for stored in flows if wanted in stored.record.source.lower()]
    first = (asked.page - 1) * asked.size
    results = [
        {"model": flow_answer(stored), "fragments": _fragments(stored.record.source, wanted)}
        for stored in found[first : first + asked.size]
    ]
    return Json({"results": results, "total": len(found)})


@router.post("/validate/task")
def validate_task(source: TextBody, parts: Given, section: Section = Section.TASKS) -> Json:
    """Say what is wrong with the text of one task or trigger."""
    kind = Task if section is Section.TASKS else Trigger
    violations = part_violations(source, kind, parts.types)
    return Json({"index": 0} | ({"constraints": constraints(violations)} if violations else {}))


@router.post("/validate/trigger")
def validate_trigger(source: TextBody, parts: Given) -> Json:
    """Say what is wrong with the text of one trigger."""
    return validate_task(source, parts, Section.TRIGGERS)


@router.get("/{namespace}/{flow_id}/tasks/{task_id}")
def task(namespace: str, flow_id: str, task_id: str, parts: Given, revision: int | None = None) -> Json:
    """Return one task of a flow, however deep it stands."""
    stored = parts.flows.get(namespace, flow_id, revision)
    tasks = () if stored is None or stored.flow is None else all_tasks(stored.flow)
    found = next((each for each, _ in tasks if each.id == task_id), None)
    if found is None:
        raise NotFound(f"There is no task {task_id} in flow {namespace}.{flow_id}")
    return Json(found.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True))


@router.get("/{namespace}/{flow_id}/dependencies")
def dependencies_of(
    namespace: str,
    flow_id: str,
    parts: Given,
    only: Annotated[bool, Query(alias="destinationOnly")] = False,  # noqa: FBT002
) -> Json:
    """Return the flows that this one is joined to, by subflows and by flow triggers."""
    if parts.flows.get(namespace, flow_id) is None:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    known = dependencies(stored.flow for stored in parts.flows.all() if stored.flow is not None)
    return Json(_picture(around(known, (namespace, flow_id), only_from=only), (namespace, flow_id)))


def _picture(found: Iterable[Dependency], own: tuple[str, str]) -> dict[str, Any]:
    edges = list(found)
    names = dict.fromkeys([own, *(name for edge in edges for name in (edge.source, edge.target))])
    return {
        "nodes": [{"uid": _uid(name), "namespace": name[0], "id": name[1]} for name in names],
        "edges": [
            {"source": _uid(edge.source), "target": _uid(edge.target), "relation": edge.relation} for edge in edges
        ],
    }


def _uid(name: tuple[str, str]) -> str:
    return ".".join(name)


def _fragments(source: str, wanted: str) -> list[str]:
    if not wanted:
        return []
    lines = [line.strip() for line in source.splitlines() if wanted in line.lower()]
    return lines[:FRAGMENTS_MAX]

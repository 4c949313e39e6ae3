"""What can be started, and of which flow an execution is: flows without what is private in them."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel

from runfold.adapters.flow_store import StoredFlow
from runfold.documents.model import Kind
from runfold.documents.query import Query, all_of
from runfold.documents.statistics import Statistics
from runfold.errors import Conflict, NotFound
from runfold.flows.model import Flow
from runfold.flows.task import FlowableTask, Task
from runfold.webserver.answers import Json
from runfold.webserver.parameters import same
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import NEWEST_FIRST

LATEST_MAX: Final = 200

router = APIRouter(prefix="/executions", tags=["executions"])


@router.get("/namespaces")
def namespaces(parts: Given) -> Json:
    """Return the namespaces that have flows that can be started."""
    return Json(sorted({stored.record.namespace for stored in _startable(parts)}))


@router.get("/namespaces/{namespace}/flows")
def flows(namespace: str, parts: Given) -> Json:
    """Return the flows of a namespace that can be started."""
    found = [stored for stored in _startable(parts) if stored.record.namespace == namespace]
    return Json([_shown(stored, stored.flow) for stored in found if stored.flow is not None])


@router.get("/namespaces/{namespace}/flows/{flow_id}/average-duration")
def average_duration(namespace: str, flow_id: str, parts: Given) -> Json:
    """Return how long the executions of a flow took on average, in milliseconds, and how many they are."""
    wanted = all_of((same(namespace=namespace, flowId=flow_id),))
    total = parts.index.statistics(Statistics(Kind.EXECUTIONS, ("namespace", "flowId"), wanted, size=1)).total
    figures = total.figures["durationMs"]
    return Json({"count": figures.count, "averageDuration": figures.avg})


@router.get("/flows/{namespace}/{flow_id}")
def flow(namespace: str, flow_id: str, parts: Given, revision: int | None = None) -> Json:
    """Return a flow as whoever starts it needs to know it."""
    return Json(_flow(parts, namespace, flow_id, revision))


@router.get("/{execution_id}/flow")
def flow_of(execution_id: str, parts: Given) -> Json:
    """Return the flow of an execution, in the revision that it runs."""
    found = parts.reader.document(Kind.EXECUTIONS, execution_id)
    if found is None:
        raise NotFound(f"There is no execution {execution_id}")
    body = found.body
    return Json(_flow(parts, body["namespace"], body["flowId"], body["flowRevision"], allow_deleted=True))


class FlowName(BaseModel):
    """Which flow."""

    namespace: str
    id: str


@router.post("/latest")
def latest(names: list[FlowName], parts: Given) -> Json:
    """Return the newest execution of each of these flows: its id, state and start."""
    return Json([found for name in names[:LATEST_MAX] for found in _latest(parts, name)])


def _latest(parts: Parts, name: FlowName) -> Iterator[dict[str, Any]]:
    wanted = all_of((same(namespace=name.namespace, flowId=name.id),))
    query = Query(Kind.EXECUTIONS, wanted, NEWEST_FIRST, size=1, exact_total=False)
    for found in parts.reader.search(query)["results"]:
        state = found["state"]
        about = {"id": found["id"], "namespace": name.namespace, "flowId": name.id}
        yield about | {"startDate": state["startDate"], "status": state["current"]}


def _startable(parts: Parts) -> list[StoredFlow]:
    return [stored for stored in parts.flows.all() if stored.flow is not None and not stored.flow.disabled]


def _flow(
    parts: Parts, namespace: str, flow_id: str, revision: int | None, *, allow_deleted: bool = False
) -> dict[str, Any]:
    stored = parts.flows.get(namespace, flow_id, revision, allow_deleted=allow_deleted)
    if stored is None:
        raise NotFound(f"There is no flow {namespace}.{flow_id}")
    if stored.flow is None:
        raise Conflict(f"Flow {namespace}.{flow_id} is not valid: {stored.exception}")
    return _shown(stored, stored.flow)


def _shown(stored: StoredFlow, flow: Flow) -> dict[str, Any]:
    dumped = flow.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True, include={"inputs"})
    json: dict[str, Any] = {
        "id": flow.id,
        "namespace": flow.namespace,
        "revision": stored.record.revision,
        "description": flow.description,
        "disabled": flow.disabled,
        "deleted": stored.record.deleted,
        "draft": False,
        "labels": [{"key": label.key, "value": label.value} for label in flow.labels] or None,
        "inputs": dumped.get("inputs") or None,
        "tasks": [_task(task) for task in flow.tasks],
        "errors": [_task(task) for task in flow.errors] or None,
        "finally": [_task(task) for task in flow.finally_] or None,
        "afterExecution": [_task(task) for task in flow.after_execution] or None,
        "triggers": [{"id": trigger.id, "type": trigger.type} for trigger in flow.triggers] or None,
    }
    return {key: value for key, value in json.items() if value is not None}


def _task(task: Task) -> dict[str, Any]:
    json: dict[str, Any] = {"id": task.id, "type": task.type}
    children = task.children() if isinstance(task, FlowableTask) else {}
    inner = [_task(child) for tasks in children.values() for child in tasks]
    return json | ({"tasks": inner} if inner else {})

"""Flows and executions as graphs: what pictures of them are drawn from."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from runfold.documents.api_json import taskrun_json
from runfold.errors import Conflict, NotFound
from runfold.execution.aggregate import Aggregate
from runfold.flows.graph import flow_graph, with_runs
from runfold.flows.parse import parse_flow
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.parts import Given
from runfold.webserver.whole import aggregate_of, plan_of

router = APIRouter(tags=["graphs"])


@router.get("/flows/{namespace}/{flow_id}/graph")
def of_flow(namespace: str, flow_id: str, parts: Given, revision: int | None = None) -> Json:
    """Return the graph of a flow."""
    stored = parts.flows.get(namespace, flow_id, revision)
    if stored is None:
        raise NotFound(f"There is no flow {namespace}.{flow_id}" + (f" of revision {revision}" if revision else ""))
    if stored.flow is None:
        raise Conflict(f"Flow {namespace}.{flow_id} is not valid: {stored.exception}")
    return Json(flow_graph(stored.flow))


@router.post("/flows/graph")
def of_source(source: TextBody, parts: Given) -> Json:
    """Return the graph of a flow that is not stored: what an editor shows beside the text."""
    return Json(flow_graph(parse_flow(source, parts.types)))


@router.get("/executions/{execution_id}/graph")
def of_execution(execution_id: str, parts: Given) -> Json:
    """
    Return the graph of an execution's flow; each task's node has its newest run as `taskRun`.

    A task that ran more than once (in a loop) also says how many of its runs are in which state, as `states`.
    """
    aggregate = aggregate_of(parts, execution_id)
    return Json(with_runs(flow_graph(plan_of(parts, aggregate).flow), _runs(aggregate)))


def _runs(aggregate: Aggregate) -> Mapping[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for task_id, runs in aggregate.by_task.items():
        newest = aggregate.taskruns[runs[max(runs)]]
        states = Counter(str(aggregate.taskruns[run_id].state) for run_id in runs.values())
        found[task_id] = {"taskRun": taskrun_json(newest), "states": dict(states)}
    return found

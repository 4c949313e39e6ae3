"""Figures over time and by flow, in the form of Kestra's own statistics."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from runfold.documents.model import Kind
from runfold.documents.query import Filter, Query, all_of
from runfold.documents.statistics import VALUES_MAX, Statistics
from runfold.webserver.answers import Json
from runfold.webserver.daily import Span, daily, daily_logs
from runfold.webserver.parameters import (
    Range,
    below,
    level_filter,
    range_of,
    same,
    scope_filter,
    states_filter,
    words_filter,
)
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import NEWEST_FIRST

FLOWS_MAX: Final = 200
"""Of one request; each is a search of its own."""

router = APIRouter(prefix="/stats", tags=["statistics"])


class StatsBody(BaseModel):
    """What all of these bodies may hold; unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = None
    scope: list[str] | str | None = None
    namespace: str | None = None
    flow_id: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    state: list[str] = []

    def span(self, parts: Parts) -> Span:
        """Return from when to when. Raises: BadRequest."""
        now = parts.clock()
        return Span.of(range_of(self.start_date, self.end_date, None, now), now)

    def filter(self) -> Filter:
        """Return the filter that these say together, without the dates. Raises: BadRequest."""
        scope = [self.scope] if isinstance(self.scope, str) else self.scope or []
        return all_of(
            (
                words_filter(self.q),
                scope_filter(scope),
                below(self.namespace),
                same(flowId=self.flow_id),
                states_filter(self.state),
            )
        )


class FlowName(BaseModel):
    """Which flow; `id` may be called `flowId`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    namespace: str
    id: str | None = None
    flow_id: str | None = None


class ByFlow(StatsBody):
    """Of which flows; none named: of those that the index knows most executions of."""

    flows: list[FlowName] | None = None
    namespace_only: bool = False


class LogStats(StatsBody):
    """Of which log lines."""

    log_level: str | None = None


Stats = Annotated[StatsBody, Body()]


@router.post("/summary")
def summary(parts: Given, body: Annotated[StatsBody | None, Body()] = None) -> Json:
    """Count flows and triggers (of a namespace and those below it)."""
    wanted = None if body is None else body.namespace
    flows = [
        stored
        for stored in parts.flows.all()
        if not wanted or stored.record.namespace == wanted or stored.record.namespace.startswith(wanted + ".")
    ]
    triggers = sum(len(stored.flow.triggers) for stored in flows if stored.flow is not None)
    return Json({"flows": len(flows), "triggers": triggers})


@router.post("/executions/daily")
def executions_daily(body: Stats, parts: Given) -> Json:
    """Count executions by state over time, with their durations."""
    return Json(daily(parts.index, Kind.EXECUTIONS, body.filter(), body.span(parts)))


@router.post("/taskruns/daily")
def taskruns_daily(body: Stats, parts: Given) -> Json:
    """Count task runs by state over time, with their durations."""
    return Json(daily(parts.index, Kind.TASKRUNS, body.filter(), body.span(parts)))


@router.post("/logs/daily")
def logs_daily(body: LogStats, parts: Given) -> Json:
    """Count log lines by level over time."""
    return Json(daily_logs(parts.index, all_of((body.filter(), level_filter(body.log_level))), body.span(parts)))


@router.post("/executions/daily/group-by-flow")
def executions_by_flow(body: ByFlow, parts: Given) -> Json:
    """Count executions by state over time, for each flow (or, `namespaceOnly`, each namespace: flow `*`)."""
    found: dict[str, dict[str, Any]] = {}
    span = body.span(parts)
    for namespace, flow_id in _names(body, parts):
        wanted = all_of((body.filter(), same(namespace=namespace, flowId=flow_id)))
        found.setdefault(namespace, {})[flow_id or "*"] = daily(parts.index, Kind.EXECUTIONS, wanted, span)
    return Json(found)


@router.post("/executions/daily/group-by-namespace")
def executions_by_namespace(body: Stats, parts: Given) -> Json:
    """Count executions by namespace and state."""
    span = body.span(parts)
    wanted = all_of((body.filter(), Range(span.start, span.end).within("startDate")))
    answer = parts.index.statistics(Statistics(Kind.EXECUTIONS, ("namespace", "state"), wanted, size=VALUES_MAX))
    found: dict[str, dict[str, Any]] = {}
    for group in answer.groups:
        namespace, state = group.key
        entry = found.setdefault(namespace, {"counts": {}, "total": 0})
        entry["counts"][state] = group.count
        entry["total"] += group.count
    return Json(found)


@router.post("/executions/latest/group-by-flow")
def latest(body: ByFlow, parts: Given) -> Json:
    """Return the newest execution of each flow."""
    found = []
    for namespace, flow_id in _names(body, parts):
        wanted = all_of((body.filter(), same(namespace=namespace, flowId=flow_id)))
        query = Query(Kind.EXECUTIONS, wanted, NEWEST_FIRST, size=1, exact_total=False)
        found += parts.reader.search(query)["results"]
    return Json(found)


def _names(body: ByFlow, parts: Parts) -> list[tuple[str, str | None]]:
    """Return the flows asked for; with `namespaceOnly` namespaces, without a flow."""
    if body.flows:
        names = [(flow.namespace, flow.id or flow.flow_id) for flow in body.flows]
    else:
        asked = Statistics(Kind.EXECUTIONS, ("namespace", "flowId"), body.filter(), size=FLOWS_MAX)
        names = [(group.key[0], group.key[1]) for group in parts.index.statistics(asked).groups]
    if body.namespace_only:
        names = [(namespace, None) for namespace, _ in names]
    return list(dict.fromkeys(names))[:FLOWS_MAX]

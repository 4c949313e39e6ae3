"""
Values, figures over time and figures of groups: of task runs, executions and log lines alike.

Each route takes the filter parameters of its kind's search, so that it tells of what a page shows.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from runfold.documents.model import Kind
from runfold.documents.statistics import FACETS_MAX, GROUPED_BY_MAX, VALUES_MAX, Facets, Histogram, Statistics
from runfold.webserver.answers import Json
from runfold.webserver.figures import (
    AUTO,
    DATES,
    FINGERPRINT,
    GROUPED,
    MEASURED,
    PARTS,
    Asked,
    counted_of,
    date_of,
    facets_json,
    group_fields,
    histogram_json,
    interval_of,
    keyword_of,
    number_of,
    order_of,
    statistics_json,
    zone_of,
)
from runfold.webserver.parameters import range_of
from runfold.webserver.parts import Given
from runfold.webserver.routes.query import ExecutionFilter, LogFilter, TaskRunFilter


class Answer(BaseModel):
    """What all answers hold."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    as_of: dict[str, Any]


class CountAnswer(Answer):
    """How many documents fit; not `totalIsExact`: so many at least."""

    total: int
    total_is_exact: bool


class ValueCount(BaseModel):
    """A value, and in how many documents it is."""

    value: str
    count: int


class FacetAnswer(BaseModel):
    """The most frequent values; `other`: documents with another value."""

    values: list[ValueCount]
    other: int


class FacetsAnswer(Answer):
    """`total`: documents that fit, with values or without."""

    total: int
    facets: dict[str, FacetAnswer]


class FiguresAnswer(BaseModel):
    """Figures of numbers; milliseconds, if the field's name ends so. Of no numbers all but the count is null."""

    count: int
    min: float | None
    avg: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None


class BucketAnswer(BaseModel):
    """Documents from `start` on to the next bucket's start, by part; figures stand under their field's name."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    start: str
    count: int
    counts: dict[str, int]
    duration_ms: FiguresAnswer | None = None


class HistogramAnswer(Answer):
    """`interval`: an ISO duration; null and no buckets: nothing fits, and no time was named."""

    interval: str | None
    buckets: list[BucketAnswer]


class FiguresOfAll(BaseModel):
    """`failureRate`: of all, ended or not. `baselineMs`: what 95 of 100 runs take; `slowdown`: the median."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    count: int
    failed: int
    failure_rate: float
    retried: int
    run_ms: FiguresAnswer | None = None
    queue_ms: FiguresAnswer | None = None
    duration_ms: FiguresAnswer | None = None
    baseline_ms: float | None
    slowdown: float | None


class FiguresOfGroup(FiguresOfAll):
    """`key`: by field. `sample`: of errors that are the same, the text of one."""

    key: dict[str, str]
    sample: str | None = None


class RestAnswer(BaseModel):
    """Groups that are not shown, and what they have together."""

    groups: int
    count: int
    failed: int
    retried: int


class StatisticsAnswer(Answer):
    """`total`: over all that fit. Not `isComplete`: there are so many groups that `other` misses some."""

    groups: list[FiguresOfGroup]
    total: FiguresOfAll
    other: RestAnswer
    is_complete: bool


def of_taskruns(asked: Annotated[TaskRunFilter, Query()], parts: Given) -> Asked:
    """Return which task runs are asked about."""
    return _of_runs(asked, parts)


def of_executions(asked: Annotated[ExecutionFilter, Query()], parts: Given) -> Asked:
    """Return which executions are asked about."""
    return _of_runs(asked, parts)


def of_logs(asked: Annotated[LogFilter, Query()], parts: Given) -> Asked:
    """Return which log lines are asked about."""
    now = parts.clock()
    within = range_of(asked.start_date, asked.end_date, asked.time_range, now)
    return Asked(asked.kind, asked.filter(now), within, now)


def _of_runs(asked: ExecutionFilter, parts: Given) -> Asked:
    now = parts.clock()
    within = range_of(asked.start_date, asked.end_date, asked.time_range, now)
    return Asked(asked.kind, asked.filter(now), within, now)


Wanted = Callable[..., Asked]
Fields = Annotated[
    list[str] | None,
    Query(max_length=FACETS_MAX, description="Fields, or labels as label:team, whose values are counted"),
]
Size = Annotated[int, Query(ge=1, le=VALUES_MAX)]
By = Annotated[str | None, Query(description="Each bucket is parted by this field; empty: by none")]
Interval = Annotated[str, Query(description="PT1H, P1D, P1W, P1M, P1Y...; auto: chosen by the time that is shown")]
Date = Annotated[str | None, Query(description="The date that counts")]
Zone = Annotated[str, Query(description="Where days begin: Europe/Berlin")]
Measure = Annotated[str | None, Query(description="The number that each bucket tells figures of; empty: none")]
GroupBy = Annotated[
    list[str] | None,
    Query(
        alias="groupBy",
        max_length=GROUPED_BY_MAX,
        description="task, flow, namespace, taskType, worker, error, state, another field, or a label as label:team",
    ),
]
OrderBy = Annotated[str, Query(description="count, failed, failureRate, retried, p95, slowdown")]


def count_and_facets(kind: Kind, tag: str, wanted: Wanted) -> APIRouter:
    """Return the routes that every kind has."""
    router = APIRouter(prefix=f"/{kind}", tags=[tag])

    @router.get("/count", response_model=CountAnswer)
    def count(
        asked: Annotated[Asked, Depends(wanted)],
        parts: Given,
        total: Annotated[str, Query(pattern="^(exact|bounded)$", description="bounded: up to 10,000")] = "exact",
    ) -> Json:
        """Return how many fit."""
        found = parts.index.count(kind, asked.filter, is_exact=total == "exact")
        return _answer(parts, {"total": found.total, "totalIsExact": found.is_exact})

    @router.get("/facets", response_model=FacetsAnswer)
    def facets(asked: Annotated[Asked, Depends(wanted)], parts: Given, field: Fields = None, size: Size = 10) -> Json:
        """Return how often which values occur, the most frequent ones first."""
        names = {name: counted_of(kind, name) for name in field or [PARTS[kind]]}
        found = parts.index.facets(Facets(kind, tuple(dict.fromkeys(names.values())), asked.filter, size))
        return _answer(parts, facets_json(found, names))

    return router


def histogram_routes(kind: Kind, tag: str, wanted: Wanted) -> APIRouter:
    """Return the route of figures over time."""
    router = APIRouter(prefix=f"/{kind}", tags=[tag])

    @router.get("/histogram", response_model=HistogramAnswer)
    def histogram(  # noqa: PLR0913, PLR0917 - each is a parameter of the request
        asked: Annotated[Asked, Depends(wanted)],
        parts: Given,
        by: By = None,
        interval: Interval = AUTO,
        date: Date = None,
        zone: Zone = "UTC",
        measure: Measure = None,
    ) -> Json:
        """Return counts over time, and figures of a number."""
        counted = date_of(kind, date) if date else DATES[kind]
        # The dates of the request are of the start: of another date, documents themselves say from when to when.
        low, high = (asked.range.start, asked.range.end) if counted == DATES[kind] else (None, None)
        figured = MEASURED[kind] if measure is None else number_of(kind, measure) if measure else None
        question = Histogram(
            kind,
            counted,
            asked.filter,
            low,
            high or (asked.now if low is not None and low < asked.now else None),
            interval_of(interval),
            zone_of(zone),
            PARTS[kind] if by is None else keyword_of(kind, by) if by else None,
            figured,
        )
        return _answer(parts, histogram_json(parts.index.histogram(question), figured))

    return router


def statistics_routes(kind: Kind, tag: str, wanted: Wanted) -> APIRouter:
    """Return the route of figures by group."""
    router = APIRouter(prefix=f"/{kind}", tags=[tag])

    @router.get("/statistics", response_model=StatisticsAnswer)
    def statistics(
        asked: Annotated[Asked, Depends(wanted)],
        parts: Given,
        group_by: GroupBy = None,
        order: OrderBy = "count",
        size: Size = 20,
    ) -> Json:
        """Return figures by group: counts, failures, run and waiting times."""
        names = [name for text in group_by or [GROUPED[kind]] for name in text.split(",")]
        fields = group_fields(kind, names)
        sample = "error" if FINGERPRINT in fields else None
        question = Statistics(kind, fields, asked.filter, order_of(order), size, sample)
        return _answer(parts, statistics_json(parts.index.statistics(question), question))

    return router


def _answer(parts: Given, found: dict[str, Any]) -> Json:
    return Json(found | {"asOf": parts.freshness.as_of()})


def _routers() -> APIRouter:
    router = APIRouter()
    kinds: tuple[tuple[Kind, str, Wanted], ...] = (
        (Kind.TASKRUNS, "task runs", of_taskruns),
        (Kind.EXECUTIONS, "executions", of_executions),
        (Kind.LOGS, "logs and metrics", of_logs),
    )
    for kind, tag, wanted in kinds:
        router.include_router(count_and_facets(kind, tag, wanted))
        router.include_router(histogram_routes(kind, tag, wanted))
        if kind in GROUPED:
            router.include_router(statistics_routes(kind, tag, wanted))
    return router


router: Final = _routers()

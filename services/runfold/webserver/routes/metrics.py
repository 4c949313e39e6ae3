"""What tasks measured: of one execution, and over time."""

from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from runfold.documents.model import Kind
from runfold.documents.query import Sort, all_of
from runfold.documents.statistics import VALUES_MAX, Facets
from runfold.webserver.answers import Json
from runfold.webserver.daily import Span, aggregated_metrics
from runfold.webserver.parameters import range_of, same
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import Paging

OLDEST_FIRST: Final = (Sort("timestamp"), Sort("position"))

router = APIRouter(prefix="/metrics", tags=["logs and metrics"])


class MetricLines(Paging):
    """Which measurements of an execution."""

    task_run_id: str | None = None
    task_id: str | None = None


class Aggregation(StrEnum):
    """What is told of the values of a bucket."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class MetricSpan(BaseModel):
    """From when to when (the last 30 days, if not said), and what of the values."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    start_date: str | None = None
    end_date: str | None = None
    aggregation: Aggregation = Aggregation.SUM


@router.get("/names/{namespace}/{flow_id}")
def names_of_flow(namespace: str, flow_id: str, parts: Given) -> Json:
    """Return the names of what a flow's tasks measured."""
    return Json(_values(parts, "name", namespace=namespace, flowId=flow_id))


@router.get("/names/{namespace}/{flow_id}/{task_id}")
def names_of_task(namespace: str, flow_id: str, task_id: str, parts: Given) -> Json:
    """Return the names of what a task measured."""
    return Json(_values(parts, "name", namespace=namespace, flowId=flow_id, taskId=task_id))


@router.get("/tasks/{namespace}/{flow_id}")
def tasks(namespace: str, flow_id: str, parts: Given) -> Json:
    """Return the tasks of a flow that measured something."""
    return Json(_values(parts, "taskId", namespace=namespace, flowId=flow_id))


@router.get("/aggregates/{namespace}/{flow_id}/{metric}")
def aggregates_of_flow(
    namespace: str, flow_id: str, metric: str, asked: Annotated[MetricSpan, Query()], parts: Given
) -> Json:
    """Return the values of a metric of a flow, bucket by bucket."""
    return _aggregates(parts, asked, namespace=namespace, flowId=flow_id, name=metric)


@router.get("/aggregates/{namespace}/{flow_id}/{task_id}/{metric}")
def aggregates_of_task(  # noqa: PLR0913, PLR0917 - a path of four parts
    namespace: str, flow_id: str, task_id: str, metric: str, asked: Annotated[MetricSpan, Query()], parts: Given
) -> Json:
    """Return the values of a metric of a task, bucket by bucket."""
    return _aggregates(parts, asked, namespace=namespace, flowId=flow_id, taskId=task_id, name=metric)


@router.get("/{execution_id}")
def of_execution(execution_id: str, asked: Annotated[MetricLines, Query()], parts: Given) -> Json:
    """Return the measurements of an execution, by time."""
    wanted = same(executionId=execution_id, taskRunId=asked.task_run_id, taskId=asked.task_id)
    return Json(parts.reader.search(asked.query(Kind.METRICS, all_of((wanted,)), OLDEST_FIRST)))


def _values(parts: Parts, field: str, **wanted: str) -> list[str]:
    answer = parts.index.facets(Facets(Kind.METRICS, (field,), all_of((same(**wanted),)), VALUES_MAX))
    return sorted(value for value, _ in answer.facets[field].values)


def _aggregates(parts: Parts, asked: MetricSpan, **wanted: str) -> Json:
    now = parts.clock()
    span = Span.of(range_of(asked.start_date, asked.end_date, None, now), now)
    return Json(aggregated_metrics(parts.index, all_of((same(**wanted),)), span, asked.aggregation))

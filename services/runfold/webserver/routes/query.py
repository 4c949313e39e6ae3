"""
The query parameters of the searches, and the queries they become.

A route that filters takes one of the models `ExecutionFilter`, `TaskRunFilter`, `LogFilter`, or
a model that adds its own parameters to one. The rule: all of them read the same parameters, so
what a page shows, counts, exports and acts upon is the same.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from runfold.documents.grammar import read_query
from runfold.documents.model import Kind
from runfold.documents.query import PAGE_SIZE_MAX, Filter, Query, Sort, all_of
from runfold.errors import BadRequest
from runfold.webserver.filters import filters_filter, names_of
from runfold.webserver.parameters import (
    below,
    child_filter,
    labels_filter,
    level_filter,
    range_of,
    same,
    scope_filter,
    sorts_of,
    states_filter,
    words_filter,
)

NEWEST_FIRST: Final = (Sort("startDate", descending=True), Sort("id"))
NEWEST_LINES_FIRST: Final = (Sort("timestamp", descending=True), Sort("position", descending=True))


class Paging(BaseModel):
    """Which page, in which order: `sort=field:asc` or `sort=-field`, also several times."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    page: int = Field(1, ge=1)
    size: int = Field(10, ge=1, le=PAGE_SIZE_MAX)
    sort: list[str] = []

    def query(self, kind: Kind, wanted: Filter, default: tuple[Sort, ...]) -> Query:
        """Return the query for this page of `wanted`."""
        return Query(kind, wanted, sorts_of(kind, self.sort, default), self.page, self.size)


class Cursors(Paging):
    """Going on beyond all pages, and how the total is counted."""

    cursor: str | None = Field(None, description="The `next` of an answer: go on from there, `page` is ignored")
    total: Literal["exact", "bounded"] = Field("bounded", description="bounded: counting stops at 10,000")

    def query(self, kind: Kind, wanted: Filter, default: tuple[Sort, ...]) -> Query:
        sorts = sorts_of(kind, self.sort, default)
        return Query(kind, wanted, sorts, self.page, self.size, self.cursor or None, self.total == "exact")


class Filters(BaseModel):
    """
    What all filters share: `query`, and `filters[field][OPERATION]=value`.

    `kind`: of the documents that are filtered.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    kind: ClassVar[Kind]

    query_text: str | None = Field(
        None, alias="query", description="In the language of searches: state:FAILED start:>-24h"
    )

    def filter(self, now: datetime) -> Filter:
        """Return the filter that these parameters say together. Raises: BadRequest."""
        return all_of(
            (
                read_query(self.query_text, self.kind, now) if self.query_text else None,
                filters_filter(self.model_extra or {}, self.kind, now),
            )
        )


class ExecutionFilter(Filters):
    """Which executions. Dates are of the start."""

    kind = Kind.EXECUTIONS

    q: str | None = None
    scope: list[str] = []
    namespace: str | None = Field(None, description="This namespace and those below it")
    flow_id: str | None = None
    state: list[str] = []
    start_date: str | None = None
    end_date: str | None = None
    time_range: str | None = Field(None, description="An ISO duration back from now, e.g. P7D")
    labels: list[str] = Field([], description="key:value; all must match")
    trigger_execution_id: str | None = None
    child_filter: str | None = Field(None, description="CHILD: started by another execution; MAIN: not")

    def filter(self, now: datetime) -> Filter:
        return all_of(
            (
                super().filter(now),
                words_filter(self.q),
                scope_filter(self.scope),
                below(self.namespace),
                same(flowId=self.flow_id, triggerExecutionId=self.trigger_execution_id),
                states_filter(self.state),
                range_of(self.start_date, self.end_date, self.time_range, now).within("startDate"),
                labels_filter(self.labels),
                child_filter(self.child_filter),
            )
        )


class TaskRunFilter(ExecutionFilter):
    """Which task runs. Dates are of the start."""

    kind = Kind.TASKRUNS

    execution_id: str | None = None
    task_id: str | None = None

    def filter(self, now: datetime) -> Filter:
        return all_of((super().filter(now), same(executionId=self.execution_id, taskId=self.task_id)))


class LogFilter(Filters):
    """Which log lines."""

    kind = Kind.LOGS

    q: str | None = None
    namespace: str | None = None
    flow_id: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    task_run_id: str | None = None
    attempt: int | None = None
    trigger_id: str | None = None
    min_level: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    time_range: str | None = None

    def filter(self, now: datetime) -> Filter:
        return all_of(
            (
                super().filter(now),
                words_filter(self.q),
                below(self.namespace),
                same(flowId=self.flow_id, executionId=self.execution_id, triggerId=self.trigger_id),
                same(taskId=self.task_id, taskRunId=self.task_run_id, attemptNumber=self.attempt),
                level_filter(self.min_level),
                range_of(self.start_date, self.end_date, self.time_range, now).within("timestamp"),
            )
        )


class RunSearch(ExecutionFilter, Cursors):
    """The parameters of the execution search."""

    def search(self, now: datetime) -> Query:
        """Return the query that these parameters say together. Raises: BadRequest."""
        return self.query(self.kind, self.filter(now), NEWEST_FIRST)


class TaskRunSearch(TaskRunFilter, Cursors):
    """The parameters of the task run search."""

    columns: str | None = Field(None, description="As in an export: each hit tells what it has in these, too")

    def search(self, now: datetime) -> Query:
        """Return the query that these parameters say together. Raises: BadRequest."""
        return self.query(self.kind, self.filter(now), NEWEST_FIRST)


class LogSearch(LogFilter, Cursors):
    """The parameters of the log search."""

    def search(self, now: datetime) -> Query:
        """Return the query that these parameters say together. Raises: BadRequest."""
        return self.query(self.kind, self.filter(now), NEWEST_LINES_FIRST)


AnyFilters = TypeVar("AnyFilters", bound=Filters)


def where(model: type[AnyFilters], given: Mapping[str, Any]) -> AnyFilters:
    """
    Return the filter parameters that stand in a body, as an object.

    Raises:
        BadRequest: One is unknown or of the wrong type. In a query string it would be
            ignored; here, something happens to all that is found.
    """
    fields = model.model_fields
    known = {name for field in fields for name in (field, fields[field].alias or to_camel(field))}
    for name in names_of(given):
        if name not in known:
            raise BadRequest(f"Invalid where: there is no parameter {name[:100]!r}")
    lists = {
        name: [value] if isinstance(value, str) and _is_list(model, name) else value for name, value in given.items()
    }
    try:
        return model.model_validate(lists)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadRequest(f"Invalid where: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _is_list(model: type[Filters], name: str) -> bool:
    """Return whether a parameter may be given several times."""
    return any(
        name in {field, given.alias or to_camel(field)} and isinstance(given.default, list)
        for field, given in model.model_fields.items()
    )


class LogLines(BaseModel):
    """Which lines of an execution's log."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    min_level: str | None = None
    task_run_id: str | None = None
    task_id: str | None = None
    attempt: int | None = None

    def filter(self) -> Filter:
        """Return the filter that these parameters say together. Raises: BadRequest."""
        fields = same(taskRunId=self.task_run_id, taskId=self.task_id, attemptNumber=self.attempt)
        return all_of((level_filter(self.min_level), fields))

"""The query parameters of the searches, and the queries they become."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runfold.documents.model import Kind
from runfold.documents.query import PAGE_SIZE_MAX, Filter, Query, Sort, all_of
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


class Paging(BaseModel):
    """Which page, in which order: `sort=field:asc`, also several times."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    page: int = Field(1, ge=1)
    size: int = Field(10, ge=1, le=PAGE_SIZE_MAX)
    sort: list[str] = []

    def query(self, kind: Kind, wanted: Filter, default: tuple[Sort, ...]) -> Query:
        """Return the query for this page of `wanted`."""
        return Query(kind, wanted, sorts_of(kind, self.sort, default), self.page, self.size)


class RunSearch(Paging):
    """What searches of executions and of task runs share. Dates are of the start."""

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
        """Return the filter that these parameters say together. Raises: BadRequest."""
        return all_of(
            (
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


class TaskRunSearch(RunSearch):
    """The parameters of the task run search."""

    execution_id: str | None = None
    task_id: str | None = None

    def filter(self, now: datetime) -> Filter:
        return all_of((super().filter(now), same(executionId=self.execution_id, taskId=self.task_id)))


class LogSearch(Paging):
    """The parameters of the log search."""

    q: str | None = None
    namespace: str | None = None
    flow_id: str | None = None
    execution_id: str | None = None
    trigger_id: str | None = None
    min_level: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    time_range: str | None = None

    def filter(self, now: datetime) -> Filter:
        """Return the filter that these parameters say together. Raises: BadRequest."""
        return all_of(
            (
                words_filter(self.q),
                below(self.namespace),
                same(flowId=self.flow_id, executionId=self.execution_id, triggerId=self.trigger_id),
                level_filter(self.min_level),
                range_of(self.start_date, self.end_date, self.time_range, now).within("timestamp"),
            )
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

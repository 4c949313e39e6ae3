"""
Saved views: a search with a name, as the topic `views` keeps them, and those that are there from the start.

The four of task runs are the questions that people come with; each is a plain query of the
documented grammar, so anybody can open one and change it.
"""

from datetime import UTC, datetime
from typing import Final

from runfold.execution.model import Struct

NAME_LENGTH_MAX: Final = 100
QUERY_LENGTH_MAX: Final = 2_000
COLUMNS_MAX: Final = 50
PAGES: Final = ("taskruns", "executions", "logs")


class View(Struct, frozen=True):
    """
    One view. `page`: what is searched (taskruns, executions, logs); `sort`: `field:asc|desc`.

    `owner`: whose it is, as they say it; shown, and no rule of access. `time_range`: an ISO
    duration back from now. `chart`: whether the chart over time is shown.
    """

    id: str
    name: str
    page: str
    query: str = ""
    owner: str | None = None
    columns: tuple[str, ...] = ()
    sort: str | None = None
    time_range: str | None = None
    chart: bool = True
    description: str | None = None
    updated: datetime | None = None
    built_in: bool = False


_SINCE: Final = datetime(2026, 11, 24, tzinfo=UTC)

BUILT_IN: Final = tuple(
    View(id_, name, "taskruns", query, sort=sort, description=description, updated=_SINCE, built_in=True)
    for id_, name, query, sort, description in (
        (
            "failing-now",
            "Failing now",
            "state:FAILED end:>-24h",
            "endDate:desc",
            "Task runs that failed in the last 24 hours, the newest first",
        ),
        (
            "retrying-or-stuck",
            "Retrying or stuck",
            "state:RETRYING OR (state:CREATED,RUNNING attempts:>1) OR (state:CREATED,RUNNING in-state:>10m)",
            "stateSince:asc",
            "Task runs that wait for their next attempt, or that have been where they are for more than ten minutes",
        ),
        (
            "slowest",
            "Slowest against themselves",
            "(slowdown:>1.5 end:>-24h) OR overdue:yes",
            "slowdown:desc",
            "Task runs that took, or take, longer than 95 % of the earlier runs of the same task",
        ),
        (
            "queued-longest",
            "Queued longest",
            "state:CREATED,QUEUED",
            "startDate:asc",
            "Task runs that wait for a worker, the oldest first",
        ),
    )
)

"""
Finding an execution's log lines for its own tasks: `errorLogs()` and the task that fetches logs.

Lines reach the index a moment after they were written. So while nothing is found it is asked
again, for a bounded time; then there is nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from runfold.documents.model import Kind
from runfold.documents.project import LEVELS
from runfold.documents.query import PAGE_SIZE_MAX, Between, Is, Query, Sort, all_of
from runfold.documents.source import source_of
from runfold.ports import Index

WAIT_S: Final = 5.0
ASKED_EACH_S: Final = 0.1
LINES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class LogsWanted:
    """Which lines: of `level` and graver, of these tasks (none: of all)."""

    execution_id: str
    level: str = "INFO"
    task_ids: tuple[str, ...] = ()
    lines_max: int = LINES_MAX


LogLines = list[dict[str, Any]]
"""Log entries as the API gives them, by time."""

FindLogs = Callable[[LogsWanted], LogLines]


def no_logs(wanted: LogsWanted) -> LogLines:
    """Find nothing: where there is neither index nor tail."""
    del wanted
    return []


def patient(find: FindLogs, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> FindLogs:
    """Return `find` that asks again while nothing is there, for `WAIT_S` at most."""

    def find_patiently(wanted: LogsWanted) -> LogLines:
        until_s = monotonic() + WAIT_S
        while True:
            found = find(wanted)
            if found or monotonic() >= until_s:
                return found
            sleep(ASKED_EACH_S)

    return find_patiently


def indexed_logs(index: Index) -> FindLogs:
    """Return the search in the index."""

    def find(wanted: LogsWanted) -> LogLines:
        index.refresh()
        return list(islice(_lines(index, wanted), wanted.lines_max))

    return find


def _lines(index: Index, wanted: LogsWanted) -> Iterator[dict[str, Any]]:
    fits = (
        Is("executionId", (wanted.execution_id,)),
        Between("levelNumber", LEVELS.index(wanted.level)),
        Is("taskId", wanted.task_ids) if wanted.task_ids else None,
    )
    after = None
    while True:
        size = min(PAGE_SIZE_MAX, wanted.lines_max)
        order = (Sort("timestamp"), Sort("position"))
        page = index.search(Query(Kind.LOGS, all_of(fits), order, size=size, after=after, exact_total=False))
        yield from (source_of(document) for document in page.documents)
        after = page.next
        if after is None:
            return

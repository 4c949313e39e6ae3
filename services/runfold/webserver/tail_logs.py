"""An execution's log lines out of the live tail: for tasks of an engine that has no index."""

from runfold.adapters.log_search import FindLogs, LogLines, LogsWanted
from runfold.documents.api_json import log_json
from runfold.documents.project import LEVELS
from runfold.webserver.tail import Tail


def tail_logs(tail: Tail) -> FindLogs:
    """Return the search in the tail, which keeps the newest lines of each execution."""

    def find(wanted: LogsWanted) -> LogLines:
        seen = tail.get(wanted.execution_id)
        graver = LEVELS[LEVELS.index(wanted.level) :]
        entries = [] if seen is None else [line.entry for line in seen.logs]
        found = [
            entry
            for entry in entries
            if entry.level.upper() in graver and (not wanted.task_ids or entry.task_id in wanted.task_ids)
        ]
        found.sort(key=lambda entry: entry.timestamp)
        return [log_json(entry) for entry in found[: wanted.lines_max]]

    return find

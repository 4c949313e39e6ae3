"""
What the tail remembers of executions: a bounded view, newest snapshot per entity.

The rule: `seq` decides. A snapshot that is not newer than the one here changes nothing, so
records may come twice and in any order, and no reader ever sees an entity go back.
"""

from collections import deque
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from typing import Final

from runfold.documents.project import Position
from runfold.execution.claims import LogEntry
from runfold.execution.model import Deletion, Execution, TaskRun

EXECUTIONS_MAX: Final = 5_000
TASKRUNS_MAX: Final = 100_000
"""In all executions together."""

LOGS_MAX: Final = 1_000
"""Newest log lines kept per execution; the index has them all."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log entry with its place in the topic, which tells doubles apart."""

    position: Position
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What is known of one execution at one moment; task runs in the order of their creation.

    `taskruns` has those too that a restart took away (`is_removed`): they still count.
    """

    execution: Execution | None
    taskruns: tuple[TaskRun, ...]
    logs: tuple[LogLine, ...]

    @property
    def is_deleted(self) -> bool:
        """Whether the execution is no more."""
        return self.execution is not None and self.execution.deletion is not None

    @property
    def shown(self) -> Iterator[TaskRun]:
        """The task runs that the execution has now."""
        return (taskrun for taskrun in self.taskruns if not taskrun.is_removed)

    @property
    def is_complete(self) -> bool:
        """Whether the execution and all its task runs are here, so that the index need not be asked."""
        if self.execution is None:
            return False
        count = len(self.taskruns)
        last = self.taskruns[-1].ordinal if self.taskruns else -1
        return count >= self.execution.taskrun_count and last == count - 1

    @property
    def seq(self) -> int:
        """The newest transition of which something is known; -1: nothing is."""
        newest = max((taskrun.seq for taskrun in self.taskruns), default=-1)
        return max(newest, -1 if self.execution is None else self.execution.seq)


@dataclass(slots=True)
class _Entry:
    execution: Execution | None = None
    taskruns: dict[str, TaskRun] = field(default_factory=dict)
    logs: deque[LogLine] = field(default_factory=lambda: deque(maxlen=LOGS_MAX))

    @property
    def has_ended(self) -> bool:
        return self.execution is not None and self.execution.state.is_terminal

    @property
    def deletion(self) -> Deletion | None:
        return None if self.execution is None else self.execution.deletion


def _is_news(one: Execution, known: Execution) -> bool:
    """Return whether a snapshot says more than the one known. What began after a deletion is another execution."""
    if one.deletion is not None:
        return known.deletion is None or known.seq != one.seq
    if known.deletion is not None and one.histories[0].date > known.deletion.at:
        return True
    return one.seq > known.seq


class View:
    """The entries, least recently changed first. Not for several threads at once: its owner locks."""

    def __init__(self, executions_max: int = EXECUTIONS_MAX, taskruns_max: int = TASKRUNS_MAX) -> None:
        self._executions_max = executions_max
        self._taskruns_max = taskruns_max
        self._entries: dict[str, _Entry] = {}
        self._taskrun_count = 0

    def get(self, execution_id: str) -> Seen | None:
        """Return what is known of an execution."""
        entry = self._entries.get(execution_id)
        if entry is None:
            return None
        taskruns = sorted(entry.taskruns.values(), key=lambda taskrun: taskrun.ordinal)
        return Seen(entry.execution, tuple(taskruns), tuple(entry.logs))

    def execution(self, execution_id: str) -> Execution | None:
        """Return the newest snapshot of an execution."""
        entry = self._entries.get(execution_id)
        return None if entry is None else entry.execution

    def taskrun(self, execution_id: str, taskrun_id: str) -> TaskRun | None:
        """Return the newest snapshot of a task run."""
        entry = self._entries.get(execution_id)
        return None if entry is None else entry.taskruns.get(taskrun_id)

    def find_taskrun(self, taskrun_id: str) -> TaskRun | None:
        """Return the newest snapshot of a task run whose execution is not known."""
        found = (entry.taskruns.get(taskrun_id) for entry in self._entries.values())
        return next((taskrun for taskrun in found if taskrun is not None), None)

    def put_execution(self, execution: Execution) -> bool:
        """Take a snapshot; return whether it is news."""
        entry = self._touch(execution.id)
        if entry.execution is not None and not _is_news(execution, entry.execution):
            return False
        if execution.deletion is not None:
            self._taskrun_count -= len(entry.taskruns)
            entry.taskruns.clear()
            if execution.deletion.logs:
                entry.logs.clear()
        entry.execution = execution
        return True

    def forget_logs(self, execution_id: str, fits: Callable[[LogLine], bool]) -> None:
        """Let go of those log lines that fit."""
        entry = self._entries.get(execution_id)
        if entry is not None:
            kept = [line for line in entry.logs if not fits(line)]
            entry.logs.clear()
            entry.logs.extend(kept)

    def put_taskrun(self, taskrun: TaskRun) -> bool:
        """Take a snapshot; return whether it is news."""
        entry = self._touch(taskrun.execution_id)
        if entry.deletion is not None and taskrun.histories[0].date <= entry.deletion.at:
            return False
        known = entry.taskruns.get(taskrun.id)
        if known is not None and known.seq >= taskrun.seq:
            return False
        self._taskrun_count += known is None
        entry.taskruns[taskrun.id] = taskrun
        return True

    def put_log(self, line: LogLine) -> None:
        """Take a log line."""
        entry = self._touch(line.entry.execution_id)
        if entry.deletion is None or not entry.deletion.logs:
            entry.logs.append(line)

    def shrink(self, needed: Container[str]) -> None:
        """Forget what is too much, ended executions first; those that someone waits for (`needed`) last."""
        while self._taskrun_count > self._taskruns_max:
            self._forget(self._largest(needed))
        excess = len(self._entries) - self._executions_max
        if excess > 0:
            spare = [key for key in self._entries if key not in needed]
            spare.sort(key=lambda key: not self._entries[key].has_ended)  # stable: the oldest stay first
            for execution_id in spare[:excess]:
                self._forget(execution_id)

    def _largest(self, needed: Container[str]) -> str:
        """Return an execution with very many task runs: forgetting small ones would help little."""
        most = max(len(entry.taskruns) for entry in self._entries.values())
        large = [key for key, entry in self._entries.items() if 2 * len(entry.taskruns) >= most]
        return max(large, key=lambda key: (key not in needed, self._entries[key].has_ended))

    def _forget(self, execution_id: str) -> None:
        self._taskrun_count -= len(self._entries.pop(execution_id).taskruns)

    def _touch(self, execution_id: str) -> _Entry:
        entry = self._entries.pop(execution_id, None) or _Entry()
        self._entries[execution_id] = entry
        return entry

"""
The live tail of the topics `executions`, `taskruns` and `logs`: why a read here is never stale.

The index follows a moment later; the tail knows at once. One thread calls `step`, any
thread reads and watches. Two rules keep it simple. Task runs are shown before the execution
they belong to: a snapshot of an execution is held back until one more poll has brought what
was committed along with it. And a watcher is only told *that* something changed: it reads
the newest state when it is ready, so slow clients skip states and cost nothing.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from runfold.documents.progress import Place
from runfold.documents.project import Position
from runfold.errors import Unavailable
from runfold.execution.claims import LogEntry
from runfold.execution.model import Deletion, Execution, TaskRun
from runfold.ports import Broker, Reading, Record, slot_of
from runfold.topology import EXECUTIONS, LOGS, TASKRUNS
from runfold.webserver.changes import Changes, Entity
from runfold.webserver.reach import Reach
from runfold.webserver.view import LogLine, Seen, View

BATCH_MAX: Final = 2_000
POLL_S: Final = 1.0
SETTLE_S: Final = 0.02
SETTLE_STEPS_MAX: Final = 5
"""How long an execution that ended waits for those of its task runs that are still under way: so many steps."""

WATCHERS_MAX: Final = 2_000

Wake = Callable[[], None]


@dataclass(slots=True)
class _Held:
    """A snapshot of an execution that is not shown yet, and for how many steps."""

    execution: Execution
    steps: int = 0


T = TypeVar("T")

_execution: Final = msgspec.json.Decoder(Execution)
_taskrun: Final = msgspec.json.Decoder(TaskRun)
_log_entry: Final = msgspec.json.Decoder(LogEntry)

logger = logging.getLogger(__name__)


class Tail:
    """What happened lately, in this process's memory. `poll_s`: how long a step waits for news."""

    def __init__(self, broker: Broker, view: View | None = None, poll_s: float = POLL_S) -> None:
        self._log = broker.log(Reading((EXECUTIONS, TASKRUNS, LOGS), start="latest"))
        self._view = view or View()
        self._poll_s = poll_s
        self._lock = threading.Lock()
        self._watchers: dict[str, list[Wake]] = {}
        self._watcher_count = 0
        self._held: dict[str, _Held] = {}
        self._reach = Reach()
        self.changes = Changes()
        self._changed: list[tuple[Entity, Entity | None]] = []
        self._partition_count = broker.partitions(TASKRUNS)

    def step(self) -> None:
        """Take in what is new; waits a moment for it."""
        records = self._log.poll(BATCH_MAX, self._patience_s())
        with self._lock:
            self._reach.take(records)
            changed = self._take(records)
            changed |= self._release(is_at_end=len(records) < BATCH_MAX)
            for record in records:
                self._hold(record)
            self._view.shrink(self._watchers)
            wakes = [wake for execution_id in changed for wake in self._watchers.get(execution_id, ())]
            self.changes.add(self._changed)
            self._changed.clear()
        for wake in wakes:
            wake()

    def stop(self) -> None:
        """Let a waiting `step` return."""
        self._log.wake()

    def close(self) -> None:
        """Stop reading."""
        self._log.close()

    def expect(self, execution: Execution) -> None:
        """Show an execution that was asked for just now, until the executor has said more of it."""
        with self._lock:
            if self._view.execution(execution.id) is None:
                self._view.put_execution(execution)

    def forget(self, deleted: Execution) -> None:
        """Show an execution no more whose deletion was asked for just now."""
        with self._lock:
            self._view.put_execution(deleted)

    def forget_logs(self, execution_id: str, fits: Callable[[LogLine], bool]) -> None:
        """Show those log lines no more that fit."""
        with self._lock:
            self._view.forget_logs(execution_id, fits)

    def deletion(self, execution_id: str) -> Deletion | None:
        """Return the deletion of an execution that is deleted."""
        execution = self.execution(execution_id)
        return None if execution is None else execution.deletion

    def has(self, execution_id: str, seq: int) -> bool:
        """Return whether a transition of an execution, or a later one, was seen."""
        seen = self.get(execution_id)
        return seen is not None and seen.execution is not None and seen.seq >= seq

    def places(self) -> Mapping[Place, int]:
        """Return the end of what was read, by topic and partition; one of which nothing was read is not there."""
        with self._lock:
            return dict(self._reach.ends)

    def ends_of(self, execution_id: str) -> Mapping[Place, int]:
        """Return the same of the partitions that an execution's records are in."""
        partition = slot_of(execution_id) % max(self._partition_count, 1)
        return {place: end for place, end in self.places().items() if place[1] == partition}

    def unread_since(self, place: Place, offset: int) -> int | None:
        """Return when the first record from `offset` on was written, in epoch milliseconds; None: there is none."""
        with self._lock:
            return self._reach.written_ms(place, offset)

    def get(self, execution_id: str) -> Seen | None:
        """Return what is known of an execution."""
        with self._lock:
            return self._view.get(execution_id)

    def execution(self, execution_id: str) -> Execution | None:
        """Return the newest snapshot of an execution."""
        with self._lock:
            return self._view.execution(execution_id)

    def taskrun(self, taskrun_id: str, execution_id: str | None = None) -> TaskRun | None:
        """Return the newest snapshot of a task run."""
        with self._lock:
            if execution_id is None:
                return self._view.find_taskrun(taskrun_id)
            return self._view.taskrun(execution_id, taskrun_id)

    @contextmanager
    def watching(self, execution_id: str, wake: Wake) -> Iterator[None]:
        """
        Have `wake` called, from the tail's thread, whenever something of the execution changed.

        Raises:
            Unavailable: Too many watch already.
        """
        with self._lock:
            if self._watcher_count >= WATCHERS_MAX:
                raise Unavailable("Too many clients follow executions")
            self._watcher_count += 1
            self._watchers.setdefault(execution_id, []).append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._watcher_count -= 1
                watchers = self._watchers[execution_id]
                watchers.remove(wake)
                if not watchers:
                    del self._watchers[execution_id]

    def _patience_s(self) -> float:
        if not self._held:
            return self._poll_s
        return 0 if any(held.steps == 0 for held in self._held.values()) else SETTLE_S

    def _take(self, records: Sequence[Record]) -> set[str]:
        """Put task runs and logs into the view; return the executions they belong to."""
        changed = set()
        for record in records:
            if record.topic == TASKRUNS:
                taskrun = _decoded(_taskrun, record)
                if taskrun is not None and self._put_taskrun(taskrun):
                    changed.add(taskrun.execution_id)
            elif record.topic == LOGS:
                entry = _decoded(_log_entry, record)
                if entry is not None:
                    self._view.put_log(LogLine(Position(record.partition, record.offset), entry))
                    changed.add(entry.execution_id)
        return changed

    def _hold(self, record: Record) -> None:
        """Keep the snapshot of an execution back for the next steps."""
        execution = _decoded(_execution, record) if record.topic == EXECUTIONS else None
        if execution is None:
            return
        known = self._held.get(execution.id)
        if known is None:
            self._held[execution.id] = _Held(execution)
        elif known.execution.seq < execution.seq:
            known.execution = execution

    def _release(self, *, is_at_end: bool) -> set[str]:
        """Show the executions held back whose task runs are there, and all that waited long enough."""
        changed = set()
        for held in list(self._held.values()):
            held.steps += 1
            if held.steps > SETTLE_STEPS_MAX or (is_at_end and self._has_settled(held.execution)):
                del self._held[held.execution.id]
                if self._put_execution(held.execution):
                    changed.add(held.execution.id)
        return changed

    def _put_taskrun(self, taskrun: TaskRun) -> bool:
        old = self._view.taskrun(taskrun.execution_id, taskrun.id)
        is_news = self._view.put_taskrun(taskrun)
        if is_news:
            self._changed.append((taskrun, old))
        return is_news

    def _put_execution(self, execution: Execution) -> bool:
        old = self._view.execution(execution.id)
        is_news = self._view.put_execution(execution)
        if is_news:
            self._changed.append((execution, old))
        return is_news

    def _has_settled(self, execution: Execution) -> bool:
        """Return whether nothing is missing of an execution that ended."""
        if not execution.state.is_terminal:
            return True
        seen = self._view.get(execution.id)
        taskruns = () if seen is None else seen.taskruns
        is_all = len(taskruns) >= execution.taskrun_count
        return is_all and all(taskrun.state.is_terminal or taskrun.is_removed for taskrun in taskruns)


def _decoded(decoder: msgspec.json.Decoder[T], record: Record) -> T | None:
    """Return what a record holds; None if it is a tombstone, or nothing that this version knows."""
    if record.value is None:
        return None
    try:
        return decoder.decode(record.value)
    except msgspec.DecodeError as error:
        logger.warning("Unreadable: %s %d/%d: %s", record.topic, record.partition, record.offset, error)
        return None

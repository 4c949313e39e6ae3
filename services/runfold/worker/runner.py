"""
The attempts under way, each in a thread of its own, and what becomes of them.

Only the worker's thread calls in here; the attempts' threads hand their outcome over by
a queue. So whoever is first (the task, its timeout, a kill, the shutdown) decides how an
attempt ends, once. A thread that does not stop when told is left behind; what it says
later is dropped.
"""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Final

from runfold.execution.state import State
from runfold.tasks.context import Killed, Released, Stopped, TimedOut
from runfold.worker.attempt import Attempt, Given, Surroundings
from runfold.worker.definitions import Definition
from runfold.worker.directory import attempt_for
from runfold.worker.reports import Outcome
from runfold.worker.stop import StopSignal

logger = logging.getLogger(__name__)

ANNOUNCE_AFTER_S: Final = 0.1
"""An attempt that takes longer is reported as started."""


@dataclass(frozen=True, slots=True)
class End:
    """An attempt's end, as its thread saw it."""

    attempt: Attempt
    outcome: Outcome
    at: datetime
    at_s: float


class Runner:
    """See the module. `wake` is called from the attempts' threads."""

    def __init__(self, slots: int, around: Surroundings, wake: Callable[[], None]) -> None:
        self._slots = slots
        self._around = around
        self._wake = wake
        self._running: dict[str, Attempt] = {}
        self._ends: SimpleQueue[End] = SimpleQueue()
        self._left_behind = 0
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._running)

    def find(self, key: str) -> Attempt | None:
        """Return the attempt under way that has this key."""
        return self._running.get(key)

    @property
    def free(self) -> int:
        """How many more attempts may start. Threads left behind take slots once they are as many as those."""
        return self._slots - len(self._running) - max(0, self._left_behind - self._slots)

    def start(self, given: Given, definition: Definition) -> None:
        """Run an attempt in a thread of its own."""
        attempt = attempt_for(given, definition, StopSignal(), self._around)
        attempt.log.thread = f"attempt-{next(self._numbers)}"
        self._running[attempt.key] = attempt
        # Daemons: a task that never ends must not keep the process from ending.
        threading.Thread(target=self._run, args=(attempt,), name=attempt.log.thread, daemon=True).start()

    def running(self) -> list[Attempt]:
        """Return the attempts under way, the oldest first."""
        return list(self._running.values())

    def ended(self) -> Iterator[End]:
        """Yield the attempts that ended since the last call."""
        while True:
            try:
                end = self._ends.get_nowait()
            except Empty:
                return
            attempt = end.attempt
            if self._running.get(attempt.key) is not attempt:
                self._left_behind -= 1
                continue
            if attempt.deadline_s is not None and end.at_s > attempt.deadline_s:
                end = End(attempt, attempt.timed_out(), end.at, end.at_s)
            del self._running[attempt.key]
            yield end

    def overdue(self) -> Iterator[End]:
        """Yield the attempts whose time is up; they are interrupted."""
        now_s = self._around.monotonic()
        for attempt in self.running():
            if attempt.deadline_s is not None and now_s > attempt.deadline_s:
                yield self._interrupt(attempt, TimedOut, attempt.timed_out())

    def killed(self, execution_id: str) -> Iterator[End]:
        """Yield the attempts of an execution; they are interrupted."""
        for attempt in self.running():
            if attempt.work.execution_id == execution_id:
                yield self._interrupt(attempt, Killed, Outcome(State.KILLED, metrics=attempt.metrics.collected()))

    def release(self, attempt: Attempt) -> None:
        """Interrupt an attempt that someone else will run again."""
        self._drop(attempt, Released)

    def to_announce(self, after_s: float = ANNOUNCE_AFTER_S) -> Iterator[Attempt]:
        """Yield the attempts that run long enough to be reported as started, each once."""
        now_s = self._around.monotonic()
        for attempt in self._running.values():
            if not attempt.is_announced and now_s - attempt.started_s >= after_s:
                attempt.is_announced = True
                yield attempt

    def due_in_s(self) -> float:
        """Return how long until an attempt is to be announced or its time is up."""
        dues_s = (
            due_s
            for attempt in self._running.values()
            for due_s in (None if attempt.is_announced else attempt.started_s + ANNOUNCE_AFTER_S, attempt.deadline_s)
            if due_s is not None
        )
        return min(dues_s, default=float("inf")) - self._around.monotonic()

    def wait(self, timeout_s: float) -> None:
        """Return when an attempt ended, at the latest after `timeout_s`."""
        try:
            end = self._ends.get(timeout=timeout_s)
        except Empty:
            return
        self._ends.put(end)

    def _run(self, attempt: Attempt) -> None:
        try:
            outcome = attempt.run()
        except BaseException:  # a fault of ours: without an end the attempt would seem to run for ever
            logger.exception("Attempt %s ended in no known way", attempt.key)
            outcome = Outcome(State.FAILED, error="The worker failed at this attempt")
        self._ends.put(End(attempt, outcome, self._around.clock(), self._around.monotonic()))
        self._wake()

    def _interrupt(self, attempt: Attempt, reason: type[Stopped], outcome: Outcome) -> End:
        self._drop(attempt, reason)
        return End(attempt, outcome, self._around.clock(), self._around.monotonic())

    def _drop(self, attempt: Attempt, reason: type[Stopped]) -> None:
        del self._running[attempt.key]
        self._left_behind += 1
        stop = attempt.stop
        assert isinstance(stop, StopSignal)  # noqa: S101 - `start` made it
        stop.set(reason)

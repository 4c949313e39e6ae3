"""
What the executor remembers: live executions, when to look at them again, and who runs what.

Changed only after a commit; everything here can be made again from the snapshot topics.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import TimerDue, WorkerLost
from runfold.execution.model import TaskRun
from runfold.execution.slots import Queue

Timer = tuple[datetime, str, str]
"""When, which execution, which task run ("": the execution itself)."""


class Memory:
    """Aggregates by execution id, with the timers and workers that concern them."""

    def __init__(self, keep_ended: timedelta) -> None:
        self._keep_ended = keep_ended
        self._aggregates: dict[str, Aggregate] = {}
        self._queues: dict[str, Queue] = {}
        self._timers: list[Timer] = []
        self._endings: list[tuple[datetime, str]] = []
        self._running: dict[str, dict[str, str]] = {}
        """Worker id to the task runs that it said to run, each with its execution."""

    def __len__(self) -> int:
        return len(self._aggregates)

    def get(self, execution_id: str) -> Aggregate | None:
        return self._aggregates.get(execution_id)

    def queue(self, queue_id: str) -> Queue:
        """Return a flow's queue; one that nobody asked yet is empty."""
        return self._queues.get(queue_id) or Queue(queue_id)

    def remember_queue(self, queue: Queue) -> None:
        self._queues[queue.id] = queue

    def queues(self) -> Iterable[Queue]:
        return self._queues.values()

    def aggregates(self) -> Iterable[Aggregate]:
        return self._aggregates.values()

    def remember(self, aggregate: Aggregate, taskrun_ids: Iterable[str], *, execution_changed: bool) -> None:
        """Take an aggregate as it is after a commit; `taskrun_ids` are those that changed."""
        execution = aggregate.execution
        before = self._aggregates.get(execution.id)
        self._aggregates[execution.id] = aggregate
        if execution.deletion is not None:
            self._stop_watching(before)
        for taskrun_id in taskrun_ids:
            run = aggregate.taskruns.get(taskrun_id)
            known = before.taskruns.get(taskrun_id) if before else None
            if run is not None:
                self._note(run, known)
            elif known is not None and known.worker_id is not None:
                self._running.get(known.worker_id, {}).pop(taskrun_id, None)  # removed while it ran
        if execution_changed and execution.wake_at is not None:
            heapq.heappush(self._timers, (execution.wake_at, execution.id, ""))
        if execution_changed and execution.state.is_terminal:
            heapq.heappush(self._endings, (execution.histories[-1].date + self._keep_ended, execution.id))

    def _note(self, run: TaskRun, before: TaskRun | None) -> None:
        if run.wake_at is not None and (before is None or before.wake_at != run.wake_at):
            heapq.heappush(self._timers, (run.wake_at, run.execution_id, run.id))
        if before is not None and before.worker_id is not None and before.worker_id != run.worker_id:
            self._running.get(before.worker_id, {}).pop(run.id, None)
        if run.worker_id is not None and run.state.is_running:
            self._running.setdefault(run.worker_id, {})[run.id] = run.execution_id

    def forget(self, ids: Iterable[str]) -> None:
        """Let go of executions and queues: evicted, or another executor's now."""
        for execution_id in ids:
            self._queues.pop(execution_id, None)
            self._stop_watching(self._aggregates.pop(execution_id, None))

    def _stop_watching(self, aggregate: Aggregate | None) -> None:
        for run in aggregate.taskruns.values() if aggregate else ():
            if run.worker_id is not None:
                self._running.get(run.worker_id, {}).pop(run.id, None)

    def due(self, now: datetime, limit: int) -> Iterator[TimerDue]:
        """Yield claims for the timers whose time has come, at most `limit`; each is given once."""
        while self._timers and self._timers[0][0] <= now and limit > 0:
            at, execution_id, taskrun_id = heapq.heappop(self._timers)
            if execution_id in self._aggregates:
                limit -= 1
                claim_id = f"{taskrun_id or execution_id}.timer.{at.isoformat()}"
                yield TimerDue(execution_id, claim_id, taskrun_id=taskrun_id or None)

    def next_due(self) -> datetime | None:
        """Return when the next timer is due."""
        return self._timers[0][0] if self._timers else None

    def wake_again(self, claim: TimerDue, at: datetime) -> None:
        """Put a timer back whose claim was not committed."""
        heapq.heappush(self._timers, (at, claim.execution_id, claim.taskrun_id or ""))

    def ended(self, now: datetime, limit: int) -> list[Aggregate]:
        """Return executions that ended long enough ago, with nothing left running; at most `limit`."""
        found: list[Aggregate] = []
        while self._endings and self._endings[0][0] <= now and len(found) < limit:
            _, execution_id = heapq.heappop(self._endings)
            aggregate = self._aggregates.get(execution_id)
            if aggregate is None or not aggregate.execution.state.is_terminal:
                continue
            if any(frame.active for frame in aggregate.frames.values()):
                heapq.heappush(self._endings, (now + self._keep_ended, execution_id))
                continue
            found.append(aggregate)
        return found

    def ends_again(self, aggregates: Iterable[Aggregate], at: datetime) -> None:
        """Put endings back whose eviction was not committed."""
        for aggregate in aggregates:
            heapq.heappush(self._endings, (at, aggregate.execution.id))

    def workers(self) -> list[str]:
        """Return the workers that run something of ours."""
        return [worker_id for worker_id, running in self._running.items() if running]

    def lost(self, worker_id: str) -> Iterator[WorkerLost]:
        """Yield a claim for each attempt that went with a worker."""
        for taskrun_id, execution_id in list(self._running.get(worker_id, {}).items()):
            aggregate = self._aggregates.get(execution_id)
            if aggregate is not None:
                token = aggregate.taskruns[taskrun_id].dispatches
                claim_id = f"{taskrun_id}.{token}.lost"
                yield WorkerLost(execution_id, claim_id, taskrun_id=taskrun_id, token=token, worker_id=worker_id)

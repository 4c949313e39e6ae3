"""
The executor's step: poll, decide, commit; only what is committed is remembered.

Reads `requests` and `claims`; writes `facts`, snapshots, work for workers, answers and
kill orders, all in the commit that confirms what it read.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from runfold.adapters.fact_fold import folded
from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.flow_store import FlowStore
from runfold.errors import Unavailable
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import AnyClaim, Continue
from runfold.executor.batch import Batch
from runfold.executor.memory import Memory
from runfold.executor.outbox import Outbox, tombstones
from runfold.executor.plans import Plans
from runfold.executor.requests import Requests
from runfold.executor.restore import restored, restored_queues
from runfold.executor.watch import WorkerWatch
from runfold.flows.expressions import Expressions
from runfold.flows.inputs import Encrypt
from runfold.flows.plan import Host
from runfold.ports import Assignment, Broker, Files, Partitions, Reading, Record, slot_of
from runfold.topology import CLAIMS, REQUESTS, WORKERS

logger = logging.getLogger(__name__)

GROUP: Final = "executor"
BATCH_MAX: Final = 1_000
TIMERS_MAX: Final = 500
EVICTIONS_MAX: Final = 50
IDLE_S: Final = 0.5
HEARTBEATS_EACH: Final = timedelta(seconds=1)


class Executor:
    """Folds claims into facts for the partitions that it owns."""

    def __init__(  # noqa: PLR0913 - the composition root's call, all by name
        self,
        broker: Broker,
        flows: FlowStore,
        expressions: Expressions,
        *,
        surroundings: dict[str, Any],
        clock: Callable[[], datetime],
        member: str = "executor-1",
        window_s: float = 600,
        encrypt: Encrypt | None = None,
        files: Files | None = None,
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._files = files or MemoryFiles()
        host = Host(expressions, surroundings, flows.runnable, encrypt, flows.template)
        self._plans = Plans(flows, host)
        self._requests = Requests(flows, host, broker)
        self._memory = Memory(timedelta(seconds=window_s))
        self._watch = WorkerWatch()
        self._heard = clock()
        self._outbox = Outbox()
        self._unfinished: dict[str, tuple[str, ...] | None] = {}
        assignment = Assignment(self._assigned, self._revoked)
        self._log = broker.log(
            Reading((CLAIMS, REQUESTS), GROUP, exactly_once=True, member=member, assignment=assignment)
        )
        self._heartbeats = broker.log(Reading((WORKERS,)))

    def step(self) -> None:
        """Poll, decide, commit."""
        records = self._log.poll(BATCH_MAX, self._patience_s())
        now = self._clock()
        batch = Batch(self._plans, self._memory, self._outbox, files=self._files, now=now, recall=self._recall)
        for record in records:
            self._take(batch, record)
        due = list(self._memory.due(now, TIMERS_MAX))
        resumed = self._unfinished
        for claim in (*due, *self._continued(resumed), *self._lost(now)):
            batch.decide_own(claim)
        ended = self._memory.ended(now, EVICTIONS_MAX)
        evicted = [aggregate for aggregate in ended if not batch.knows(aggregate.execution.id)]
        messages = [*batch.messages(), *(message for aggregate in evicted for message in tombstones(aggregate))]
        self._memory.ends_again((aggregate for aggregate in ended if aggregate not in evicted), now)
        if not records and not messages:
            self._unfinished = batch.unfinished
            return
        try:
            self._log.commit(records, messages)
        except Unavailable:
            for claim in due:
                self._memory.wake_again(claim, now)
            self._memory.ends_again(evicted, now)
            raise
        batch.remember()
        self._memory.forget([aggregate.execution.id for aggregate in evicted])
        self._unfinished = batch.unfinished

    def _take(self, batch: Batch, record: Record) -> None:
        if record.topic == REQUESTS:
            batch.send(self._requests.answer(record, self._clock()))
        else:
            batch.take(record)

    def _recall(self, execution_id: str) -> Aggregate | None:
        return folded(self._broker, execution_id)

    def _continued(self, unfinished: dict[str, tuple[str, ...] | None]) -> list[AnyClaim]:
        return [
            Continue(execution_id, f"{execution_id}.continue", parents=parents)
            for execution_id, parents in unfinished.items()
            if self._memory.get(execution_id) is not None
        ]

    def _lost(self, now: datetime) -> list[AnyClaim]:
        if now - self._heard < HEARTBEATS_EACH:
            return []
        self._heard = now
        self._watch.hear(self._heartbeats.poll(BATCH_MAX, 0), now)
        claims: list[AnyClaim] = []
        for worker_id in self._watch.lost(self._memory.workers(), now):
            logger.warning("Worker %s is silent: its attempts are dispatched again", worker_id)
            claims += self._memory.lost(worker_id)
        return claims[:BATCH_MAX]

    def _patience_s(self) -> float:
        """Return how long to wait for records: until a timer is due, and not at all with work at hand."""
        if self._unfinished:
            return 0
        due = self._memory.next_due()
        if due is None:
            return IDLE_S
        return min(max((due - self._clock()).total_seconds(), 0), IDLE_S)

    def _assigned(self, partitions: Partitions) -> None:
        count = 0
        for partition in partitions:
            for aggregate in restored(self._broker, partition):
                self._adopt(aggregate)
                count += 1
            for queue in restored_queues(self._broker, partition):
                self._memory.remember_queue(queue)
        logger.info("Partitions %s restored: %d executions", _ranges(partitions), count)

    def _adopt(self, aggregate: Aggregate) -> None:
        self._memory.remember(aggregate, aggregate.taskruns, execution_changed=True)
        if not aggregate.execution.state.is_terminal:
            self._unfinished[aggregate.execution.id] = None

    def _revoked(self, partitions: Partitions) -> None:
        gone = set(partitions)
        total = self._broker.partitions(CLAIMS) or 1
        held = [aggregate.execution.id for aggregate in self._memory.aggregates()]
        held += [queue.id for queue in self._memory.queues()]
        lost = [held_id for held_id in held if slot_of(held_id) % total in gone]
        self._memory.forget(lost)
        self._unfinished = {key: value for key, value in self._unfinished.items() if key not in set(lost)}

    def close(self) -> None:
        """Leave the group. Nothing is lost: what was not committed comes again."""
        self._log.close()
        self._heartbeats.close()

    def wake(self) -> None:
        """Make a waiting step return."""
        self._log.wake()


def _ranges(partitions: Sequence[int]) -> str:
    return ",".join(map(str, sorted(partitions)))

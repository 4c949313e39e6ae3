"""
The worker's loop: reads attempts from `tasks.<group>` and orders from `kills`, writes claims, logs, metrics, heartbeats.

One thread reads, writes and decides; attempts that may take long have threads of their
own. An attempt is answered by one report (ended, or started if it takes longer), and its
record is confirmed once that report is acknowledged: a crash repeats, and never loses.
"""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from runfold import topology
from runfold.errors import RunfoldError, Unavailable
from runfold.execution.claims import KillOrder, Work
from runfold.execution.model import Json
from runfold.execution.state import State
from runfold.flows.expressions import Expressions
from runfold.flows.task import TaskTypes
from runfold.ports import Assignment, Broker, Message, Partitions, Reading, Record
from runfold.worker import reports
from runfold.worker.attempt import LOWEST, Attempt, Given, Surroundings
from runfold.worker.attempt_log import AttemptLog, Clock, Mask
from runfold.worker.attempt_metrics import metric_messages
from runfold.worker.dead_letters import bury
from runfold.worker.definitions import Definition, Definitions, Unusable
from runfold.worker.heartbeat import INTERVAL_S, Heart, identity
from runfold.worker.outbox import Outbox
from runfold.worker.progress import Place, Progress
from runfold.worker.recent import DONE_MAX, KILLED_FOR_S, KILLED_MAX, Recent
from runfold.worker.reports import Outcome, Span
from runfold.worker.runner import ANNOUNCE_AFTER_S, End, Runner
from runfold.worker.stop import NEVER
from runfold.worker.storage import Outside

SLOTS: Final = 32
"""Attempts in threads of their own, at once."""

BATCH_MAX: Final = 500
"""Work records that wait for their turn here; with so many, none is read."""

KILLS_MAX: Final = 500
"""Kill orders of one step."""

INLINE_MAX_S: Final = 0.1
"""After so long a step reports what it did, before it goes on with brief attempts."""

IDLE_S: Final = 0.5
"""How long a step waits for work when nothing runs."""

BUSY_S: Final = 0.05
"""The same while attempts run: their log lines and a kill wait no longer."""

CLOSE_TRIES_MAX: Final = 10
CLOSE_PAUSE_S: Final = 0.2
"""How often, and how far apart, the last report is tried when the broker is away."""

INLINE_THREAD: Final = "worker"
"""The thread name in the log of a brief attempt."""

logger = logging.getLogger(__name__)

_decode_work: Final = msgspec.json.Decoder(Work).decode
_decode_kill: Final = msgspec.json.Decoder(KillOrder).decode


def utc_now() -> datetime:
    """Return the date of now, in UTC."""
    return datetime.now(UTC)


class Worker:
    """
    One worker of `group`. `step` and `close` belong to one thread, `wake` may be called from any.

    `mask` goes over every text for people; `roots` are the root variables `envs` and `globals`;
    `outside` None: files and pairs are kept in memory.
    """

    def __init__(  # noqa: PLR0913 - the composition root's call, all by name
        self,
        broker: Broker,
        types: TaskTypes,
        expressions: Expressions,
        *,
        worker_id: str,
        group: str = topology.DEFAULT_GROUP,
        slots: int = SLOTS,
        heartbeat_s: float = INTERVAL_S,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        mask: Mask = str,
        roots: Mapping[str, Json] | None = None,
        host: str | None = None,
        outside: Outside | None = None,
        keeps_inputs: bool = True,
    ) -> None:
        self._id = worker_id
        self._clock = clock
        self._monotonic = monotonic
        self._around = Surroundings(
            expressions, clock, monotonic, mask, roots or {}, outside or Outside(), worker_id, types, keeps_inputs
        )
        self._definitions = Definitions(types)
        self._progress = Progress()
        self._brief: deque[Given] = deque()
        self._slotted: deque[Given] = deque()
        self._done = Recent(DONE_MAX)
        self._killed = Recent(KILLED_MAX, KILLED_FOR_S)
        self._runner = Runner(slots, self._around, self.wake)
        self._heart = Heart(
            identity(worker_id, group, slots, socket.gethostname() if host is None else host, clock),
            heartbeat_s,
            clock,
            monotonic,
        )
        self._is_stopping = False
        self._is_closed = False
        self._kills = broker.log(Reading((topology.KILLS,), start="latest"))
        self._log = broker.log(
            Reading(
                (topology.tasks_topic(group),),
                group=f"worker-{group}",
                member=worker_id,
                assignment=Assignment(assigned=_nothing, revoked=self._revoked, leaving=self._leaving),
            )
        )
        self._outbox = Outbox(self._log, self._progress)

    def step(self) -> None:
        """
        Read, run what is brief, start what is not, report what ended.

        Raises:
            Unavailable: The broker is away; nothing is lost, call again later.
            BrokenInvariant: Another worker took this one's place: stop.
        """
        if self._outbox:
            self._flush()  # what an outage left: nothing new before that
        waiting = len(self._brief) + len(self._slotted)
        self._receive(self._log.poll(max(0, BATCH_MAX - waiting), self._patience_s()))
        # After the work, so that an order which was there before the work is known before it.
        self._obey(self._kills.poll(KILLS_MAX, 0.0))
        self._serve()
        self._watch()
        self._flush()

    def wake(self) -> None:
        """Make a waiting `step` go on at once."""
        if not self._is_closed:
            self._log.wake()

    def close(self, grace_s: float) -> None:
        """
        Take no more work, wait up to `grace_s` for what runs, give back the rest.

        Raises:
            BrokenInvariant: Another worker took this one's place; its business now.
        """
        self._is_stopping = True
        until_s = self._monotonic() + grace_s
        for given in (*self._brief, *self._slotted):
            self._give_back(given)
        self._brief.clear()
        self._slotted.clear()
        self._wind_down(until_s)
        for attempt in self._runner.running():
            self._runner.release(attempt)
            self._outbox.put(attempt.take())
            self._answer(attempt.places, reports.released(attempt.work, self._id))
        self._flush_last()
        self._is_closed = True
        self._log.close()
        self._kills.close()

    def _wind_down(self, until_s: float) -> None:
        self._heart.hurry()
        while True:
            try:
                self._obey(self._kills.poll(KILLS_MAX, 0.0))
                self._watch()
                self._flush()
            except Unavailable as error:
                logger.warning("Broker away while stopping: %s", error)
            if not len(self._runner) or self._monotonic() >= until_s:
                return
            self._runner.wait(BUSY_S)

    def _flush_last(self) -> None:
        for _ in range(CLOSE_TRIES_MAX):
            self._heart.hurry()
            try:
                self._flush()
            except Unavailable as error:
                logger.warning("Broker away at the last report: %s", error)
                self._runner.wait(CLOSE_PAUSE_S)
            else:
                return
        logger.error("%d messages were not reported; others run these attempts again", len(self._outbox))

    def _patience_s(self) -> float:
        if self._brief or (self._slotted and self._runner.free > 0):
            return 0.0
        longest_s = BUSY_S if len(self._runner) else IDLE_S
        return max(0.0, min(longest_s, self._heart.due_in_s(), self._runner.due_in_s()))

    def _receive(self, records: Iterable[Record]) -> None:
        for record in records:
            place = self._progress.take(record)
            if place is None:
                continue
            try:
                work = _decode_work(record.value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
                logger.warning("Work can't be read, %s/%d@%d: %s", record.topic, record.partition, record.offset, fault)
                self._outbox.put(bury(record, fault, self._id, self._clock()))
                place.is_answered = True
                continue
            given = Given(place, work, reports.attempt_key(work), self._definition(work))
            (self._brief if given.is_brief else self._slotted).append(given)

    def _definition(self, work: Work) -> Definition | Unusable:
        try:
            return self._definitions.read(bytes(work.task))
        except Unusable as fault:
            return fault

    def _obey(self, records: Iterable[Record]) -> None:
        for record in records:
            try:
                order = _decode_kill(record.value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
                logger.warning("Kill order at offset %d can't be read: %s", record.offset, fault)
                self._outbox.put(bury(record, fault, self._id, self._clock()))
                continue
            self._killed.add(order.execution_id, self._monotonic())
            for end in self._runner.killed(order.execution_id):
                self._report(end)
            for _ in range(len(self._slotted)):
                given = self._slotted.popleft()
                is_killed = given.work.execution_id == order.execution_id
                (self._brief if is_killed else self._slotted).append(given)

    def _serve(self) -> None:
        until_s = self._monotonic() + INLINE_MAX_S
        while self._brief:
            self._begin(self._brief.popleft())
            if self._monotonic() >= until_s:
                break
        while self._slotted and self._runner.free > 0:
            self._begin(self._slotted.popleft())

    def _begin(self, given: Given) -> None:
        """Run or start an attempt, unless it is another's now, a double, or of a killed execution."""
        now_s = self._monotonic()
        if given.place.is_lost:
            return
        running = self._runner.find(given.key)
        if running is not None and not running.is_announced:
            running.places.append(given.place)  # a double: its report is still to come
            return
        if running is not None or self._done.has(given.key, now_s):
            given.place.is_answered = True
            return
        self._done.add(given.key, now_s)
        if self._killed.has(given.work.execution_id, now_s):
            self._refuse(given, Outcome(State.KILLED))
        elif isinstance(given.definition, Unusable):
            self._refuse(given, self._unusable(given, given.definition))
        elif given.is_brief:
            attempt = Attempt(given, given.definition, NEVER, self._around)
            attempt.log.thread = INLINE_THREAD
            outcome = attempt.run()
            self._report(End(attempt, outcome, self._clock(), self._monotonic()))
        else:
            self._runner.start(given, given.definition)

    def _refuse(self, given: Given, outcome: Outcome) -> None:
        now = self._clock()
        self._answer((given.place,), reports.ended(given.work, self._id, Span(now, now), outcome))

    def _unusable(self, given: Given, fault: Unusable) -> Outcome:
        log = AttemptLog(given.work, LOWEST, self._clock, self._around.mask)
        log.conclude("ERROR", str(fault))
        self._outbox.put(log.take())
        return Outcome(State.FAILED, error=self._around.mask(str(fault)))

    def _give_back(self, given: Given) -> None:
        now_s = self._monotonic()
        if given.place.is_lost:
            return
        if self._done.has(given.key, now_s):
            given.place.is_answered = True
        elif self._killed.has(given.work.execution_id, now_s):
            self._refuse(given, Outcome(State.KILLED))
        else:
            self._answer((given.place,), reports.released(given.work, self._id))

    def _watch(self) -> None:
        for end in (*self._runner.ended(), *self._runner.overdue()):
            self._report(end)
        self._announce()
        for attempt in self._runner.running():
            self._outbox.put(attempt.take())

    def _announce(self, after_s: float = ANNOUNCE_AFTER_S) -> None:
        for attempt in self._runner.to_announce(after_s):
            self._answer(attempt.places, reports.started(attempt.work, self._id, attempt.started_at))

    def _report(self, end: End) -> None:
        """Write what the attempt left: its log first, so that who sees its end sees all of it."""
        attempt, outcome = end.attempt, replace(end.outcome, inputs=end.attempt.inputs(), dynamic=end.attempt.dynamic())
        work = attempt.work
        span = Span(attempt.started_at, max(end.at, attempt.started_at))
        log_file = self._log_file(attempt)
        try:
            claim = reports.ended(work, self._id, span, outcome, log_file)
        except reports.Unreportable as fault:
            outcome = attempt.failed(fault)
            claim = reports.ended(work, self._id, span, outcome, self._log_file(attempt))
        self._outbox.put(attempt.take())
        self._outbox.put(metric_messages(work, outcome.metrics, span.ended_at))
        self._answer(attempt.places, claim)

    @staticmethod
    def _log_file(attempt: Attempt) -> str | None:
        try:
            return attempt.log_file()
        except RunfoldError as error:
            logger.error("The log file of attempt %s is lost: %s", attempt.key, error)  # noqa: TRY400 - no fault of ours
            return None

    def _answer(self, places: Iterable[Place], claim: Message) -> None:
        self._outbox.put((claim,))
        for place in places:
            place.is_answered = True

    def _flush(self) -> None:
        is_due = self._heart.due_in_s() <= 0
        self._outbox.flush((self._heart.beat(len(self._runner), stopping=self._is_stopping),) if is_due else ())
        if is_due:
            self._heart.beaten()

    def _leaving(self, partitions: Partitions) -> None:
        """
        Confirm all that has begun, so that nobody begins it again.

        What waits before it goes back; what waits behind it is simply not confirmed.
        """
        self._announce(0.0)
        gaps = self._progress.gaps(partitions)
        for waiting in (self._brief, self._slotted):
            for given in [given for given in waiting if given.place in gaps]:
                waiting.remove(given)
                self._give_back(given)
        self._flush()

    def _revoked(self, partitions: Partitions) -> None:
        self._progress.revoke(partitions)


def _nothing(partitions: Partitions) -> None:
    """Nothing is kept per partition before the first record of it."""

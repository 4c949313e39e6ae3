"""
What is remembered of executions' pasts, so that a second look at one does not read it all again.

Read from the log when first asked for, and extended by what came since. Kept of each: where its
transitions stand, what led to them, and how it stood now and then: aggregates share what did not
change, so that is cheap. The rule: this can be forgotten at any moment, the log has it all.
"""

import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from runfold.adapters.fact_fold import Life, followed, records_of
from runfold.documents.events import Cause, Moment
from runfold.execution.aggregate import Aggregate
from runfold.execution.facts import ExecutionDeleted, Transition
from runfold.ports import Broker
from runfold.topology import CLAIMS, FACTS

STAGE_EVERY: Final = 500
STAGES_MAX: Final = 64
PASTS_MAX: Final = 256
KEPT_MAX_BYTES: Final = 128 * 1024 * 1024
"""Of all that is remembered: about three executions of 10,000 task runs each."""

TASKRUN_BYTES: Final = 3_000
CAUSE_BYTES: Final = 400
"""What one takes in memory (measured), its outputs and errors aside: these are reckoned as long as the facts are."""


class _Head(msgspec.Struct):
    """What says where a transition belongs; the rest of it is passed over."""

    seq: int
    cause: str


class Stage(NamedTuple):
    """How an execution stood, by the transition `last`; all up to it had happened at the moments that include it."""

    last: Transition
    aggregate: Aggregate


_head = msgspec.json.Decoder(_Head)
_transition = msgspec.json.Decoder(Transition)
_cause = msgspec.json.Decoder(Cause)


class Past:
    """
    One execution's past, for several threads.

    A transition counts if its number is above that of the one before: a double, from an executor
    that was one no more, is no part of the past.
    """

    def __init__(self, broker: Broker, execution_id: str, life: Life) -> None:
        self.life = life
        self._broker = broker
        self._execution_id = execution_id
        self._lock = threading.Lock()
        self._seqs = array("q")
        self._offsets = array("q")
        self._facts_bytes = 0
        self._is_over = False
        self._stages: list[Stage] = []
        self._step = STAGE_EVERY
        self._causes: dict[str, Cause] = {}
        self._causes_next = 0
        self._causes_seq = -1

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        stages = self._stages  # another thread may be at work: a list once read is enough
        folded = self._facts_bytes + TASKRUN_BYTES * stages[-1].aggregate.created if stages else 0
        return folded + CAUSE_BYTES * len(self._causes)

    def at(self, moment: Moment, newest_seq: int) -> Aggregate | None:
        """Return the execution as it was; None if there was none yet."""
        with self._lock:
            begin = next((stage for stage in reversed(self._stages) if moment.includes(stage.last)), None)
            aggregate = None if begin is None else begin.aggregate
            latest_at = datetime.min.replace(tzinfo=UTC) if begin is None else begin.last.at
            for _, value in self._walk(0 if begin is None else begin.last.seq + 1, newest_seq):
                transition = _transition.decode(value)
                if not moment.includes(transition):
                    break
                aggregate = followed(aggregate, transition)
                latest_at = max(latest_at, transition.at)
                if aggregate is not None and aggregate.seq == transition.seq:
                    self._keep(
                        Stage(msgspec.structs.replace(transition, at=latest_at, facts=()), aggregate), newest_seq
                    )
            return aggregate

    def page(
        self, first_seq: int, size: int, newest_seq: int, taskrun_id: str | None = None
    ) -> list[tuple[Transition, Cause | None]]:
        """Return up to `size` transitions from `first_seq` on, with what led to them; or of those of one task run."""
        found: list[tuple[Transition, Cause | None]] = []
        with self._lock:
            self._learn_causes(newest_seq)
            for head, value in self._walk(first_seq, newest_seq):
                cause = self._causes.get(head.cause)
                if taskrun_id is not None and not _is_about(value, cause, taskrun_id):
                    continue
                found.append((_transition.decode(value), cause))
                if len(found) == size:
                    break
        return found

    def _walk(self, first_seq: int, newest_seq: int) -> Iterator[tuple[_Head, bytes]]:
        """Yield what the log has from `first_seq` on, oldest first, and remember where that stands."""
        begin = bisect_left(self._seqs, first_seq)
        if begin == len(self._seqs) and begin and self._seqs[-1] >= newest_seq:
            return
        known = len(self._seqs)
        since = self._offsets[begin] if begin < known else self._offsets[-1] + 1 if known else 0
        for offset, value in records_of(
            self._broker, FACTS, self._execution_id, 0 if since else self.life.since_ms, since
        ):
            head = _head.decode(value)
            if self._counts(head, offset, value) and head.seq >= first_seq:
                yield head, value
            if head.seq >= newest_seq and not self._is_over:
                return

    def _counts(self, head: _Head, offset: int, value: bytes) -> bool:
        """Return whether a transition is part of the past, and remember it if it is new."""
        place = bisect_left(self._offsets, offset)
        if place < len(self._offsets):
            return self._offsets[place] == offset
        if self._is_over:  # after its deletion, another execution may have the same name
            if head.seq != 1:
                return False
            del self._seqs[:], self._offsets[:], self._stages[:]
        elif self._seqs and head.seq <= self._seqs[-1]:
            return False
        self._is_over = b"ExecutionDeleted" in value and isinstance(
            _transition.decode(value).facts[-1], ExecutionDeleted
        )
        self._seqs.append(head.seq)
        self._offsets.append(offset)
        self._facts_bytes += len(value)
        return True

    def _keep(self, stage: Stage, newest_seq: int) -> None:
        before, last = ([0, 0] + [kept.last.seq for kept in self._stages])[-2:]
        seq = stage.last.seq
        if seq <= last or seq < min(last + self._step, newest_seq):
            return
        if self._stages and last - before < self._step:
            self._stages.pop()  # it was the newest then
        self._stages.append(stage)
        if len(self._stages) > STAGES_MAX:
            self._stages = self._stages[::2]
            self._step *= 2

    def _learn_causes(self, newest_seq: int) -> None:
        if self._causes_seq >= newest_seq:
            return
        since = self._causes_next
        for offset, value in records_of(
            self._broker, CLAIMS, self._execution_id, 0 if since else self.life.since_ms, since
        ):
            self._causes_next = offset + 1
            with suppress(msgspec.MsgspecError):  # an unreadable claim has led to nothing
                cause = _cause.decode(value)
                self._causes[cause.id] = cause
        self._causes_seq = newest_seq


def _is_about(value: bytes, cause: Cause | None, taskrun_id: str) -> bool:
    if cause is not None and cause.taskrun_id == taskrun_id:
        return True
    # Most transitions don't have the id in them at all: that is seen without decoding.
    return taskrun_id.encode() in value and any(
        getattr(fact, "id", None) == taskrun_id for fact in _transition.decode(value).facts
    )


class Pasts:
    """The pasts that were asked for last."""

    def __init__(self, broker: Broker, kept_max_bytes: int = KEPT_MAX_BYTES) -> None:
        self._broker = broker
        self._kept_max_bytes = kept_max_bytes
        self._lock = threading.Lock()
        self._pasts: OrderedDict[str, Past] = OrderedDict()

    @contextmanager
    def of(self, execution_id: str, life: Life) -> Iterator[Past]:
        """Lend the past of an execution; afterwards what was not asked for of late may be forgotten."""
        with self._lock:
            past = self._pasts.get(execution_id)
            if past is None or past.life.began != life.began:
                past = self._pasts[execution_id] = Past(self._broker, execution_id, life)
            self._pasts.move_to_end(execution_id)
        try:
            yield past
        finally:
            self._trim()

    def _trim(self) -> None:
        with self._lock:
            sizes = {execution_id: past.size_bytes for execution_id, past in self._pasts.items()}
            total = sum(sizes.values())
            for execution_id, size in sizes.items():
                if total <= self._kept_max_bytes and len(self._pasts) <= PASTS_MAX:
                    return
                del self._pasts[execution_id]
                total -= size

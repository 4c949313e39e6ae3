"""
What one partition of `facts` folds to, each execution once, in bounded memory.

The partition is read twice. The first reading decodes nothing: it notes where the last record
of each execution stands. The second folds, and lets an execution go at just that record; so
only those whose records lie among each other are held, not those that ended long ago and
may be restarted some day. If these are still too many, some are put off to another reading.

The same serves what is new since an offset: then the first reading begins there, and the
second where the changed executions began.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from runfold.errors import BrokenInvariant
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.facts import ExecutionDeleted, SlotFact, TaskRunsRemoved, Transition
from runfold.ports import Broker, Record
from runfold.topology import FACTS

HELD_MAX: Final = 200_000
"""Task runs in memory at a time, about 3.5 KiB each; one execution may have more."""

READINGS_MAX: Final = 1_000

_DELETED: Final = b'"ExecutionDeleted"'
_decode = msgspec.json.Decoder(Transition).decode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """
    What of a partition is new: from the offset `next` on, and written at `since_ms` or later.

    `reached`: executions that end before it in the span were told already, before something was cut off.
    """

    next: int = 0
    reached: int = 0
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Folded:
    """
    An execution as its facts have it.

    `known_seq`: what it and its task runs were up to this transition stood before the span.
    `removed`: task runs that went in the span. `reached`: executions whose last record is before
    this offset are told with this one; None: some are put off.
    """

    aggregate: Aggregate
    known_seq: int
    removed: tuple[str, ...]
    begun_again: bool
    """It was deleted, and began again under its name, in the span."""
    reached: int | None

    @property
    def takes_away(self) -> bool:
        """Whether something that was told before is no more."""
        return bool(self.removed) or self.begun_again or self.aggregate.execution.deletion is not None


@dataclass(slots=True)
class Summary:
    """What a fold met. `end`: the offset behind the last record."""

    end: int = 0
    last_ms: int = 0
    executions: int = 0
    taskruns: int = 0
    facts: int = 0
    without_beginning: list[str] = field(default_factory=list)
    """Executions that the log tells only the rest of: nothing can be made of them."""


Began = Callable[[Collection[str]], int]
"""Returns when (epoch milliseconds) the first of these executions began; 0: perhaps long ago."""


def _long_ago(_execution_ids: Collection[str]) -> int:
    return 0


class PartitionFold:
    """Folds one partition. `summary` is complete when all was yielded."""

    def __init__(self, broker: Broker, partition: int, began: Began = _long_ago, held_max: int = HELD_MAX) -> None:
        self._broker = broker
        self._partition = partition
        self._began = began
        self._held_max = held_max
        self.summary = Summary()

    def run(self, span: Span = Span(), includes: Callable[[str], bool] = lambda _: True) -> Iterator[Folded]:
        """Yield the executions that `includes` names and the span changed, in the order of their last records."""
        self.summary = Summary(end=span.next)
        last, deletions = self._scan(span, includes)
        since_ms = self._began(last.keys()) if span.next and last else 0
        is_whole = since_ms == 0
        for _ in range(READINGS_MAX):
            if not last:
                return
            reading = _Reading(last, deletions, span.next, self._held_max)
            for folded in reading.run(self._broker.history(FACTS, self._partition, since_ms)):
                self._count(folded)
                yield folded
            self.summary.facts += reading.facts
            if is_whole:
                self._miss(reading.orphans)
                reading.orphans.clear()
            last = {key: last[key] for key in (*reading.put_off, *reading.orphans)}
            if reading.orphans:
                since_ms, is_whole = 0, True
        raise BrokenInvariant(f"The facts of partition {self._partition} need more than {READINGS_MAX} readings")

    def _scan(self, span: Span, includes: Callable[[str], bool]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the offset of each key's last record, and of its last deletion."""
        last: dict[str, int] = {}
        deletions: dict[str, int] = {}
        for record in self._broker.history(FACTS, self._partition, span.since_ms, span.next):
            if record.key is None or record.value is None:
                continue
            self.summary.end, self.summary.last_ms = record.offset + 1, max(self.summary.last_ms, record.timestamp_ms)
            if includes(record.key):
                last[record.key] = record.offset
                if _DELETED in record.value and _is_deletion(record.value):
                    deletions[record.key] = record.offset
        return {key: offset for key, offset in last.items() if offset >= span.reached}, deletions

    def _count(self, folded: Folded) -> None:
        self.summary.executions += 1
        self.summary.taskruns += len(folded.aggregate.taskruns)

    def _miss(self, orphans: Collection[str]) -> None:
        for key in orphans:
            logger.warning("The log has no beginning of execution %s", key)
        self.summary.without_beginning += orphans


class _Reading:
    """One reading of a partition."""

    def __init__(self, last: Mapping[str, int], deletions: Mapping[str, int], since: int, held_max: int) -> None:
        self._last = last
        self._deletions = deletions
        self._since = since
        self._held_max = held_max
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._size = 0
        self._over: set[str] = set()
        self.put_off: dict[str, None] = {}
        self.orphans: dict[str, None] = {}
        self.facts = 0

    def run(self, records: Iterator[Record]) -> Iterator[Folded]:
        for record in records:
            key = record.key or ""
            end = self._last.get(key, -1)
            if record.value is None or record.offset > end or key in self._over:
                continue
            if record.offset >= self._deletions.get(key, 0):  # of what came before nothing is left
                self._take(key, _decode(record.value), record.offset)
            if record.offset == end:
                held = self._held.pop(key, None)
                if held is not None and held.aggregate is not None:
                    self._size -= len(held.aggregate.taskruns)
                    yield Folded(
                        held.aggregate, held.known_seq, tuple(held.removed), held.begun_again, self._reached(record)
                    )

    def _reached(self, record: Record) -> int | None:
        return None if self.put_off or self.orphans else record.offset + 1

    def _take(self, key: str, transition: Transition, offset: int) -> None:
        first, last = (transition.facts[0], transition.facts[-1]) if transition.facts else (None, None)
        if isinstance(first, SlotFact):
            self._over.add(key)  # a queue's
            return
        held = self._held.get(key)
        if held is None:
            if transition.seq != 1 and not isinstance(last, ExecutionDeleted):
                self._over.add(key)
                self.orphans[key] = None
                return
            held = self._held[key] = _Held()
        self.facts += 1
        self._size += held.take(transition, is_new=offset >= self._since)
        self._held.move_to_end(key)
        while self._size > self._held_max and len(self._held) > 1:
            self._put_off()

    def _put_off(self) -> None:
        """Forget the execution that nothing was heard of for longest, until the next reading."""
        key, held = self._held.popitem(last=False)
        self._size -= len(held.aggregate.taskruns) if held.aggregate else 0
        self._over.add(key)
        self.put_off[key] = None


@dataclass(slots=True)
class _Held:
    """An execution on its way."""

    aggregate: Aggregate | None = None
    known_seq: int = 0
    removed: list[str] = field(default_factory=list)
    begun_again: bool = False

    def take(self, transition: Transition, *, is_new: bool) -> int:
        """Apply a transition; return how many task runs there are more."""
        before = len(self.aggregate.taskruns) if self.aggregate else 0
        was_deleted = self.aggregate is not None and self.aggregate.execution.deletion is not None
        try:
            self.aggregate = apply_transition(self.aggregate, transition)
        except BrokenInvariant:
            logger.exception("Transition %d of %s is ignored", transition.seq, transition.aggregate)
            return 0
        if not is_new:
            self.known_seq = transition.seq
        else:
            if was_deleted:
                self.known_seq, self.begun_again = 0, True
            for fact in transition.facts:
                if isinstance(fact, TaskRunsRemoved):
                    self.removed += fact.ids
        return len(self.aggregate.taskruns) - before


def _is_deletion(value: bytes) -> bool:
    facts = _decode(value).facts
    return bool(facts) and isinstance(facts[-1], ExecutionDeleted)

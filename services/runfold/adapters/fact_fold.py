"""
An execution folded again from the facts: for what ended long ago, or as it was at some moment.

Reads one partition of `facts`. Who knows when the execution began and which transition is
its newest says so, and nothing outside of its life is read.
"""

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from runfold.errors import BrokenInvariant
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.facts import Transition
from runfold.ports import Broker, slot_of
from runfold.topology import FACTS

CLOCKS_APART: Final = timedelta(minutes=2)
"""Records are dated by whoever wrote them: so far may two machines' clocks be from each other."""

logger = logging.getLogger(__name__)

_transition = msgspec.json.Decoder(Transition)


@dataclass(frozen=True, slots=True)
class Life:
    """What of the log concerns an execution. `began` None: since ever; `newest_seq` None: up to now."""

    began: datetime | None = None
    newest_seq: int | None = None

    @property
    def since_ms(self) -> int:
        """From when on to read, epoch milliseconds."""
        return 0 if self.began is None else max(0, int((self.began - CLOCKS_APART).timestamp() * 1000))

    @property
    def last_seq(self) -> int:
        """The number that no transition is above."""
        return sys.maxsize if self.newest_seq is None else self.newest_seq


ALL: Final = Life()


def records_of(
    broker: Broker, topic: str, execution_id: str, since_ms: int = 0, since: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Yield what a topic of executions has of one, oldest first: offsets and values; from an offset or a time on."""
    count = broker.partitions(topic)
    if count == 0:
        return
    for record in broker.history(topic, slot_of(execution_id) % count, since_ms, since, key=execution_id):
        if record.value is not None:
            yield record.offset, record.value


def transitions_of(broker: Broker, execution_id: str, life: Life = ALL) -> Iterator[Transition]:
    """Yield what the log says of one execution, oldest first."""
    for _, value in records_of(broker, FACTS, execution_id, life.since_ms):
        transition = _transition.decode(value)
        yield transition
        if transition.seq >= life.last_seq:
            return


def folded(broker: Broker, execution_id: str, life: Life = ALL) -> Aggregate | None:
    """Return an execution as its facts have it; None if there are none."""
    aggregate: Aggregate | None = None
    for transition in transitions_of(broker, execution_id, life):
        aggregate = followed(aggregate, transition)
    return aggregate


def followed(aggregate: Aggregate | None, transition: Transition) -> Aggregate | None:
    """
    Return the aggregate after one more transition.

    One out of sequence is ignored and said in the log: the first one with a number counts.
    """
    try:
        return apply_transition(aggregate, transition)
    except BrokenInvariant:
        logger.exception("Transition %d of %s is ignored", transition.seq, transition.aggregate)
        return aggregate

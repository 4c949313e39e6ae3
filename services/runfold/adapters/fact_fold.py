"""
An execution folded again from the facts: for what ended long ago, or as it was at some moment.

Reads one partition of `facts`. Who knows when the execution began and which transition is
its newest says so, and nothing outside of its life is read.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from runfold.errors import BrokenInvariant
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.claims import AnyClaim
from runfold.execution.facts import Transition
from runfold.ports import Broker, slot_of
from runfold.topology import CLAIMS, FACTS

CLOCKS_APART: Final = timedelta(minutes=2)
"""Records are dated by whoever wrote them: so far may two machines' clocks be from each other."""

logger = logging.getLogger(__name__)

_transition = msgspec.json.Decoder(Transition)
_claim = msgspec.json.Decoder(AnyClaim)


@dataclass(frozen=True, slots=True)
class Life:
    """What of the log concerns an execution. `began` None: since ever; `newest_seq` None: up to now."""

    began: datetime | None = None
    newest_seq: int | None = None

    @property
    def since_ms(self) -> int:
        """From when on to read, epoch milliseconds."""
        return 0 if self.began is None else max(0, int((self.began - CLOCKS_APART).timestamp() * 1000))


ALL: Final = Life()


def transitions_of(broker: Broker, execution_id: str, life: Life = ALL) -> Iterator[Transition]:
    """Yield what the log says of one execution, oldest first."""
    count = broker.partitions(FACTS)
    if count == 0:
        return
    for record in broker.history(FACTS, slot_of(execution_id) % count, life.since_ms):
        if record.key == execution_id and record.value is not None:
            transition = _transition.decode(record.value)
            yield transition
            if life.newest_seq is not None and transition.seq >= life.newest_seq:
                return


def claims_of(broker: Broker, execution_id: str, life: Life = ALL) -> Iterator[AnyClaim]:
    """Yield the claims on one execution that the log still has, oldest first; unreadable ones are left out."""
    count = broker.partitions(CLAIMS)
    if count == 0:
        return
    for record in broker.history(CLAIMS, slot_of(execution_id) % count, life.since_ms):
        if record.key == execution_id and record.value is not None:
            try:
                yield _claim.decode(record.value)
            except msgspec.MsgspecError:
                logger.warning("Claim at %d of partition %d can't be read", record.offset, record.partition)


def folded(
    broker: Broker, execution_id: str, life: Life = ALL, includes: Callable[[Transition], bool] = lambda _: True
) -> Aggregate | None:
    """
    Return an execution as its facts have it, up to the first transition not included; None if there are none.

    A transition out of sequence is ignored and said in the log: the first one with a number counts.
    """
    aggregate: Aggregate | None = None
    for transition in transitions_of(broker, execution_id, life):
        if not includes(transition):
            break
        try:
            aggregate = apply_transition(aggregate, transition)
        except BrokenInvariant:
            logger.exception("Transition %d of %s is ignored", transition.seq, execution_id)
    return aggregate

"""
An execution folded again from the facts: for what ended long ago and is wanted once more.

Reads one partition of `facts` from its beginning: slow, rare, and right.
"""

import logging
from collections.abc import Iterator

import msgspec

from runfold.errors import BrokenInvariant
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.facts import Transition
from runfold.ports import Broker, slot_of
from runfold.topology import FACTS

logger = logging.getLogger(__name__)

_transition = msgspec.json.Decoder(Transition)


def transitions_of(broker: Broker, execution_id: str) -> Iterator[Transition]:
    """Yield what the log says of one execution, oldest first."""
    count = broker.partitions(FACTS)
    if count == 0:
        return
    for record in broker.history(FACTS, slot_of(execution_id) % count):
        if record.key == execution_id and record.value is not None:
            yield _transition.decode(record.value)


def folded(broker: Broker, execution_id: str, until_seq: int | None = None) -> Aggregate | None:
    """
    Return an execution as its facts have it, up to a transition (None: all); None if there are none.

    A transition out of sequence is ignored and said in the log: the first one with a number counts.
    """
    aggregate: Aggregate | None = None
    for transition in transitions_of(broker, execution_id):
        if until_seq is not None and transition.seq > until_seq:
            break
        try:
            aggregate = apply_transition(aggregate, transition)
        except BrokenInvariant:
            logger.exception("Transition %d of %s is ignored", transition.seq, execution_id)
    return aggregate

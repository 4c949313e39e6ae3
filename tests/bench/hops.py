"""
How long each hop took, read from the log afterwards: facts and claims carry their dates.

Nothing is measured while the load runs. All processes are on one machine and share its clock.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec

from runfold.execution.claims import AnyClaim, TaskEnded
from runfold.execution.facts import AttemptDispatched, Transition
from runfold.ports import Broker
from runfold.topology import CLAIMS, FACTS
from tests.bench.figures import Spread, spread

CLAIM: Final = "claim > fact"
DISPATCH: Final = "dispatch > worker"
RESULT: Final = "result > fact"

_claim = msgspec.json.Decoder(AnyClaim)
_transition = msgspec.json.Decoder(Transition)


def hops_of(broker: Broker, execution_ids: Collection[str]) -> dict[str, Spread]:
    """Return the hops of these executions."""
    wanted = set(execution_ids)
    transitions = list(_transitions(broker, wanted))
    by_cause = {transition.cause: transition for transition in transitions}
    samples: dict[str, list[float]] = {CLAIM: [], DISPATCH: [], RESULT: []}
    dispatched = dict(_dispatches(transitions))
    for record in broker.history(CLAIMS):
        if record.key not in wanted:
            continue
        claim = _claim.decode(record.value or b"")
        decided = by_cause.get(claim.id)
        if decided is None:
            continue
        at_ms = decided.at.timestamp() * 1000
        samples[CLAIM].append(max(at_ms - record.timestamp_ms, 0.0))
        if isinstance(claim, TaskEnded):
            samples[RESULT].append(at_ms - claim.ended_at.timestamp() * 1000)
            sent_ms = dispatched.get((claim.taskrun_id, claim.token))
            if sent_ms is not None:
                samples[DISPATCH].append(claim.started_at.timestamp() * 1000 - sent_ms)
    return present({name: spread(found) for name, found in samples.items()})


def present(found: Mapping[str, Spread | None]) -> dict[str, Spread]:
    """Return the hops that were seen at all."""
    return {name: each for name, each in found.items() if each is not None}


def _transitions(broker: Broker, wanted: Collection[str]) -> Iterator[Transition]:
    for record in broker.history(FACTS):
        if record.key in wanted:
            yield _transition.decode(record.value or b"")


def _dispatches(transitions: Collection[Transition]) -> Iterator[tuple[tuple[str, int], float]]:
    for transition in transitions:
        for fact in transition.facts:
            if isinstance(fact, AttemptDispatched):
                yield (fact.id, fact.token), transition.at.timestamp() * 1000

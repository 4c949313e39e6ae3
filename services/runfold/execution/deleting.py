"""
Deleting: what follows from the wish that an execution be forgotten.

Needs no flow: one that nobody can read any more must not keep its executions alive. One that
still runs is ended first, so whoever waits for it hears of its end.
"""

from collections.abc import Iterator
from datetime import datetime

from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.claims import Delete
from runfold.execution.draft import Decision
from runfold.execution.facts import ExecutionDeleted, ExecutionFact, ExecutionMoved, Transition
from runfold.execution.model import Execution
from runfold.execution.state import State


def decide_deletion(known: Aggregate | None, claim: Delete, now: datetime) -> Iterator[Decision]:
    """
    Yield up to two decisions, one after the other; none if the claim is late, double or void.

    `known` None: it ended so long ago that the engine forgot it; then who asks must have seen it.
    """
    if known is None:
        if claim.seq > 0 and claim.state.is_terminal:
            yield _decided(None, claim, claim.seq + 1, now, (_deleted(claim, claim.flow_revision, claim.state),))
        return
    execution = known.execution
    if execution.deletion is not None or not (claim.is_forced or _is_at_rest(execution)):
        return
    if not execution.state.is_terminal:
        end = [] if execution.state is State.KILLING else [ExecutionMoved(State.KILLING)]
        ended = _decided(known, claim, known.seq + 1, now, (*end, ExecutionMoved(State.KILLED)))
        yield ended
        assert ended.aggregate is not None  # noqa: S101 - a transition leads to one
        known = ended.aggregate
    fact = _deleted(claim, execution.flow_revision, known.execution.state)
    yield _decided(known, claim, known.seq + 1, now, (fact,))


def _is_at_rest(execution: Execution) -> bool:
    """Return whether it has ended, and is not to be tried again."""
    return execution.state.is_terminal and execution.wake_at is None


def _deleted(claim: Delete, revision: int, state: State) -> ExecutionDeleted:
    return ExecutionDeleted(
        namespace=claim.namespace,
        flow_id=claim.flow_id,
        flow_revision=revision,
        state=state,
        logs=claim.logs,
        metrics=claim.metrics,
        files=claim.files,
        actor=claim.actor,
    )


def _decided(
    known: Aggregate | None, claim: Delete, seq: int, now: datetime, facts: tuple[ExecutionFact, ...]
) -> Decision:
    transition = Transition(claim.execution_id, seq, now, claim.id, facts)
    return Decision(apply_transition(known, transition), transition)

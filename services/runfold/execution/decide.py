"""
Decisions: which facts follow from one claim.

Here, and only here, templates are rendered and the time is written down; the result goes
into the fact, so that `apply` never has to ask again. First the claim is accepted or found
void (`accept`), then what follows from it is followed until nothing more does (`advance`).
"""

from datetime import datetime
from typing import Final

from runfold.errors import BrokenInvariant
from runfold.execution.accept import accept
from runfold.execution.advance import advance
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import ExecutionClaim, Wish
from runfold.execution.draft import Decision, Draft
from runfold.execution.facts import Transition, WishNoted
from runfold.execution.promises import check_assertions
from runfold.flows.plan import Plan

ROUNDS_MAX: Final = 100_000
"""Looks at parents within one decision; more means that it never settles."""


def decide(plan: Plan, aggregate: Aggregate | None, claim: ExecutionClaim, now: datetime) -> Decision:
    """
    Return what follows from `claim`, with all that follows from it.

    A claim that is late, double or void gives no facts; that is no error.
    """
    draft = Draft(plan, aggregate, _frame(aggregate, claim, now))
    accept(draft, claim)
    if draft.facts and isinstance(claim, Wish) and (claim.actor or claim.note):
        draft.add(WishNoted(wish=type(claim).__name__, actor=claim.actor, note=claim.note))
    if draft.facts and plan.flow.sla:
        check_assertions(draft)
    for _ in range(ROUNDS_MAX):
        if not draft.has_room:
            break
        parent = draft.next()
        if parent is None:
            return draft.decision()
        advance(draft, parent)
    else:
        raise BrokenInvariant(f"{claim.execution_id} never settles")
    while (parent := draft.next()) is not None:
        draft.unfinished[parent] = None
    return draft.decision()


def preview(plan: Plan, aggregate: Aggregate | None, claim: ExecutionClaim, now: datetime) -> Aggregate | None:
    """Return the execution as `claim` leaves it before it goes on: what the API answers to a restart or a replay."""
    draft = Draft(plan, aggregate, _frame(aggregate, claim, now), is_preview=True)
    accept(draft, claim)
    return draft.decision().aggregate


def _frame(aggregate: Aggregate | None, claim: ExecutionClaim, now: datetime) -> Transition:
    seq = aggregate.seq + 1 if aggregate else 1
    return Transition(aggregate=claim.execution_id, seq=seq, at=now, cause=claim.id, facts=())

"""
A flow's queue: which of its executions run under its concurrency limit, and which wait.

An aggregate of its own on the same topics: executions ask it and leave it by claims, it
answers by claims. Nothing is locked; a slot can't leak, since leaving is derived from the end.
"""

from datetime import datetime

from msgspec.structs import replace

from runfold.execution.claims import AskSlot, LeaveSlot, QueueClaim, SlotDecided
from runfold.execution.facts import SlotFact, SlotLeft, SlotRefused, SlotTaken, SlotWaits, Transition
from runfold.execution.model import Struct
from runfold.execution.state import State

REFUSALS = {"CANCEL": State.CANCELLED, "FAIL": State.FAILED}


CAUSES_MAX = 50
"""A claim that comes again does so soon, or never."""


class Queue(Struct, frozen=True):
    """
    The executions of one flow that hold a slot, and those that wait for one, oldest first.

    `causes`: the claims that the last transitions followed from. Who asked, left and is heard asking
    once more, late, would hold a slot that nobody gives back.
    """

    id: str
    running: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    seq: int = 0
    causes: tuple[str, ...] = ()


class QueueDecision(Struct, frozen=True):
    """What follows from a claim to a queue: a transition (None: nothing does), and what executions are told."""

    queue: Queue
    transition: Transition | None = None
    answers: tuple[SlotDecided, ...] = ()


def decide_slots(queue: Queue, claim: QueueClaim, now: datetime) -> QueueDecision:
    """Return what follows from `claim`; asking or leaving twice gives no facts."""
    facts: list[SlotFact] = []
    if claim.id in queue.causes:
        return QueueDecision(queue)
    match claim:
        case AskSlot():
            facts += _ask(queue, claim)
        case LeaveSlot():
            facts += _leave(queue, claim)
    if not facts:
        return QueueDecision(queue)
    transition = Transition(aggregate=queue.id, seq=queue.seq + 1, at=now, cause=claim.id, facts=tuple(facts))
    answers = tuple(answer for fact in facts for answer in _answers(queue, fact))
    return QueueDecision(apply_slots(queue, transition), transition, answers)


def apply_slots(queue: Queue, transition: Transition) -> Queue:
    """Return the queue after one more transition."""
    for fact in transition.facts:
        match fact:
            case SlotTaken(execution_id=id_):
                waiting = tuple(other for other in queue.waiting if other != id_)
                queue = replace(queue, running=(*queue.running, id_), waiting=waiting)
            case SlotWaits(execution_id=id_):
                queue = replace(queue, waiting=(*queue.waiting, id_))
            case SlotLeft(execution_id=id_):
                running = tuple(other for other in queue.running if other != id_)
                queue = replace(queue, running=running, waiting=tuple(o for o in queue.waiting if o != id_))
    return replace(queue, seq=transition.seq, causes=(*queue.causes, transition.cause)[-CAUSES_MAX:])


def _ask(queue: Queue, claim: AskSlot) -> list[SlotFact]:
    if claim.execution_id in queue.running:
        return []
    if claim.is_forced or (len(queue.running) < claim.limit and claim.execution_id not in queue.waiting):
        return [SlotTaken(claim.execution_id, is_forced=claim.is_forced)]
    if claim.execution_id in queue.waiting:
        return []
    if claim.behavior in REFUSALS:
        return [SlotRefused(claim.execution_id, REFUSALS[claim.behavior])]
    return [SlotWaits(claim.execution_id)]


def _leave(queue: Queue, claim: LeaveSlot) -> list[SlotFact]:
    if claim.execution_id in queue.waiting:
        return [SlotLeft(claim.execution_id)]
    if claim.execution_id not in queue.running:
        return []
    free = claim.limit - (len(queue.running) - 1)
    follow = queue.waiting[: max(free, 0)]
    return [SlotLeft(claim.execution_id), *(SlotTaken(execution_id) for execution_id in follow)]


def _answers(queue: Queue, fact: SlotFact) -> list[SlotDecided]:
    claim_id = f"{fact.execution_id}.slot.{queue.seq + 1}"
    match fact:
        case SlotTaken(is_forced=False):
            return [SlotDecided(fact.execution_id, claim_id, state=State.RUNNING)]
        case SlotWaits():
            return [SlotDecided(fact.execution_id, claim_id, state=State.QUEUED)]
        case SlotRefused():
            return [SlotDecided(fact.execution_id, claim_id, state=fact.state)]
        case _:
            return []

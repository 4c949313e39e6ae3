"""
One commit in the making: claims decided one after the other, each on what the former left.

Nothing in memory changes before `remember`, which is called once the commit is through.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from runfold.adapters.dead_letters import dead_letter
from runfold.errors import AuthorError, BrokenInvariant, CallerError
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import (
    AnyClaim,
    AskSlot,
    ChangeState,
    ChangeStatus,
    ChildEnded,
    Delete,
    DispatchFailed,
    LeaveSlot,
    QueueClaim,
    Restart,
    SetLabels,
)
from runfold.execution.decide import decide
from runfold.execution.deleting import decide_deletion
from runfold.execution.draft import Decision
from runfold.execution.slots import Queue, decide_slots
from runfold.executor.batch_outputs import with_outputs_stored
from runfold.executor.memory import Memory
from runfold.executor.outbox import Change, Outbox, TooLarge, queue_messages, snapshots
from runfold.executor.plans import Plans
from runfold.flows.plan import Plan
from runfold.ports import Files, Message, Record

logger = logging.getLogger(__name__)

_claim = msgspec.json.Decoder(AnyClaim)


Recall = Callable[[str], Aggregate | None]
"""Folds an execution again that was let go of."""


class Batch:
    """Decisions of one step and the messages that they lead to."""

    def __init__(  # noqa: PLR0913 - made in one place
        self, plans: Plans, memory: Memory, outbox: Outbox, *, files: Files, now: datetime, recall: Recall
    ) -> None:
        self._recall = recall
        self._files = files
        self._plans = plans
        self._memory = memory
        self._outbox = outbox
        self._now = now
        self._changed: dict[str, Aggregate] = {}
        self._changes: dict[str, Change] = {}
        self._queues: dict[str, Queue] = {}
        self._messages: list[Message] = []
        self.unfinished: dict[str, tuple[str, ...] | None] = {}

    def take(self, record: Record) -> None:
        """Decide on a claim's record; one that nobody can read goes to the dead letters."""
        try:
            claim = _claim.decode(record.value or b"")
        except msgspec.MsgspecError as error:
            self.send([dead_letter(record, error)])
            return
        try:
            self.decide(claim)
        except (AuthorError, CallerError, BrokenInvariant) as error:
            # Its flow is gone, or we are wrong about this execution: it stands still, the others go on.
            logger.exception("Claim at %s-%d@%d can't be decided", record.topic, record.partition, record.offset)
            self.send([dead_letter(record, error)])

    def decide_own(self, claim: AnyClaim) -> None:
        """Decide on a claim that the executor made itself: a timer, a lost worker, the rest of a fan-out."""
        try:
            self.decide(claim)
        except (AuthorError, CallerError, BrokenInvariant):
            logger.exception("Execution %s stands still", claim.execution_id)

    def decide(self, claim: AnyClaim) -> None:
        """Decide on a claim and take what follows. Raises: AuthorError if its flow can't be had."""
        if isinstance(claim, AskSlot | LeaveSlot):
            self._decide_slots(claim)
            return
        known = self._changed.get(claim.execution_id) or self._memory.get(claim.execution_id)
        if isinstance(claim, Delete):
            self._delete(claim, known)
            return
        if known is None and isinstance(claim, Restart | ChangeState | ChangeStatus | SetLabels):
            known = self._recall(claim.execution_id)
        if known is not None and known.execution.deletion is not None:
            return  # whatever it is, it comes too late
        if isinstance(claim, ChildEnded):
            claim = with_outputs_stored(self._files, known, claim)
        plan = self._plans.of(claim, known)
        if plan is None:
            return
        decision = decide(plan, known, claim, self._now)
        if decision.unfinished:
            self.unfinished[claim.execution_id] = decision.unfinished
        else:
            self.unfinished.pop(claim.execution_id, None)
        if decision.transition is not None:
            self._keep(plan, decision, known)

    def _decide_slots(self, claim: QueueClaim) -> None:
        queue_id = claim.aggregate
        known = self._queues.get(queue_id) or self._memory.queue(queue_id)
        decision = decide_slots(known, claim, self._now)
        if decision.transition is not None:
            self._queues[queue_id] = decision.queue
            self._messages += queue_messages(decision)

    def _delete(self, claim: Delete, known: Aggregate | None) -> None:
        plan: Plan | None = None
        if known is not None and not known.execution.state.is_terminal:
            try:
                plan = self._plans.of(claim, known)
            except (AuthorError, CallerError) as error:
                logger.warning("Execution %s is deleted without its flow: %s", claim.execution_id, error)
        for decision in decide_deletion(known, claim, self._now):
            self._note(decision, known)
            self._messages += self._outbox.consequences(plan, decision)
            known = decision.aggregate
            self.unfinished.pop(claim.execution_id, None)

    def _keep(self, plan: Plan, decision: Decision, before: Aggregate | None) -> None:
        self._note(decision, before)
        self._messages += self._outbox.consequences(plan, decision)
        for message in self._outbox.work(plan, decision):
            if isinstance(message, TooLarge):
                self._refuse(message)
            else:
                self._messages.append(message)

    def _note(self, decision: Decision, before: Aggregate | None) -> None:
        assert decision.transition is not None  # noqa: S101 - asked by the caller
        assert decision.aggregate is not None  # noqa: S101 - a transition leads to one
        execution_id = decision.transition.aggregate
        self._changed[execution_id] = decision.aggregate
        self._changes.setdefault(execution_id, Change()).note(decision.transition, before)
        self._messages.append(self._outbox.transition(decision.transition))

    def _refuse(self, too_large: TooLarge) -> None:
        work = too_large.work
        claim_id = f"{work.taskrun_id}.{work.token}.too-large"
        self.decide(
            DispatchFailed(
                work.execution_id, claim_id, taskrun_id=work.taskrun_id, token=work.token, reason=too_large.reason
            )
        )

    def send(self, messages: Iterable[Message]) -> None:
        """Add messages that come from no decision."""
        self._messages += messages

    def knows(self, execution_id: str) -> bool:
        """Return whether this batch changes the execution."""
        return execution_id in self._changed

    def messages(self) -> list[Message]:
        """Return all that leaves with the commit: what happened, then the snapshots, once per entity."""
        found = list(self._messages)
        for execution_id, change in self._changes.items():
            found += snapshots(self._changed[execution_id], change)
        return found

    def remember(self) -> None:
        """Take over what the commit made true."""
        for execution_id, change in self._changes.items():
            self._memory.remember(self._changed[execution_id], change.taskruns, execution_changed=change.execution)
        for queue in self._queues.values():
            self._memory.remember_queue(queue)

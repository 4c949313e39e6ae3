"""
One commit in the making: claims decided one after the other, each on what the former left.

Nothing in memory changes before `remember`, which is called once the commit is through.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from runfold.adapters.dead_letters import dead_letter
from runfold.errors import AuthorError
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import AnyClaim, DispatchFailed
from runfold.execution.decide import decide
from runfold.execution.draft import Decision
from runfold.executor.memory import Memory
from runfold.executor.outbox import Outbox, TooLarge, snapshots, touched
from runfold.executor.plans import Plans
from runfold.flows.plan import Plan
from runfold.ports import Message, Record

_claim = msgspec.json.Decoder(AnyClaim)


class Batch:
    """Decisions of one step and the messages that they lead to."""

    def __init__(self, plans: Plans, memory: Memory, outbox: Outbox, now: datetime) -> None:
        self._plans = plans
        self._memory = memory
        self._outbox = outbox
        self._now = now
        self._changed: dict[str, Aggregate] = {}
        self._touched: dict[str, tuple[bool, set[str]]] = {}
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
        except AuthorError as error:  # its flow is gone or no flow any more: this execution waits, the others go on
            self.send([dead_letter(record, error)])

    def decide(self, claim: AnyClaim) -> None:
        """Decide on a claim and take what follows. Raises: AuthorError if its flow can't be had."""
        known = self._changed.get(claim.execution_id) or self._memory.get(claim.execution_id)
        plan = self._plans.of(claim, known)
        if plan is None:
            return
        decision = decide(plan, known, claim, self._now)
        if decision.unfinished:
            self.unfinished[claim.execution_id] = decision.unfinished
        else:
            self.unfinished.pop(claim.execution_id, None)
        if decision.transition is not None:
            self._keep(plan, decision)

    def _keep(self, plan: Plan, decision: Decision) -> None:
        assert decision.transition is not None  # noqa: S101 - asked by the caller
        assert decision.aggregate is not None  # noqa: S101 - a transition leads to one
        execution_id = decision.transition.aggregate
        self._changed[execution_id] = decision.aggregate
        execution_changed, taskruns = touched(decision.transition)
        before = self._touched.get(execution_id, (False, set()))
        self._touched[execution_id] = (before[0] or execution_changed, before[1] | taskruns)
        self._messages.append(self._outbox.transition(decision.transition))
        self._messages += self._outbox.consequences(decision)
        for message in self._outbox.work(plan, decision):
            if isinstance(message, TooLarge):
                self._refuse(message)
            else:
                self._messages.append(message)

    def _refuse(self, too_large: TooLarge) -> None:
        work = too_large.work
        claim_id = f"{work.taskrun_id}.{work.token}.too-large"
        self.decide(
            DispatchFailed(work.execution_id, claim_id, taskrun_id=work.taskrun_id, token=work.token, reason=too_large.reason)
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
        for execution_id, (execution_changed, taskruns) in self._touched.items():
            found += snapshots(self._changed[execution_id], execution_changed, taskruns)
        return found

    def remember(self) -> None:
        """Take over what the commit made true."""
        for execution_id, (execution_changed, taskruns) in self._touched.items():
            self._memory.remember(self._changed[execution_id], execution_changed, taskruns)

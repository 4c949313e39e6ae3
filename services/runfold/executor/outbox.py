"""
What leaves the executor with a decision: the transition, work for workers, kill orders, log
lines, answers and new claims. Snapshots come once per commit, whatever happened in between.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from runfold.execution.aggregate import Aggregate
from runfold.execution.batches import open_children
from runfold.execution.claims import AnyClaim, AskSlot, ChildEnded, Kill, KillOrder, LeaveSlot, Work
from runfold.execution.context import instant, variables_of
from runfold.execution.draft import Decision
from runfold.execution.facts import (
    AttemptDispatched,
    BatchKillsAsked,
    ExecutionDeleted,
    ExecutionMoved,
    KillAsked,
    LabelsSet,
    SlotFact,
    SlotWanted,
    StartAsked,
    TaskRunsRemoved,
    Transition,
    taskruns_of,
)
from runfold.execution.model import Caller, Execution, Reply, TaskRun
from runfold.execution.slots import QueueDecision
from runfold.execution.state import State
from runfold.flows.plan import Plan
from runfold.ports import RECORD_SIZE_MAX, Message, slot_of
from runfold.topology import CLAIMS, DEFAULT_GROUP, EXECUTIONS, FACTS, KILLS, LOGS, QUEUES, TASKRUNS, tasks_topic

RUN_LENGTH: Final = 25
"""Work goes to one partition in runs of this many records: a transaction pays per partition, yet all workers get some."""

_encode = msgspec.json.Encoder(enc_hook=dict).encode  # persistent maps as maps


class TooLarge(msgspec.Struct, frozen=True):
    """The work of an attempt does not fit a record: the executor fails the task run."""

    work: Work
    size_bytes: int

    @property
    def reason(self) -> str:
        return (
            f"the task and what its templates read make {self.size_bytes} bytes, more than {RECORD_SIZE_MAX}: "
            "read less of the outputs, or pass them as a file"
        )


class Outbox:
    """Turns decisions into messages. Holds no state but where the next run of work goes."""

    def __init__(self) -> None:
        self._dispatched = 0

    def transition(self, transition: Transition) -> Message:
        """Return the record of `facts`."""
        return Message(
            FACTS, transition.aggregate, _encode(transition), event_headers(transition), slot_of(transition.aggregate)
        )

    def consequences(self, plan: Plan | None, decision: Decision) -> Iterator[Message]:
        """Yield what is derived from a decision: orders, answers, claims and log lines. `plan` None: it can't be had."""
        transition, aggregate = decision.transition, decision.aggregate
        if transition is None or aggregate is None:
            return
        execution = aggregate.execution
        for fact in transition.facts:
            match fact:
                case ExecutionMoved():
                    if fact.state is State.KILLING or fact.interrupts:
                        yield Message(KILLS, execution.id, _encode(KillOrder(execution.id)))
                    if fact.state.is_terminal:
                        yield from _endings(plan, execution, fact)
                case SlotWanted(is_forced=is_forced):
                    yield from _slot_claims(plan, execution, is_forced=is_forced)
                case StartAsked(start=start):
                    yield claim_message(start)
                case KillAsked(execution_id=execution_id):
                    yield _kill(execution_id, execution)
                case BatchKillsAsked():
                    for execution_id in open_children(aggregate.taskruns[fact.id]):
                        yield _kill(execution_id, execution)
        for entry in decision.logs:
            yield Message(LOGS, entry.execution_id, _encode(entry), slot=slot_of(entry.execution_id))

    def work(self, plan: Plan, decision: Decision) -> Iterator[Message | TooLarge]:
        """Yield a record of work for each attempt dispatched by a decision."""
        if decision.transition is None or decision.aggregate is None:
            return
        for fact in decision.transition.facts:
            if isinstance(fact, AttemptDispatched):
                yield self._work(plan, decision.aggregate, fact)

    def _work(self, plan: Plan, aggregate: Aggregate, fact: AttemptDispatched) -> Message | TooLarge:
        run = aggregate.taskruns[fact.id]
        node = plan.nodes[run.task_id]
        group = node.task.worker_group.key if node.task.worker_group else None
        work = Work(
            execution_id=run.execution_id,
            taskrun_id=run.id,
            token=fact.token,
            namespace=run.namespace,
            flow_id=run.flow_id,
            flow_revision=run.flow_revision,
            task_id=run.task_id,
            task=msgspec.Raw(node.definition),
            variables=variables_of(plan, aggregate, run, node.references),
            attempts_before=len(run.attempts),
        )
        value = _encode(work)
        if len(value) > RECORD_SIZE_MAX:
            return TooLarge(work, len(value))
        self._dispatched += 1
        return Message(tasks_topic(group or DEFAULT_GROUP), run.id, value, slot=self._dispatched // RUN_LENGTH)


class Change:
    """What transitions changed: the execution itself, which task runs, and which are no more."""

    def __init__(self) -> None:
        self.execution = False
        self.taskruns: set[str] = set()
        self.removed: dict[str, TaskRun] = {}
        self.forgotten: set[str] = set()
        """Task runs of an execution that is deleted."""

    def note(self, transition: Transition, before: Aggregate | None) -> None:
        """Take one more transition, decided on `before`."""
        for fact in transition.facts:
            if isinstance(fact, SlotFact):
                continue
            if isinstance(fact, LabelsSet) and before is not None:
                self.taskruns.update(before.taskruns)
            elif isinstance(fact, TaskRunsRemoved) and before is not None:
                self.removed |= {taskrun_id: before.taskruns[taskrun_id] for taskrun_id in fact.ids}
            elif isinstance(fact, ExecutionDeleted) and before is not None:
                self.forgotten.update(before.taskruns, before.removed)
            changed = taskruns_of(fact)
            self.taskruns.update(changed)
            self.execution |= not changed


def snapshots(aggregate: Aggregate, change: Change) -> Iterator[Message]:
    """Yield the snapshots of what changed, as it is now."""
    execution = aggregate.execution
    slot = slot_of(execution.id)
    if change.execution:
        yield Message(EXECUTIONS, execution.id, _encode(execution), slot=slot)
    if execution.deletion is not None:
        for taskrun_id in sorted(change.forgotten):
            yield Message(TASKRUNS, f"{execution.id}/{taskrun_id}", None, slot=slot)
        return
    for taskrun_id in change.taskruns:
        run = aggregate.taskruns.get(taskrun_id)
        if run is not None:
            yield Message(TASKRUNS, f"{execution.id}/{taskrun_id}", _encode(run), slot=slot)
    for run in change.removed.values():
        gone = replace(run, is_removed=True, seq=aggregate.seq)
        yield Message(TASKRUNS, f"{execution.id}/{run.id}", _encode(gone), slot=slot)


def queue_messages(decision: QueueDecision) -> Iterator[Message]:
    """Yield what leaves with a queue's decision."""
    if decision.transition is None:
        return
    slot = slot_of(decision.queue.id)
    yield Message(FACTS, decision.queue.id, _encode(decision.transition), event_headers(decision.transition), slot)
    yield Message(QUEUES, decision.queue.id, _encode(decision.queue), slot=slot)
    for answer in decision.answers:
        yield claim_message(answer)


def tombstones(aggregate: Aggregate) -> Iterator[Message]:
    """Yield what lets the engine forget an ended execution. The index keeps it."""
    execution_id = aggregate.execution.id
    slot = slot_of(execution_id)
    for taskrun_id in (*aggregate.taskruns, *aggregate.removed):
        yield Message(TASKRUNS, f"{execution_id}/{taskrun_id}", None, slot=slot)
    yield Message(EXECUTIONS, execution_id, None, slot=slot)


def _kill(execution_id: str, by: Execution) -> Message:
    return claim_message(Kill(execution_id, f"{execution_id}.kill.{by.id}"))


def _endings(plan: Plan | None, execution: Execution, end: ExecutionMoved) -> Iterator[Message]:
    if execution.reply is not None:
        yield ended_reply(execution, execution.reply)
    if execution.caller is not None and execution.state is not State.RETRIED:  # its successor answers
        yield claim_message(_child_ended(execution, execution.caller, end))
    limit = plan.flow.concurrency if plan is not None else None
    if limit is not None:
        claim_id = f"{execution.id}.leave.{len(execution.histories)}"
        yield claim_message(
            LeaveSlot(
                execution.id, claim_id, namespace=execution.namespace, flow_id=execution.flow_id, limit=limit.limit
            )
        )


def _child_ended(execution: Execution, caller: Caller, end: ExecutionMoved) -> ChildEnded:
    return ChildEnded(
        caller.execution_id,
        f"{execution.id}.ended.{len(execution.histories)}",
        taskrun_id=caller.taskrun_id,
        child_id=execution.id,
        state=execution.state,
        original_id=execution.original_id,
        outputs=execution.outputs if end.for_caller is None else end.for_caller,
        item=caller.item,
        error=end.caller_error,
    )


def _slot_claims(plan: Plan | None, execution: Execution, *, is_forced: bool) -> Iterator[Message]:
    limit = plan.flow.concurrency if plan is not None else None
    if limit is not None:
        yield claim_message(
            AskSlot(
                execution.id,
                f"{execution.id}.ask.{len(execution.histories)}",
                namespace=execution.namespace,
                flow_id=execution.flow_id,
                limit=limit.limit,
                behavior=str(limit.behavior),
                is_forced=is_forced,
            )
        )


def claim_message(claim: AnyClaim) -> Message:
    """Return a claim's record."""
    return Message(CLAIMS, claim.aggregate, _encode(claim), slot=slot_of(claim.aggregate))


def event_headers(transition: Transition) -> dict[str, str]:
    """Return CloudEvents' attributes of a transition (binary mode)."""
    return {
        "ce_specversion": "1.0",
        "ce_id": f"{transition.aggregate}.{transition.seq}",
        "ce_type": "runfold.transition",
        "ce_source": "/runfold/executor",
        "ce_subject": transition.aggregate,
        "ce_time": instant(transition.at),
        "content-type": "application/json",
    }


def ended_reply(execution: Execution, reply: Reply) -> Message:
    """Return the answer to whoever asked for an execution that has ended."""
    body = {
        "type": "ended",
        "executionId": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "state": execution.state,
        "outputs": execution.outputs,
        "endDate": instant(execution.histories[-1].date),
    }
    return reply_message(reply, body)


def reply_message(reply: Reply, body: dict[str, Any]) -> Message:
    """Return an answer's record for the topic that the asker named."""
    headers = {"content-type": "application/json"}
    if reply.correlation_id is not None:
        headers["correlation-id"] = reply.correlation_id
        body = {**body, "correlationId": reply.correlation_id}
    return Message(reply.topic, body.get("executionId"), _encode(body), headers, literal=True)


def rejection(reply: Reply, at: datetime, reasons: Iterable[str], execution_id: str | None = None) -> Message:
    """Return the answer to a request that cannot be served."""
    return reply_message(
        reply, {"type": "rejected", "executionId": execution_id, "at": instant(at), "reasons": list(reasons)}
    )

"""
What an execution waits for, by name: the answer to "why does nothing happen?".

Reads an aggregate and its plan, writes nothing. An execution that has not ended and waits for
nothing named here, with no claim about it on its way, would never go on: there is no such one.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from runfold.execution.aggregate import Aggregate
from runfold.execution.batches import open_children
from runfold.execution.calling import child_of
from runfold.execution.directory import is_out
from runfold.execution.model import Struct, TaskRun
from runfold.execution.state import State
from runfold.flows.flowable.subflow import StartPerBatch, Subflow
from runfold.flows.plan import Plan
from runfold.flows.task import Task


class Awaited(StrEnum):
    """What may have to happen before an execution goes on."""

    RESUME = "RESUME"
    """A person has to resume it."""
    DATE = "DATE"
    """A date has to come: of a schedule, a pause, a retry, the next round of a loop."""
    WORKER = "WORKER"
    """A worker has to report on an attempt."""
    CHILD = "CHILD"
    """An execution that it started has to end."""
    SLOT = "SLOT"
    """Another execution of its flow has to end first: the flow's concurrency is limited."""


class Wait(Struct, frozen=True):
    """One thing that an execution waits for. `taskrun_id` None: the execution as a whole does."""

    what: Awaited
    taskrun_id: str | None = None
    until: datetime | None = None
    worker_id: str | None = None
    """Who runs the attempt; None: nobody has said to have begun it."""
    children: tuple[str, ...] = ()
    """The executions that have to end."""


def waits_of(plan: Plan, aggregate: Aggregate) -> Iterator[Wait]:
    """Yield what an execution waits for: nothing once it and all its task runs have ended."""
    paused = False
    for run in sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal):
        if not run.state.is_terminal:
            paused = paused or run.state is State.PAUSED
            yield from _of_taskrun(run, plan.nodes[run.task_id].task)
    execution = aggregate.execution
    match execution.state:
        case State.PAUSED if not paused:
            yield Wait(Awaited.RESUME)
        case State.CREATED | State.RETRIED if execution.wake_at is not None:
            yield Wait(Awaited.DATE, until=execution.wake_at)
        case State.CREATED | State.QUEUED if plan.flow.concurrency is not None:
            yield Wait(Awaited.SLOT)


def _of_taskrun(run: TaskRun, task: Task) -> Iterator[Wait]:
    """Yield what an open task run itself waits for; a flowable waits for its children, who speak for themselves."""
    if run.state in {State.PAUSED, State.RETRYING} and run.wake_at is not None:
        yield Wait(Awaited.DATE, run.id, until=run.wake_at)
    elif run.state is State.PAUSED:
        yield Wait(Awaited.RESUME, run.id)
    elif is_out(run):
        yield Wait(Awaited.WORKER, run.id, worker_id=run.worker_id)
    elif run.state.is_running and isinstance(task, Subflow):
        yield Wait(Awaited.CHILD, run.id, children=(child_of(run),))
    elif run.state.is_running and isinstance(task, StartPerBatch):
        yield Wait(Awaited.CHILD, run.id, children=tuple(open_children(run)))

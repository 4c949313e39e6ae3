"""
What a claim itself leads to, if it is not late, double or void. What follows further is `advance`'s.
"""

from typing import assert_never

from runfold.execution import claims as c
from runfold.execution.batches import batch_ended
from runfold.execution.calling import child_ended
from runfold.execution.control import take_control
from runfold.execution.directory import directory_ended, end_inner, give_out, inner_task_ran
from runfold.execution.draft import Draft
from runfold.execution.facts import (
    AttemptEnded,
    AttemptStarted,
    ExecutionCreated,
    ExecutionMoved,
    ExecutionWaits,
    ResultCameLate,
    SlotWanted,
    TaskRunMoved,
    TaskRunsCopied,
)
from runfold.execution.failing import fail
from runfold.execution.going import go_on
from runfold.execution.killing import sweep
from runfold.execution.model import Attempt, TaskRun
from runfold.execution.promises import deadline_passed
from runfold.execution.result import take_result
from runfold.execution.retrying import start_again
from runfold.execution.state import Entry, State
from runfold.execution.waking import wake
from runfold.flows.flowable.working_directory import WorkingDirectory

#: States in which a worker may still report on the attempt under way.
UNDER_WAY = frozenset({State.CREATED, State.RESTARTED, State.RUNNING, State.KILLING})


def accept(draft: Draft, claim: c.ExecutionClaim) -> None:
    """Add the facts that `claim` leads to by itself; none if it is late, double or void."""
    if draft.is_new:
        if isinstance(claim, c.Start):
            _start(draft, claim)
        return
    match claim:
        case c.TaskEnded():  # nearly all of them: they come first
            _task_ended(draft, claim)
        case c.Start():
            pass  # the same request again: it has been started
        case c.Kill():
            _kill(draft, claim)
        case (
            c.Pause()
            | c.Resume()
            | c.ForceRun()
            | c.SetLabels()
            | c.ChangeStatus()
            | c.ChangeState()
            | c.Restart()
            | c.SlotDecided()
        ):
            take_control(draft, claim)
        case c.ChildEnded():
            (child_ended if claim.item is None else batch_ended)(draft, claim)
        case c.TaskStarted():
            _task_started(draft, claim)
        case c.InnerTaskRan():
            _inner_task_ran(draft, claim)
        case c.TaskReleased() | c.WorkerLost():
            _dispatch_again(draft, claim)
        case c.DispatchFailed():
            _dispatch_failed(draft, claim)
        case c.TimerDue():
            _timer_due(draft, claim)
        case c.Continue():
            _continue(draft, claim)
        case _:
            assert_never(claim)


def _start(draft: Draft, claim: c.Start) -> None:
    draft.add(
        ExecutionCreated(
            id=claim.execution_id,
            namespace=claim.namespace,
            flow_id=claim.flow_id,
            flow_revision=claim.flow_revision,
            inputs=claim.inputs,
            labels=claim.labels,
            variables=claim.variables,
            trigger=claim.trigger,
            parent_id=claim.parent_id,
            original_id=claim.original_id or claim.execution_id,
            schedule_date=claim.schedule_date,
            attempt_number=claim.attempt_number,
            original_created_date=claim.original_created_date,
            reply=claim.reply,
            histories=claim.histories,
            caller=claim.caller,
            templates=dict(draft.plan.templates) or None,
        )
    )
    if claim.taskruns:
        draft.add(TaskRunsCopied(claim.taskruns))
        draft.add(ExecutionMoved(State.RESTARTED))
    if claim.schedule_date is not None and claim.schedule_date > draft.now:
        draft.add(ExecutionWaits(claim.schedule_date))
    else:
        _run(draft)


def _run(draft: Draft) -> None:
    """Run a new execution, or ask its flow's queue whether it may."""
    if draft.plan.flow.concurrency is not None:
        draft.add(SlotWanted())
    else:
        go_on(draft)


def _kill(draft: Draft, claim: c.Kill) -> None:
    state = draft.aggregate.execution.state
    if state.is_terminal or state is State.KILLING:
        return
    draft.add(ExecutionMoved(State.KILLING))
    sweep(draft, cascade=claim.cascade)


def _task_started(draft: Draft, claim: c.TaskStarted) -> None:
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is not None and _is_current(run, claim.token) and run.worker_id is None:
        draft.add(AttemptStarted(run.id, claim.token, claim.worker_id, claim.at))


def _task_ended(draft: Draft, claim: c.TaskEnded) -> None:
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None or claim.token <= run.answered:
        return  # unknown, or a double
    task = draft.plan.nodes[run.task_id].task
    if not _is_current(run, claim.token):
        draft.add(ResultCameLate(run.id, claim.token, claim.state))
    elif isinstance(task, WorkingDirectory):
        directory_ended(draft, run, claim)
    else:
        take_result(draft, run, claim)


def _inner_task_ran(draft: Draft, claim: c.InnerTaskRan) -> None:
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    task = draft.plan.nodes[run.task_id].task if run is not None else None
    if run is not None and isinstance(task, WorkingDirectory) and _is_current(run, claim.token):
        inner_task_ran(draft, run, task, claim)


def _is_current(run: TaskRun, token: int) -> bool:
    """Return whether `token` is the attempt under way, not answered yet."""
    return token == run.dispatches and token > run.answered and run.state in UNDER_WAY


def _dispatch_again(draft: Draft, claim: c.TaskReleased | c.WorkerLost) -> None:
    """Decide on an attempt that its worker gave back, or died with."""
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None or not _is_current(run, claim.token):
        return
    if isinstance(claim, c.WorkerLost):
        if run.worker_id != claim.worker_id:
            return
        began = run.histories[-1].date
        history = (Entry(State.CREATED, began), Entry(State.RUNNING, began), Entry(State.KILLED, draft.now))
        error = f"worker {claim.worker_id} was lost"
        draft.add(AttemptEnded(run.id, Attempt(history, worker_id=claim.worker_id, error=error)))
        draft.log("WARN", f"Worker {claim.worker_id} was lost; the attempt is dispatched again", run)
    if run.state is State.KILLING or draft.aggregate.execution.state.is_terminal:
        end_inner(draft, run, State.KILLED, draft.now)
        draft.add(TaskRunMoved(run.id, State.KILLED))
    else:
        give_out(draft, run)


def _dispatch_failed(draft: Draft, claim: c.DispatchFailed) -> None:
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is not None and _is_current(run, claim.token):
        fail(draft, run, claim.reason)


def _timer_due(draft: Draft, claim: c.TimerDue) -> None:
    if claim.taskrun_id is not None:
        run = draft.aggregate.taskruns.get(claim.taskrun_id)
        if run is not None and run.wake_at is not None and run.wake_at <= draft.now:
            wake(draft, run)
        return
    execution = draft.aggregate.execution
    if execution.wake_at is None or execution.wake_at > draft.now:
        return
    draft.add(ExecutionWaits(None))
    if execution.state is State.CREATED:
        _run(draft)
    elif execution.state is State.RETRIED:
        start_again(draft)
    elif not execution.state.is_terminal:
        deadline_passed(draft)


def _continue(draft: Draft, claim: c.Continue) -> None:
    if draft.aggregate.execution.state is State.KILLING:
        sweep(draft)
        return
    for parent in claim.parents or ():
        draft.look_at(parent)
    if claim.parents is None:
        draft.look_at_all()

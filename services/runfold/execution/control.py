"""
What people do to executions: pause, resume, force, label, mark, restart. Each as facts, or void.
"""

from collections.abc import Iterable, Mapping

from runfold.execution import claims as c
from runfold.execution.aggregate import Aggregate
from runfold.execution.directory import is_out
from runfold.execution.draft import Draft
from runfold.execution.facts import (
    ExecutionMoved,
    ExecutionWaits,
    LabelsSet,
    SlotWanted,
    TaskRunMarked,
    TaskRunMoved,
    TaskRunsRemoved,
)
from runfold.execution.going import go_on
from runfold.execution.model import Branch, Json, TaskRun
from runfold.execution.pausing import end_pause
from runfold.execution.state import State
from runfold.flows.flowable.working_directory import WorkingDirectory

Control = c.Pause | c.Resume | c.ForceRun | c.SetLabels | c.ChangeStatus | c.ChangeState | c.Restart | c.SlotDecided


def take_control(draft: Draft, claim: Control) -> None:
    """Add what a person's wish, or a queue's answer, leads to."""
    state = draft.aggregate.execution.state
    match claim:
        case c.Pause() if state is State.RUNNING:
            draft.add(ExecutionMoved(State.PAUSED))
        case c.Resume() if state is State.PAUSED:
            resume(draft, claim.inputs)
        case c.ForceRun():
            _force(draft)
        case c.SlotDecided():
            _slot_decided(draft, claim)
        case c.SetLabels():
            draft.add(LabelsSet(claim.labels))
        case c.ChangeStatus() if state.is_terminal and claim.state.is_terminal and claim.state is not state:
            draft.add(ExecutionMoved(claim.state))
        case c.ChangeState():
            _mark(draft, claim)
        case c.Restart():
            _restart(draft)


def _force(draft: Draft) -> None:
    execution = draft.aggregate.execution
    if execution.state in {State.CREATED, State.QUEUED}:
        if execution.wake_at is not None:
            draft.add(ExecutionWaits(None))
        if draft.plan.flow.concurrency is not None:
            draft.add(SlotWanted(is_forced=True))
        go_on(draft)
    elif execution.state is State.PAUSED:
        resume(draft, None)


def resume(draft: Draft, inputs: Mapping[str, Json] | None) -> None:
    """Go on: with the first task run that is paused, or with an execution that a person paused."""
    paused = [run for run in draft.aggregate.taskruns.values() if run.state is State.PAUSED]
    if paused:
        end_pause(draft, min(paused, key=lambda run: run.ordinal), inputs)
    else:
        go_on(draft)


def _slot_decided(draft: Draft, claim: c.SlotDecided) -> None:
    state = draft.aggregate.execution.state
    if claim.state is State.RUNNING and state in {State.CREATED, State.QUEUED}:
        go_on(draft)
    elif claim.state is not State.RUNNING and state is State.CREATED:
        if claim.state is State.QUEUED:
            draft.log("INFO", "Flow is queued due to concurrency limit exceeded")
        else:
            draft.log("INFO", f"Flow is {claim.state} due to concurrency limit exceeded")
        draft.add(ExecutionMoved(claim.state))


def _mark(draft: Draft, claim: c.ChangeState) -> None:
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None:
        return
    again = {above.id: above for above in with_ancestors(draft.aggregate, cut_short(draft.aggregate))}
    again |= {above.id: above for above in draft.aggregate.ancestors(run)}
    again.pop(run.id, None)
    draft.add(TaskRunMarked(run.id, claim.state))
    for around in again.values():
        if around.state is not State.RUNNING:
            draft.add(TaskRunMarked(around.id, State.RUNNING))
    if draft.aggregate.execution.state is State.RUNNING:
        draft.look_at_all()
    else:
        draft.add(ExecutionMoved(State.RESTARTED))
        go_on(draft)


def to_restart(aggregate: Aggregate) -> list[TaskRun]:
    """Return the task runs that a restart runs again, ancestors included, in the order of creation."""
    again = [run for run in aggregate.taskruns.values() if run.state in {State.FAILED, State.PAUSED}]
    again = [run for run in again if not _is_aside(aggregate, run) and run.place.branch is not Branch.DYNAMIC]
    if not again:
        return []
    return with_ancestors(aggregate, (*again, *cut_short(aggregate)))


def with_ancestors(aggregate: Aggregate, runs: Iterable[TaskRun]) -> list[TaskRun]:
    """Return these task runs and those around them, in the order of creation."""
    chosen: dict[str, TaskRun] = {}
    for run in runs:
        chosen[run.id] = run
        chosen |= {around.id: around for around in aggregate.ancestors(run)}
    return sorted(chosen.values(), key=lambda run: run.ordinal)


def cut_short(aggregate: Aggregate) -> list[TaskRun]:
    """Return the flowable task runs in which more would have followed when the execution ended."""
    found = [run for run in aggregate.taskruns.values() if run.state is State.CANCELLED]
    return [run for run in found if aggregate.frame(run.id).opened and not _is_aside(aggregate, run)]


def _is_aside(aggregate: Aggregate, run: TaskRun) -> bool:
    """Return whether a task run belongs to what is done after a failure, or at the end."""
    usual = {Branch.TASKS, Branch.DYNAMIC}
    return any(around.place.branch not in usual for around in (run, *aggregate.ancestors(run)))


def _restart(draft: Draft) -> None:
    aggregate = draft.aggregate
    execution = aggregate.execution
    again = to_restart(aggregate)
    if not again or not (execution.state.is_terminal or execution.state is State.PAUSED):
        return
    directories = [run for run in again if isinstance(draft.plan.nodes[run.task_id].task, WorkingDirectory)]
    gone = {run.id for run in aggregate.taskruns.values() if _is_aside(aggregate, run)}
    gone |= _inside(aggregate, {run.id for run in directories if not is_out(run)})
    gone |= _told_by(aggregate, {run.id for run in again})
    held = {run.id for run in directories if is_out(run)}
    held |= _inside(aggregate, held)
    draft.add(ExecutionMoved(State.RESTARTED, attempt_number=execution.attempt_number + 1))
    if gone:
        draft.add(TaskRunsRemoved(tuple(sorted(gone))))
    for run in again:
        if run.id in gone or run.id in held:
            continue  # made anew by the worker, or still with one
        opened = draft.plan.nodes[run.task_id].is_flowable and _has_children(draft, run)
        draft.add(TaskRunMoved(run.id, State.RUNNING if opened else State.RESTARTED))
    go_on(draft)


def _inside(aggregate: Aggregate, ids: set[str]) -> set[str]:
    """Return the task runs below these."""
    runs = aggregate.taskruns.values() if ids else ()
    return {run.id for run in runs if any(around.id in ids for around in aggregate.ancestors(run))}


def _told_by(aggregate: Aggregate, ids: set[str]) -> set[str]:
    """Return the task runs that attempts of these told of: they tell of them again."""
    runs = aggregate.taskruns.values()
    return {run.id for run in runs if run.place.branch is Branch.DYNAMIC and run.parent_taskrun_id in ids}


def _has_children(draft: Draft, run: TaskRun) -> bool:
    return draft.aggregate.frame(run.id).opened > 0

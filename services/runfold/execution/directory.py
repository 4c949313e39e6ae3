"""
WorkingDirectory: one work for one worker, which runs the tasks in it and reports on each.

The engine makes a task run of each report; ids follow from the dispatch, so that doubles are void
and a new dispatch begins anew. The end of the whole follows from the children, as with every
flowable; it has attempts of its own only where it failed itself or is tried again.
"""

from datetime import datetime

from msgspec.structs import replace

from runfold.execution.claims import InnerTaskRan, TaskEnded
from runfold.execution.draft import Draft
from runfold.execution.facts import (
    AttemptDispatched,
    AttemptEnded,
    TaskRunCreated,
    TaskRunMoved,
    TaskRunsRemoved,
    WorkAnswered,
)
from runfold.execution.failing import allowed
from runfold.execution.ids import derived_id
from runfold.execution.model import Attempt, Branch, Place, TaskRun
from runfold.execution.result import attempt_of, take_result
from runfold.execution.retrying import plan_retry, policy_of
from runfold.execution.state import Entry, State
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.task import enabled


def inner_id(taskrun_id: str, token: int, task_id: str) -> str:
    """Return the id of the task run of a task in a WorkingDirectory; the worker and the engine make the same."""
    return derived_id(taskrun_id, token, task_id)


def is_out(run: TaskRun) -> bool:
    """Return whether a worker has a WorkingDirectory and has not answered yet."""
    return run.dispatches > run.answered and not run.state.is_terminal


def give_out(draft: Draft, run: TaskRun) -> None:
    """Give a WorkingDirectory to a worker; what is left of an earlier dispatch goes."""
    remove_children(draft, run)
    draft.add(AttemptDispatched(run.id, run.dispatches + 1))


def remove_children(draft: Draft, run: TaskRun) -> None:
    """Remove the task runs below one."""
    if not any(draft.aggregate.frame(run.id, branch).opened for branch in (Branch.TASKS, Branch.ERRORS)):
        return
    gone = tuple(
        child.id
        for child in draft.aggregate.taskruns.values()
        if any(around.id == run.id for around in draft.aggregate.ancestors(child))
    )
    if gone:
        draft.add(TaskRunsRemoved(gone))


def inner_task_ran(draft: Draft, run: TaskRun, task: WorkingDirectory, claim: InnerTaskRan) -> None:
    """Take a report on one of the tasks in a WorkingDirectory; `claim` is on the dispatch under way."""
    inner = next(((lane, found) for lane, found in enumerate(enabled(task.tasks)) if found.id == claim.task_id), None)
    if inner is None:
        return
    if run.state in {State.CREATED, State.RESTARTED}:
        draft.add(TaskRunMoved(run.id, State.RUNNING, at=claim.started_at))
    child_id = inner_id(run.id, claim.token, claim.task_id)
    child = draft.aggregate.taskruns.get(child_id)
    if child is not None and not _is_news(child, claim):
        return
    if child is None:
        place = Place(Branch.TASKS, lane=inner[0])
        draft.add(TaskRunCreated(child_id, inner[1].id, inner[1].type, place, parent_taskrun_id=run.id))
    elif child.state is State.RETRYING:
        draft.add(TaskRunMoved(child_id, State.CREATED, at=claim.started_at))
    _take(draft, draft.run(child_id), claim)


def _is_news(child: TaskRun, claim: InnerTaskRan) -> bool:
    if child.state.is_terminal or claim.attempt != len(child.attempts):
        return False
    return claim.state is not State.RUNNING or child.state is State.RETRYING


def _take(draft: Draft, child: TaskRun, claim: InnerTaskRan) -> None:
    if claim.state in {State.RUNNING, State.SKIPPED}:
        draft.add(TaskRunMoved(child.id, claim.state, at=claim.started_at))
        return
    draft.add(AttemptEnded(child.id, attempt_of(claim, claim.ended_at or claim.started_at)))
    end = TaskRunMoved(child.id, claim.state, at=claim.ended_at, outputs=claim.outputs or {}, error=claim.error)
    if claim.is_tried_again and draft.run(child.id).state is State.RUNNING:
        draft.add(end)
        draft.add(TaskRunMoved(child.id, State.RETRYING, at=claim.ended_at, error=claim.error))
        return
    task = draft.plan.nodes[child.task_id].task
    state = claim.state
    if state is State.SUCCESS and child.attempts and task.retry is not None and task.retry.warning_on_retry:
        state = State.WARNING
    draft.add(replace(end, state=allowed(task, state)))


def directory_ended(draft: Draft, run: TaskRun, claim: TaskEnded) -> None:
    """Take the end of the work: what was still open in it ends with it, then follows the end of the whole."""
    end_inner(draft, run, State.KILLED if claim.state is State.KILLED else State.FAILED, claim.ended_at)
    failed_inside = draft.aggregate.frame(run.id).failed > 0
    if claim.state is State.FAILED and not failed_inside:
        take_result(draft, run, claim)
        return
    if failed_inside and policy_of(draft, run) is not None:
        draft.add(AttemptEnded(run.id, attempt_of(replace(claim, state=State.FAILED), claim.ended_at)))
        end = TaskRunMoved(run.id, State.FAILED, at=claim.ended_at, outputs=claim.outputs, error=claim.error)
        if not draft.aggregate.execution.state.is_terminal and plan_retry(draft, run.id, end):
            return
    if draft.run(run.id).state in {State.CREATED, State.RESTARTED}:
        draft.add(TaskRunMoved(run.id, State.RUNNING, at=claim.started_at))
    draft.add(WorkAnswered(run.id, claim.token, claim.outputs))
    if claim.state is State.KILLED:
        draft.add(TaskRunMoved(run.id, State.KILLED, at=claim.ended_at))
    else:
        draft.look_at(run.id)


def end_inner(draft: Draft, run: TaskRun, state: State, at: datetime) -> None:
    """End the task that a WorkingDirectory was at when its work ended: killed, out of time, or its worker lost."""
    task = draft.plan.nodes[run.task_id].task
    if not isinstance(task, WorkingDirectory):
        return
    for inner in task.tasks:
        child = draft.aggregate.taskruns.get(inner_id(run.id, run.dispatches, inner.id))
        if child is None or child.state.is_terminal:
            continue
        if child.state.is_running:
            began = child.histories[-1].date
            history = (Entry(State.CREATED, began), Entry(State.RUNNING, began), Entry(state, max(began, at)))
            draft.add(AttemptEnded(child.id, Attempt(history)))
        draft.add(TaskRunMoved(child.id, state, at=at))

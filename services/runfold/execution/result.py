"""
A worker's result: what the attempt told of as task runs, its end, then the task run's own: retried, allowed, or final.
"""

from datetime import datetime

from msgspec.structs import replace

from runfold.execution.claims import InnerTaskRan, TaskEnded
from runfold.execution.draft import Draft
from runfold.execution.facts import AttemptEnded, TaskRunCreated, TaskRunMoved
from runfold.execution.failing import allowed
from runfold.execution.ids import derived_id
from runfold.execution.model import Attempt, Branch, Place, TaskRun
from runfold.execution.retrying import plan_retry, policy_of
from runfold.execution.state import Entry, State


def take_result(draft: Draft, run: TaskRun, claim: TaskEnded) -> None:
    """Add what follows from the end of the attempt under way."""
    _add_dynamic(draft, run, claim)
    draft.add(AttemptEnded(run.id, attempt_of(claim, claim.ended_at)))
    end = TaskRunMoved(run.id, claim.state, at=claim.ended_at, outputs=claim.outputs or {}, error=claim.error)
    has_ended = draft.aggregate.execution.state.is_terminal
    if claim.state is State.FAILED and not has_ended and plan_retry(draft, run.id, end):
        return
    policy = policy_of(draft, run)
    state = claim.state
    if state is State.SUCCESS and run.attempts and policy is not None and policy.warning_on_retry:
        state = State.WARNING
    draft.add(replace(end, state=allowed(draft.plan.nodes[run.task_id].task, state)))


def _add_dynamic(draft: Draft, run: TaskRun, claim: TaskEnded) -> None:
    """Make a task run, ended already, of each piece that the attempt told of."""
    for number, told in enumerate(claim.dynamic):
        taskrun_id = derived_id(run.id, claim.token, "dynamic", number)
        place = Place(Branch.DYNAMIC, lane=draft.aggregate.frame(run.id, Branch.DYNAMIC).opened)
        draft.add(
            TaskRunCreated(taskrun_id, told.task_id, run.task_type, place, parent_taskrun_id=run.id, value=told.value)
        )
        draft.add(TaskRunMoved(taskrun_id, State.RUNNING, at=claim.started_at))
        history = _history(claim.started_at, max(claim.started_at, claim.ended_at), told.state)
        draft.add(AttemptEnded(taskrun_id, Attempt(history, worker_id=claim.worker_id)))
        draft.add(TaskRunMoved(taskrun_id, told.state, at=claim.ended_at, outputs=told.outputs or {}))


def attempt_of(claim: TaskEnded | InnerTaskRan, ended_at: datetime) -> Attempt:
    """Return the attempt that a worker's report tells of."""
    began, ended = claim.started_at, max(claim.started_at, ended_at)
    return Attempt(
        histories=_history(began, ended, claim.state),
        worker_id=claim.worker_id,
        metrics=claim.metrics,
        error=claim.error,
        log_file=claim.log_file,
        inputs=claim.inputs,
    )


def _history(began: datetime, ended: datetime, state: State) -> tuple[Entry, ...]:
    return (Entry(State.CREATED, began), Entry(State.RUNNING, began), Entry(state, ended))

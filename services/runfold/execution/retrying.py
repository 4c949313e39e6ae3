"""
Retries: whose policy counts, when the next attempt is, and a new execution in place of a failed one.
"""

from msgspec.structs import replace

from runfold.execution.draft import Draft
from runfold.execution.facts import (
    ExecutionMoved,
    ExecutionWaits,
    StartAsked,
    TaskRunMoved,
    TaskRunWaits,
)
from runfold.execution.ids import derived_id, fraction_of
from runfold.execution.model import TaskRun
from runfold.execution.state import State
from runfold.execution.successor import successor
from runfold.flows.retry import Behavior, RetryBase, next_attempt


def policy_of(draft: Draft, run: TaskRun) -> RetryBase | None:
    """Return the retry that counts for a task run: its own, else the nearest flowable's around it, else the flow's."""
    nodes = draft.plan.nodes
    task = nodes[run.task_id].task
    if task.retry is not None:
        return task.retry
    if task.allow_failure:
        return None  # its failure is no failure to others
    around = (nodes[parent.task_id].task.retry for parent in draft.aggregate.ancestors(run))
    return next((retry for retry in around if retry is not None), draft.plan.flow.retry)


def plan_retry(draft: Draft, taskrun_id: str, failed: TaskRunMoved) -> bool:
    """
    Plan the next attempt of a task run whose attempt just failed; return False when none is left.

    `failed`: the move that ends the task run if it is not tried again.
    """
    run = draft.run(taskrun_id)
    policy = policy_of(draft, run)
    execution = draft.aggregate.execution
    if policy is None or execution.state is State.KILLING or execution.state.is_terminal:
        return False
    if policy.behavior is Behavior.CREATE_NEW_EXECUTION:
        return _plan_new_execution(draft, run, policy)
    tried = [attempt for attempt in run.attempts if attempt.state is State.FAILED]
    began, ended = tried[0].histories[0].date, tried[-1].histories[-1].date
    at = next_attempt(policy, len(tried), began, ended, fraction_of(run.id, len(tried)))
    if at is None:
        return False
    draft.add(failed)
    draft.add(TaskRunMoved(run.id, State.RETRYING, error=failed.error))
    draft.add(TaskRunWaits(run.id, at))
    if draft.aggregate.execution.state is State.RUNNING:
        draft.add(ExecutionMoved(State.RETRYING))
    return True


def _plan_new_execution(draft: Draft, run: TaskRun, policy: RetryBase) -> bool:
    execution = draft.aggregate.execution
    began = execution.original_created_date or execution.histories[0].date
    number = execution.attempt_number
    at = next_attempt(policy, number, began, draft.now, fraction_of(execution.id, number))
    if at is None:
        return False
    for moved in (run, *draft.aggregate.ancestors(run)):
        if not moved.state.is_terminal:
            draft.add(TaskRunMoved(moved.id, State.RETRIED))
    for other in draft.aggregate.taskruns.values():
        if other.state in {State.PAUSED, State.RETRYING}:
            draft.add(TaskRunMoved(other.id, State.CANCELLED))  # what would begin again begins in the new one
    draft.add(ExecutionMoved(State.RETRIED))
    draft.add(ExecutionWaits(at))
    return True


def start_again(draft: Draft) -> None:
    """Ask for the execution that takes the place of this one, which is RETRIED."""
    old = draft.aggregate.execution
    new_id = derived_id(old.id, "retry", old.attempt_number + 1)
    draft.add(StartAsked(replace(successor(old, new_id), caller=old.caller)))

"""
WaitFor: its children run again and again, with a pause between the rounds, until a condition holds.
"""

from datetime import timedelta
from typing import Final

from runfold.errors import ExpressionFailed
from runfold.execution.draft import Draft
from runfold.execution.facts import (
    ExecutionMoved,
    RoundBegun,
    TaskRunMoved,
    TaskRunsRemoved,
    TaskRunWaits,
)
from runfold.execution.failing import allowed, fail
from runfold.execution.model import TaskRun
from runfold.execution.state import State
from runfold.flows.expressions import is_truthy
from runfold.flows.flowable.pause import WaitFor

DURATION: Final = timedelta(hours=1)
INTERVAL: Final = timedelta(seconds=1)


def end_round(draft: Draft, run: TaskRun, task: WaitFor, state: State) -> bool:
    """
    Look at a loop whose children of one round have ended in `state`.

    Return whether the loop is over with that state; else it waits for its next round, or has failed.
    """
    frame = draft.aggregate.frame(run.id)
    children = [child for child in draft.aggregate.taskruns.values() if child.parent_taskrun_id == run.id]
    if state is not State.SUCCESS or frame.failed or any(child.state is not State.SUCCESS for child in children):
        return True
    try:
        if is_truthy(draft.render(run, task.condition)):
            return True
    except ExpressionFailed as error:
        fail(draft, run, str(error))
        return False
    limit = _limit_reached(draft, run, task)
    if limit is not None:
        draft.log("WARN", limit, run)
        if task.fail_on_max_reached:
            draft.add(TaskRunMoved(run.id, allowed(task, State.FAILED)))
            return False
        return True
    draft.add(TaskRunMoved(run.id, State.PAUSED))
    draft.add(TaskRunWaits(run.id, draft.now + (task.check_frequency.interval or INTERVAL)))
    if draft.aggregate.execution.state is State.RUNNING:
        draft.add(ExecutionMoved(State.PAUSED))
    return False


def _limit_reached(draft: Draft, run: TaskRun, task: WaitFor) -> str | None:
    often = task.check_frequency.max_iterations
    if often is not None and rounds(run) >= often:
        return "Max iterations reached"
    if draft.now >= run.histories[0].date + (task.check_frequency.max_duration or DURATION):
        return "Max duration reached"
    return None


def rounds(run: TaskRun) -> int:
    """Return which round a loop is in, the first being 1."""
    found = (run.outputs or {}).get("iterationCount", 1)
    return found if isinstance(found, int) else 1


def next_round(draft: Draft, run: TaskRun) -> None:
    """Begin the next round of a loop: its children are made anew."""
    if run.state is not State.PAUSED:
        return
    gone = tuple(child.id for child in draft.aggregate.taskruns.values() if _is_below(draft, child, run))
    draft.add(RoundBegun(run.id, (run.iteration or 1) + 1, {**(run.outputs or {}), "iterationCount": rounds(run) + 1}))
    if gone:
        draft.add(TaskRunsRemoved(gone))
    draft.add(TaskRunMoved(run.id, State.RUNNING))
    if draft.aggregate.execution.state is State.PAUSED:
        draft.add(ExecutionMoved(State.RUNNING))
    draft.look_at_all()


def _is_below(draft: Draft, child: TaskRun, run: TaskRun) -> bool:
    return any(around.id == run.id for around in draft.aggregate.ancestors(child))

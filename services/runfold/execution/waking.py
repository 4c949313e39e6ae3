"""
What follows when the date that a task run waits for is here: a retry, the end of a pause, the next round of a loop.
"""

from runfold.execution.aggregate import ROOT
from runfold.execution.draft import Draft
from runfold.execution.facts import ExecutionMoved, TaskRunMoved
from runfold.execution.launch import launch
from runfold.execution.model import TaskRun
from runfold.execution.pausing import pause_is_over
from runfold.execution.state import State
from runfold.execution.waiting import next_round
from runfold.flows.flowable.pause import Pause, WaitFor


def wake(draft: Draft, run: TaskRun) -> None:
    """Go on with a task run at its date."""
    match draft.plan.nodes[run.task_id].task:
        case Pause() as task:
            pause_is_over(draft, run, task)
        case WaitFor():
            next_round(draft, run)
        case _:
            _retry(draft, run)


def _retry(draft: Draft, run: TaskRun) -> None:
    if run.state is not State.RETRYING:
        return
    draft.add(TaskRunMoved(run.id, State.CREATED))
    if draft.aggregate.execution.state is State.RETRYING:
        draft.add(ExecutionMoved(State.RUNNING))
    launch(draft, draft.run(run.id))
    draft.look_at(ROOT)

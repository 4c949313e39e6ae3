"""
Going on with an execution that stood still: after a pause, a wait for a slot, a restart.
"""

from runfold.execution.draft import Draft
from runfold.execution.facts import ExecutionMoved
from runfold.execution.launch import launch
from runfold.execution.promises import watch
from runfold.execution.state import State


def go_on(draft: Draft) -> None:
    """Run an execution that stood still: what is to run again is launched, whatever is open is looked at."""
    if draft.is_preview:
        return
    if draft.aggregate.execution.state is not State.RUNNING:
        draft.add(ExecutionMoved(State.RUNNING))
    watch(draft)
    for run in list(draft.aggregate.taskruns.values()):
        if run.state is State.RESTARTED:
            launch(draft, run)
    draft.look_at_all()

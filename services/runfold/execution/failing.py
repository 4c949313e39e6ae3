"""
The states that a task's allowances make of its end, and the end of a task run that could not even begin.
"""

from runfold.execution.draft import Draft
from runfold.execution.facts import TaskRunMoved
from runfold.execution.model import TaskRun
from runfold.execution.state import State
from runfold.flows.task import FlowableTask, Task


def allowed(task: Task, state: State) -> State:
    """Return the state of a task run whose task ended so, after `allowFailure` and `allowWarning`."""
    if state is State.FAILED and (task.allow_failure or (isinstance(task, FlowableTask) and task.ENDS_WITH_WARNING)):
        state = State.WARNING
    if state is State.WARNING and task.allow_warning:
        state = State.SUCCESS
    return state


def fail(draft: Draft, run: TaskRun, message: str) -> None:
    """End a task run that could not even begin, or go on."""
    state = allowed(draft.plan.nodes[run.task_id].task, State.FAILED)
    draft.log("ERROR", message, run)
    if state is not State.FAILED and run.state is State.CREATED:
        draft.add(TaskRunMoved(run.id, State.RUNNING))
    draft.add(TaskRunMoved(run.id, state, error=message))

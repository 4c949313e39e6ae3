"""
Where the engine asks code that may be others': a flowable's or a subflow's own methods.

Whatever that code raises is a failure of its task run, never of the executor.
"""

from collections.abc import Mapping

from runfold.execution.model import Json, TaskRun
from runfold.execution.state import State
from runfold.flows.flowable.subflow import Subflow
from runfold.flows.task import Entry, Evaluate, FlowableTask, Lanes

ENDS = frozenset({State.SUCCESS, State.WARNING, State.FAILED, State.KILLED})


class PluginFailed(Exception):
    """The task's own code failed, for the reason given."""


def entry_of(task: FlowableTask, evaluate: Evaluate) -> Entry:
    """Return what a flowable decides at its start. Raises: PluginFailed."""
    try:
        return task.enter(evaluate)
    except Exception as error:  # others' code; templates that can't be rendered come here, too
        raise PluginFailed(f"Unable to resolve state from the Flowable task: {_text(error)}") from error


def lanes_of(task: FlowableTask, run: TaskRun) -> Lanes | None:
    """Return the lanes of a flowable task run. Raises: PluginFailed."""
    try:
        return task.lanes(run.outputs, run.values)
    except Exception as error:  # others' code
        raise PluginFailed(f"Unable to resolve the next tasks of the Flowable task: {_text(error)}") from error


def end_of(task: FlowableTask, state: State) -> State:
    """Return the state in which a flowable ends whose children led to `state`. Raises: PluginFailed."""
    try:
        found = State(task.ends_in(state))
    except Exception as error:  # others' code
        raise PluginFailed(f"Unable to resolve the end of the Flowable task: {_text(error)}") from error
    if found not in ENDS:
        raise PluginFailed(f"The Flowable task named the state {found} as its end")
    return found


def outputs_of(task: Subflow, child: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a task makes of the end of its child execution. Raises: PluginFailed."""
    try:
        return task.outputs_of(child)
    except Exception as error:  # others' code
        raise PluginFailed(f"Unable to take the end of the child execution: {_text(error)}") from error


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__

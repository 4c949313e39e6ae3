"""
The beginning of a task run: skipped, given to a worker, or (a flowable) opened for its children.
"""

from typing import Final

from runfold.errors import ExpressionFailed
from runfold.execution.batches import begin_batches
from runfold.execution.calling import call
from runfold.execution.directory import give_out
from runfold.execution.draft import Draft
from runfold.execution.facts import AttemptDispatched, TaskRunMoved, ValuesResolved
from runfold.execution.failing import fail
from runfold.execution.labelling import set_labels
from runfold.execution.model import TaskRun
from runfold.execution.pausing import pause
from runfold.execution.plugin_code import PluginFailed, entry_of
from runfold.execution.state import State
from runfold.flows.expressions import is_truthy
from runfold.flows.flowable.pause import Pause
from runfold.flows.flowable.subflow import StartPerBatch, Subflow
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.labels_task import SetsLabels
from runfold.flows.task import FlowableTask

VALUES_PER_FACT: Final = 1_000
VALUES_MAX: Final = 100_000
"""Values that one loop goes over at most."""
VALUES_SIZE_MAX: Final = 400 * 1024
"""Their texts together at most, in characters: they travel in one transition and in one snapshot."""


def launch(draft: Draft, run: TaskRun) -> None:
    """Begin a task run that is CREATED (or RESTARTED)."""
    task = draft.plan.nodes[run.task_id].task
    if task.run_if != "true":
        try:
            if not is_truthy(draft.render(run, task.run_if)):
                draft.add(TaskRunMoved(run.id, State.SKIPPED))
                return
        except ExpressionFailed as error:
            fail(draft, run, f"Unable to evaluate the runIf condition for task {run.task_id}: {error}")
            return
    match task:
        case Pause():
            pause(draft, run, task)
        case Subflow():
            call(draft, run, task)
        case StartPerBatch():
            begin_batches(draft, run, task)
        case WorkingDirectory():
            give_out(draft, run)
        case SetsLabels():
            set_labels(draft, run, task)
        case FlowableTask():
            _open(draft, run, task)
        case _:
            draft.add(AttemptDispatched(run.id, run.dispatches + 1))


def _open(draft: Draft, run: TaskRun, task: FlowableTask) -> None:
    try:
        entry = entry_of(task, lambda template: draft.evaluate(run, template))
        _check(entry.values)
    except PluginFailed as error:
        fail(draft, run, str(error))
        return
    draft.add(TaskRunMoved(run.id, State.RUNNING, outputs=entry.outputs))
    values = entry.values or ()
    for at in range(0, len(values), VALUES_PER_FACT):
        draft.add(ValuesResolved(run.id, values[at : at + VALUES_PER_FACT]))
    draft.look_at(run.id)


def _check(values: tuple[str, ...] | None) -> None:
    if values is None:
        return
    size = sum(map(len, values))
    if len(values) > VALUES_MAX or size > VALUES_SIZE_MAX:
        raise PluginFailed(
            "Unable to resolve state from the Flowable task: "
            f"a loop over {len(values)} values of {size} characters is too large: at most {VALUES_MAX} values and "
            f"{VALUES_SIZE_MAX} characters; loop over keys or URIs and read the rest in the task"
        )

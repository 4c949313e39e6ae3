"""
Service levels that a flow promises: how long an execution may take, and what must hold meanwhile.
"""

from runfold.errors import ExpressionFailed
from runfold.execution.draft import Draft
from runfold.execution.facts import ExecutionMoved, ExecutionWaits, LabelsSet, TaskRunMoved
from runfold.execution.model import Label, label_map
from runfold.execution.state import State
from runfold.flows.duration import format_duration
from runfold.flows.expressions import is_truthy
from runfold.flows.model import ExecutionAssertion, MaxDuration, SlaBase, Violated


def watch(draft: Draft) -> None:
    """Begin to watch the flow's promises about an execution that runs."""
    execution = draft.aggregate.execution
    deadlines = [execution.histories[0].date + sla.duration for sla in _durations(draft)]
    if deadlines and execution.wake_at is None:
        draft.add(ExecutionWaits(max(min(deadlines), draft.now)))


def _durations(draft: Draft) -> list[MaxDuration]:
    return [sla for sla in draft.plan.flow.sla if isinstance(sla, MaxDuration)]


def deadline_passed(draft: Draft) -> None:
    """Act on promised durations that are over; wait for the next one."""
    began = draft.aggregate.execution.histories[0].date
    due = sorted(_durations(draft), key=lambda sla: sla.duration)
    over = [sla for sla in due if began + sla.duration <= draft.now]
    later = [sla for sla in due if began + sla.duration > draft.now]
    if later:
        draft.add(ExecutionWaits(began + later[0].duration))
    if over:
        taken, promised = format_duration(draft.now - began), format_duration(over[-1].duration)
        _act(draft, over[-1], f"execution duration of {taken} exceed the maximum duration of {promised}.")


def check_assertions(draft: Draft) -> None:
    """Act on the first assertion that does not hold; called once per decision."""
    execution = draft.aggregate.execution
    if execution.state.is_terminal or execution.state is State.KILLING:
        return
    for sla in draft.plan.flow.sla:
        if not isinstance(sla, ExecutionAssertion):
            continue
        try:
            holds = is_truthy(draft.render(None, sla.assertion))
        except ExpressionFailed as error:
            draft.log("DEBUG", f"SLA '{sla.id}' could not be evaluated: {error}")
            continue
        if not holds:
            _act(draft, sla, f"assertion is false: {sla.assertion}.")
            return


def _act(draft: Draft, sla: SlaBase, reason: str) -> None:
    execution = draft.aggregate.execution
    missing = [
        Label(label.key, label.value)
        for label in sla.labels
        if label_map(execution.labels).get(label.key) != label.value
    ]
    if sla.behavior is Violated.NONE and sla.labels and not missing:
        return  # said before
    draft.log("WARN", f"SLA '{sla.id}' violated: {reason}")
    if missing:
        draft.add(LabelsSet((*execution.labels, *missing)))
    if sla.behavior is Violated.NONE:
        return
    state = State.FAILED if sla.behavior is Violated.FAIL else State.CANCELLED
    if state is State.FAILED:
        draft.log("ERROR", f"Execution failed due to SLA '{sla.id}' violated: {reason}")
    _end_all(draft, state)


def _end_all(draft: Draft, state: State) -> None:
    """End an execution whose promise is broken: what has not ended ends with it."""
    target = State.FAILED if state is State.FAILED else State.CANCELLED
    for run in list(draft.aggregate.taskruns.values()):
        if not run.state.is_terminal and draft.has_room:
            draft.add(TaskRunMoved(run.id, target))
    draft.add(ExecutionMoved(state, interrupts=True))

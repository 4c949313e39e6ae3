"""
Listeners: tasks that run after the end of an execution, where their conditions hold.
"""

from runfold.errors import ExpressionFailed
from runfold.execution.draft import Draft
from runfold.execution.model import label_map
from runfold.execution.state import State
from runfold.flows import condition as w
from runfold.flows.lanes import enabled
from runfold.flows.task import Plugin, Task


def listening(draft: Draft) -> tuple[Task, ...]:
    """Return the tasks of the listeners whose conditions all hold of an execution that has ended."""
    chosen = [
        listener.tasks
        for listener in draft.plan.flow.listeners
        if all(_holds(draft, condition) for condition in listener.conditions)
    ]
    return tuple(task for tasks in chosen for task in enabled(tasks))


def _holds(draft: Draft, wanted: Plugin) -> bool:
    """Return whether a condition holds; one that can't be evaluated does not."""
    execution = draft.aggregate.execution
    match wanted:
        case w.Not():
            return not any(_holds(draft, each) for each in wanted.conditions)
        case w.Or():
            return any(_holds(draft, each) for each in wanted.conditions)
        case w.ExecutionFlow() | w.FlowCondition():
            return (execution.namespace, execution.flow_id) == (wanted.namespace, wanted.flow_id)
        case w.ExecutionNamespace():
            return _is_named(execution.namespace, wanted)
        case w.FlowNamespaceCondition():
            return (
                execution.namespace.startswith(wanted.namespace)
                if wanted.prefix
                else execution.namespace == wanted.namespace
            )
        case w.ExecutionLabels():
            labels = label_map(execution.labels)
            return all(labels.get(label.key) == label.value for label in wanted.labels)
        case w.ExecutionStatus():
            return (not wanted.in_ or execution.state in wanted.in_) and execution.state not in wanted.not_in
        case w.HasRetryAttempt():
            return _has_attempt(draft, wanted)
        case w.Expression():
            return _is_true(draft, wanted.expression)
    draft.log("WARN", f"A listener's condition {wanted.type} can't be evaluated at the end of an execution")
    return False


def _is_named(namespace: str, wanted: w.ExecutionNamespace) -> bool:
    if wanted.comparison is w.Comparison.SUFFIX:
        return namespace.endswith(wanted.namespace)
    if wanted.comparison is w.Comparison.PREFIX or wanted.prefix:
        return namespace.startswith(wanted.namespace)
    return namespace == wanted.namespace


def _has_attempt(draft: Draft, wanted: w.HasRetryAttempt) -> bool:
    states: set[State] = {
        attempt.state for run in draft.aggregate.taskruns.values() for attempt in run.attempts if len(run.attempts) > 1
    }
    return any((not wanted.in_ or state in wanted.in_) and state not in wanted.not_in for state in states)


def _is_true(draft: Draft, expression: str) -> bool:
    try:
        text = draft.render(None, expression)
    except ExpressionFailed as error:
        draft.log("WARN", f"A listener's condition can't be evaluated: {error}")
        return False
    return text is not None and text.strip() not in ("", "false")

"""
Listeners: tasks that run after the end of an execution, where their conditions hold.
"""

from collections.abc import Iterable

from runfold.errors import ExpressionFailed
from runfold.execution.conditions import Scene, holds
from runfold.execution.draft import Draft
from runfold.execution.model import label_map
from runfold.flows.task import Plugin, Task, enabled


def listening(draft: Draft) -> tuple[Task, ...]:
    """Return the tasks of the listeners whose conditions all hold of an execution that has ended."""
    if not draft.plan.flow.listeners:
        return ()
    aggregate = draft.aggregate
    scene = Scene(
        namespace=aggregate.execution.namespace,
        flow_id=aggregate.execution.flow_id,
        render=lambda template: draft.render(None, template),
        state=aggregate.execution.state,
        labels=label_map(aggregate.execution.labels),
        retried={
            attempt.state for run in aggregate.taskruns.values() for attempt in run.attempts if len(run.attempts) > 1
        },
    )
    chosen = [each.tasks for each in draft.plan.flow.listeners if _all_hold(draft, each.conditions, scene)]
    return tuple(task for tasks in chosen for task in enabled(tasks))


def _all_hold(draft: Draft, conditions: Iterable[Plugin], scene: Scene) -> bool:
    try:
        return all(holds(condition, scene) for condition in conditions)
    except ExpressionFailed as error:
        draft.log("WARN", f"A listener's condition can't be evaluated: {error}")
        return False

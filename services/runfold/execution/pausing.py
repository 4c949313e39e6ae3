"""
Pauses: an execution stands still at a Pause task until a person, or a date, goes on with it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from runfold.errors import ExpressionFailed
from runfold.execution.aggregate import Aggregate
from runfold.execution.context import variables_of
from runfold.execution.draft import Draft
from runfold.execution.facts import ExecutionMoved, TaskRunMoved, TaskRunWaits
from runfold.execution.failing import allowed, fail
from runfold.execution.model import Json, TaskRun
from runfold.execution.state import State
from runfold.flows.duration import parse_duration
from runfold.flows.flowable.pause import Pause
from runfold.flows.inputs import resolve_inputs
from runfold.flows.plan import Plan


def pause(draft: Draft, run: TaskRun, task: Pause) -> None:
    """Begin a Pause: the execution stands still until `delay`, `timeout` or a resume."""
    try:
        delay = _duration(draft, run, task.delay)
        timeout = _duration(draft, run, task.timeout)
    except (ExpressionFailed, ValueError) as error:
        fail(draft, run, f"Unable to resolve state from the Flowable task: {error}")
        return
    draft.add(TaskRunMoved(run.id, State.RUNNING))
    draft.add(TaskRunMoved(run.id, State.PAUSED))
    wait = delay if delay is not None else timeout
    if wait is not None:
        draft.add(TaskRunWaits(run.id, draft.now + wait))
    if draft.aggregate.execution.state is not State.PAUSED:
        draft.add(ExecutionMoved(State.PAUSED))


def _duration(draft: Draft, run: TaskRun, text: str | None) -> timedelta | None:
    rendered = draft.render(run, text) if text is not None else None
    return parse_duration(rendered) if rendered else None


def pause_is_over(draft: Draft, run: TaskRun, task: Pause) -> None:
    """Go on at a Pause's date: after its delay as if resumed, after its timeout as failed."""
    if run.state is not State.PAUSED:
        return
    if task.delay is not None:
        end_pause(draft, run, None)
        return
    draft.add(TaskRunMoved(run.id, allowed(task, State.FAILED)))
    _leave(draft)


def end_pause(draft: Draft, run: TaskRun, inputs: Mapping[str, Json] | None) -> None:
    """Go on at a task run that is paused; `inputs` become its output `onResume`."""
    task = draft.plan.nodes[run.task_id].task
    outputs = {"onResume": dict(inputs)} if inputs else None
    draft.add(TaskRunMoved(run.id, State.RUNNING, outputs=outputs))
    if isinstance(task, Pause) and not task.tasks:
        draft.add(TaskRunMoved(run.id, State.SUCCESS))
    _leave(draft)


def asks_on_resume(plan: Plan, aggregate: Aggregate) -> Pause | None:
    """Return the Pause task that a resume would go on at, if it asks for something."""
    paused = [run for run in aggregate.taskruns.values() if run.state is State.PAUSED]
    task = plan.nodes[min(paused, key=lambda run: run.ordinal).task_id].task if paused else None
    return task if isinstance(task, Pause) and task.on_resume else None


def resume_inputs(plan: Plan, aggregate: Aggregate, given: Mapping[str, Any]) -> dict[str, Json] | None:
    """Return what a resume gives to the Pause task, typed; None: it asks for nothing. Raises: InputsInvalid."""
    task = asks_on_resume(plan, aggregate)
    if task is None:
        return None

    def render(template: str, more: Mapping[str, Any]) -> Any:
        variables = variables_of(plan, aggregate, None, plan.expressions.references(template))
        return plan.expressions.evaluate(template, {**variables, **more})

    return resolve_inputs(task.on_resume, given, render, plan.encrypt)


def _leave(draft: Draft) -> None:
    """Let the execution go on, unless another of its task runs is paused."""
    if any(run.state is State.PAUSED for run in draft.aggregate.taskruns.values()):
        return
    draft.add(ExecutionMoved(State.RESTARTED))
    if not draft.is_preview:
        draft.add(ExecutionMoved(State.RUNNING))
        draft.look_at_all()

"""
Subflows: a task run that starts an execution of another flow and mostly waits for its end.
"""

from typing import Any

from msgspec.structs import replace

from runfold.errors import AuthorError, CallerError, ExpressionFailed
from runfold.execution.claims import ChildEnded, Start
from runfold.execution.draft import Draft
from runfold.execution.facts import AttemptEnded, StartAsked, TaskRunMoved
from runfold.execution.failing import allowed, fail
from runfold.execution.ids import derived_id
from runfold.execution.model import Attempt, Caller, Json, Label, TaskRun, Trigger
from runfold.execution.request import ExecutionRequest, Origin, start_claim
from runfold.execution.retrying import plan_retry
from runfold.execution.state import Entry, State
from runfold.flows.flowable.subflow import Subflow
from runfold.flows.temporal import parse_instant

PASSED_ON = frozenset({State.FAILED, State.PAUSED, State.KILLED, State.WARNING})
"""States of the child that its caller takes over, where `transmitFailed` says so."""


def call(draft: Draft, run: TaskRun, task: Subflow) -> None:
    """Start the child execution of a task run."""
    try:
        start = _start_of(draft, run, task)
    except (AuthorError, CallerError) as error:
        fail(draft, run, str(error))
        return
    draft.add(TaskRunMoved(run.id, State.RUNNING))
    draft.add(StartAsked(start))
    link = f'[[link execution="{start.execution_id}" flowId="{start.flow_id}" namespace="{start.namespace}"]]'
    draft.log("INFO", f"Created new execution {link}", run)
    if not task.wait:
        _end(draft, draft.run(run.id), State.SUCCESS, {"executionId": start.execution_id, "state": State.CREATED})


def _start_of(draft: Draft, run: TaskRun, task: Subflow) -> Start:
    rendered = {key: draft.render(run, getattr(task, key)) for key in ("namespace", "flow_id", "schedule_date")}
    flow = draft.plan.find_flow(rendered["namespace"], rendered["flow_id"], task.revision)
    request = ExecutionRequest(
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=task.revision,
        inputs=evaluated(draft, run, task.inputs or {}),
        labels=_labels(draft, run, task),
        schedule_date=_date(rendered["schedule_date"]),
    )
    child_id = child_of(run)
    caller = draft.aggregate.execution
    trigger = Trigger(
        task.id,
        task.type,
        {
            "executionId": caller.id,
            "namespace": caller.namespace,
            "flowId": caller.flow_id,
            "flowRevision": caller.flow_revision,
        },
    )
    origin = Origin(child_id, f"{child_id}.start", trigger=trigger)
    start = start_claim(flow, request, origin, draft.plan.expressions.evaluate)
    return start.called_by(Caller(caller.id, run.id, outputs=task.outputs)) if task.wait else start


def child_of(run: TaskRun) -> str:
    """Return the id of the execution that a Subflow's present attempt starts."""
    return derived_id(run.id, "child", len(run.attempts))


def evaluated(draft: Draft, run: TaskRun, values: Any) -> Any:
    """Return the inputs of a child, rendered in depth: a text that is one expression keeps its type."""
    if isinstance(values, dict):
        return {draft.render(run, key): evaluated(draft, run, value) for key, value in values.items()}
    if isinstance(values, list):
        return [evaluated(draft, run, value) for value in values]
    return draft.evaluate(run, values) if isinstance(values, str) else values


def _labels(draft: Draft, run: TaskRun, task: Subflow) -> tuple[Label, ...]:
    inherited = [
        label for label in draft.aggregate.execution.labels if task.inherit_labels or label.key.startswith("system.")
    ]
    own = [Label(draft.render(run, label.key), draft.render(run, label.value)) for label in task.labels]
    return (*inherited, *own)


def _date(text: str | None) -> Any:
    if not text:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ExpressionFailed(f"scheduleDate is no date: {error}") from error


def child_ended(draft: Draft, claim: ChildEnded) -> None:
    """Take the end of a child execution."""
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None or run.state.is_terminal:
        return
    task = draft.plan.nodes[run.task_id].task
    if not isinstance(task, Subflow):
        return
    if run.state is State.KILLING:
        _end(draft, run, State.KILLED, {"executionId": claim.child_id, "state": claim.state})
        return
    outputs: dict[str, Json] = {"executionId": claim.child_id, "state": claim.state}
    if claim.outputs:
        outputs["outputs"] = claim.outputs
    state = claim.state if task.transmit_failed and claim.state in PASSED_ON else State.SUCCESS
    if claim.error is not None:
        draft.log("ERROR", f"Failed to extract outputs: {claim.error}", run)
        state = State.FAILED
    _end(draft, run, state, outputs)


def _end(draft: Draft, run: TaskRun, state: State, outputs: dict[str, Json]) -> None:
    history = (*run.histories[-2:], Entry(state, draft.now))
    draft.add(AttemptEnded(run.id, Attempt(history)))
    end = TaskRunMoved(run.id, state, outputs=outputs)
    if state is State.FAILED and plan_retry(draft, run.id, end):
        return
    draft.add(replace(end, state=allowed(draft.plan.nodes[run.task_id].task, state)))


def extract(draft: Draft) -> tuple[dict[str, Json] | None, str | None]:
    """Return what the caller's templates make of the outputs of an execution that ends, or why they can't."""
    caller = draft.aggregate.execution.caller
    if caller is None or caller.outputs is None:
        return None, None
    try:
        return draft.render(None, caller.outputs), None
    except ExpressionFailed as error:
        return None, str(error)

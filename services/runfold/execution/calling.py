"""
Executions that start executions of other flows: Subflow, and what ForEachItem shares with it.
"""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from runfold.errors import AuthorError, CallerError, ExpressionFailed
from runfold.execution.claims import ChildEnded, Start
from runfold.execution.draft import Draft
from runfold.execution.facts import AttemptEnded, StartAsked, TaskRunMoved
from runfold.execution.failing import allowed, fail
from runfold.execution.ids import derived_id
from runfold.execution.model import Attempt, Caller, Json, Label, TaskRun, Trigger
from runfold.execution.plugin_code import PluginFailed, outputs_of
from runfold.execution.request import ExecutionRequest, Origin, render_for, start_claim
from runfold.execution.retrying import plan_retry
from runfold.execution.state import Entry, State
from runfold.flows.flowable.subflow import StartPerBatch, Subflow
from runfold.flows.temporal import parse_instant

PASSED_ON = frozenset({State.FAILED, State.PAUSED, State.KILLED, State.WARNING})
"""States of the child that its caller takes over, where `transmitFailed` says so."""


@dataclass(frozen=True, slots=True)
class Item:
    """One batch of a ForEachItem: its number, from 1, and the address of its file."""

    number: int
    uri: str


def call(draft: Draft, run: TaskRun, task: Subflow) -> None:
    """Start the child execution of a task run."""
    try:
        start = start_of(draft, run, task)
    except (AuthorError, CallerError) as error:
        fail(draft, run, str(error))
        return
    draft.add(TaskRunMoved(run.id, State.RUNNING))
    ask(draft, run, start)
    if not task.wait:
        end_call(draft, draft.run(run.id), State.SUCCESS, {"executionId": start.execution_id, "state": State.CREATED})


def ask(draft: Draft, run: TaskRun, start: Start) -> None:
    """Ask for a child execution."""
    draft.add(StartAsked(start))
    link = f'[[link execution="{start.execution_id}" flowId="{start.flow_id}" namespace="{start.namespace}"]]'
    draft.log("INFO", f"Created new execution {link}", run)


def start_of(draft: Draft, run: TaskRun, task: Subflow | StartPerBatch, item: Item | None = None) -> Start:
    """
    Return the claim that starts the child of a task run, or of one of its items.

    Raises:
        AuthorError, CallerError: A template can't be rendered, or there is no such flow to start.
    """
    texts = _Texts(draft, run, item)
    flow = draft.plan.find_flow(texts.render(task.namespace), texts.render(task.flow_id), task.revision)
    request = ExecutionRequest(
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=task.revision,
        inputs=texts.evaluate_deep(task.inputs or {}),
        labels=_labels(texts, task),
        schedule_date=_date(texts.render(task.schedule_date)),
    )
    child_id = child_of(run, item.number if item else None)
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
    render = render_for(flow, draft.plan.expressions.evaluate, draft.plan.surroundings)
    start = start_claim(flow, request, origin, render, draft.plan.encrypt)
    if not task.wait:
        return start
    outputs = task.outputs if isinstance(task, Subflow) else None
    return start.called_by(Caller(caller.id, run.id, item=item.number if item else None, outputs=outputs))


def child_of(run: TaskRun, item: int | None = None) -> str:
    """Return the id of the execution that a task run's present attempt starts, or starts for an item."""
    own = ("child", len(run.attempts))
    return derived_id(run.id, *own) if item is None else derived_id(run.id, *own, item)


class _Texts:
    """The templates of a task that starts executions: where there is an item, `taskrun` tells of it."""

    def __init__(self, draft: Draft, run: TaskRun, item: Item | None) -> None:
        self.draft = draft
        self._run = run
        self._more = {"items": item.uri, "iteration": item.number} if item else {}

    def render(self, template: str | None) -> Any:
        return self.draft.render(self._run, template, self._more)

    def evaluate_deep(self, values: Any) -> Any:
        """Return values rendered in depth: a text that is one expression keeps its type."""
        if isinstance(values, dict):
            return {self.render(key): self.evaluate_deep(value) for key, value in values.items()}
        if isinstance(values, list):
            return [self.evaluate_deep(value) for value in values]
        return self.draft.evaluate(self._run, values, self._more) if isinstance(values, str) else values


def _labels(texts: _Texts, task: Subflow | StartPerBatch) -> tuple[Label, ...]:
    given = texts.draft.aggregate.execution.labels
    inherited = [label for label in given if task.inherit_labels or label.key.startswith("system.")]
    own = [Label(texts.render(label.key), texts.render(label.value)) for label in task.labels]
    return (*inherited, *own)


def _date(text: str | None) -> Any:
    if not text:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ExpressionFailed(f"scheduleDate is no date: {error}") from error


def is_of(claim: ChildEnded, child_id: str) -> bool:
    """Return whether a claim tells of the end of this child, or of one that took its place as a retry."""
    return child_id in {claim.child_id, claim.original_id}


def child_ended(draft: Draft, claim: ChildEnded) -> None:
    """Take the end of a child execution."""
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None or not run.state.is_running or not is_of(claim, child_of(run)):
        return  # a double, or of an earlier attempt
    task = draft.plan.nodes[run.task_id].task
    if not isinstance(task, Subflow):
        return
    if run.state is State.KILLING:
        end_call(draft, run, State.KILLED, {"executionId": claim.child_id, "state": claim.state})
        return
    outputs: dict[str, Json] = {"executionId": claim.child_id, "state": claim.state}
    if claim.outputs:
        outputs["outputs"] = claim.outputs
    try:
        outputs = outputs_of(task, outputs)
    except PluginFailed as error:
        draft.log("ERROR", str(error), run)
        end_call(draft, run, State.FAILED, None)
        return
    state = claim.state if task.transmit_failed and claim.state in PASSED_ON else State.SUCCESS
    if claim.error is not None:
        draft.log("ERROR", f"Failed to extract outputs: {claim.error}", run)
        state = State.FAILED
    end_call(draft, run, state, outputs)


def end_call(draft: Draft, run: TaskRun, state: State, outputs: dict[str, Json] | None) -> None:
    """End a task run that started executions: one attempt, and a retry if one is due."""
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

"""
Actions on executions: checked against what is known, then claimed. The engine decides.

Each returns the execution as the action leaves it, before it goes on: what the API answers.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from runfold.documents.api_json import execution_json
from runfold.errors import BadRequest, Conflict, NotEnded
from runfold.execution import claims as c
from runfold.execution.aggregate import Aggregate
from runfold.execution.control import to_restart
from runfold.execution.decide import preview
from runfold.execution.model import Label
from runfold.execution.pausing import asks_on_resume, resume_inputs
from runfold.execution.replay import replay as replayed
from runfold.execution.replay import restart_as
from runfold.execution.state import State
from runfold.known_types import known
from runfold.ports import Message, slot_of
from runfold.topology import CLAIMS
from runfold.webserver.parts import Parts
from runfold.webserver.said import signed
from runfold.webserver.uploads import NO_FORM, Form, addresses, store
from runfold.webserver.whole import aggregate_of, plan_of

Shown = dict[str, Any]

_PAIRS: Final = msgspec.json.Decoder(list[dict[str, str | None]])

known(Label)


def claim(parts: Parts, wanted: c.AnyClaim) -> None:
    """Publish a claim; a person's with who they are and why."""
    wanted = signed(wanted) if isinstance(wanted, c.Wish) else wanted
    key = wanted.aggregate
    parts.broker.publish([Message(CLAIMS, key, msgspec.json.encode(wanted), slot=slot_of(key))])
    parts.freshness.wrote(key)


def pause(parts: Parts, execution_id: str) -> Shown:
    """Start nothing more. Raises: NotFound, BadRequest when it does not run."""
    aggregate = aggregate_of(parts, execution_id)
    if aggregate.execution.state is not State.RUNNING:
        raise BadRequest("The execution is not running")
    return _act(parts, aggregate, c.Pause(execution_id, parts.new_id()))


def resume(parts: Parts, execution_id: str, form: Form = NO_FORM) -> Shown:
    """
    Go on after a pause; the form holds what the Pause task asks for.

    Raises:
        NotFound: There is no such execution.
        Conflict: It is not paused.
        InputsInvalid: What the task asks for is missing, or not what it may be.
    """
    aggregate = aggregate_of(parts, execution_id)
    if aggregate.execution.state is not State.PAUSED:
        raise Conflict(f"Execution {execution_id} is not paused, can't resume it")
    inputs = _resume_inputs(parts, aggregate, form)
    return _act(parts, aggregate, c.Resume(execution_id, parts.new_id(), inputs=inputs))


def _resume_inputs(parts: Parts, aggregate: Aggregate, form: Form) -> dict[str, Any] | None:
    plan = plan_of(parts, aggregate)
    task = asks_on_resume(plan, aggregate)
    if task is None:
        return None
    places = addresses(plan.flow, task.on_resume, aggregate.execution.id, form)
    inputs = resume_inputs(plan, aggregate, {**form.texts, **places})
    store(parts.files, form, places)
    return inputs


def force_run(parts: Parts, execution_id: str) -> Shown:
    """Run what waits. Raises: NotFound, BadRequest when it has ended."""
    aggregate = aggregate_of(parts, execution_id)
    if aggregate.execution.state.is_terminal:
        raise BadRequest("The execution is in a terminated state, it can't be forced to run")
    return _act(parts, aggregate, c.ForceRun(execution_id, parts.new_id()))


def unqueue(parts: Parts, execution_id: str) -> Shown:
    """Run what waits for a slot. Raises: NotFound, BadRequest when it is not queued."""
    aggregate = aggregate_of(parts, execution_id)
    if aggregate.execution.state is not State.QUEUED:
        raise BadRequest("The execution is not in state QUEUED")
    return _act(parts, aggregate, c.ForceRun(execution_id, parts.new_id()))


def restart(parts: Parts, execution_id: str, revision: int | None) -> Shown:
    """
    Run again what failed: in place, or under another revision as a new execution.

    Raises:
        NotFound: No such execution or revision.
        Conflict: It neither ended nor is paused.
        BadRequest: Nothing in it failed.
    """
    aggregate = aggregate_of(parts, execution_id)
    state = aggregate.execution.state
    if not (state.is_terminal or state is State.PAUSED):
        raise Conflict(f"Execution must be terminated or paused to be restarted, current state is '{state}' !")
    if not to_restart(aggregate):
        raise BadRequest("No task found to restart execution from!")
    wanted = c.Restart(execution_id, parts.new_id())
    if revision is None:
        return _act(parts, aggregate, wanted)
    restarted = preview(plan_of(parts, aggregate), aggregate, wanted, parts.clock())
    assert restarted is not None  # noqa: S101 - a preview of something that is there
    return _start(parts, aggregate, restart_as(plan_of(parts, aggregate, revision), restarted, parts.new_id()))


def replay(parts: Parts, execution_id: str, taskrun_id: str | None, revision: int | None) -> Shown:
    """Run again as a new execution. Raises: NotFound, BadRequest for an unknown task run."""
    aggregate = aggregate_of(parts, execution_id)
    plan = plan_of(parts, aggregate, revision)
    return _start(parts, aggregate, replayed(plan, aggregate, taskrun_id, parts.new_id(), parts.clock()))


def change_state(parts: Parts, execution_id: str, taskrun_id: str, state: State) -> Shown:
    """Put a task run into a state. Raises: NotFound, BadRequest for an unknown task run."""
    aggregate = aggregate_of(parts, execution_id)
    if taskrun_id not in aggregate.taskruns:
        raise BadRequest(f"No task found for task run {taskrun_id} on execution {execution_id}")
    wanted = c.ChangeState(execution_id, parts.new_id(), taskrun_id=taskrun_id, state=state)
    return _act(parts, aggregate, wanted)


def change_status(parts: Parts, execution_id: str, state: State) -> Shown:
    """Put an ended execution into another terminal state. Raises: NotFound, BadRequest."""
    aggregate = aggregate_of(parts, execution_id)
    if not aggregate.execution.state.is_terminal:
        raise BadRequest("You can only change the status of a terminated execution")
    if not state.is_terminal:
        raise BadRequest("You can only change the status to a terminated state")
    return _act(parts, aggregate, c.ChangeStatus(execution_id, parts.new_id(), state=state))


def labels_in(body: str | bytes) -> list[Label]:
    """Return the labels of a request's JSON; pairs of nothing are left out. Raises: BadRequest."""
    try:
        pairs = _PAIRS.decode(body)
        return [msgspec.convert(pair, Label) for pair in pairs if pair.get("key") or pair.get("value")]
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadRequest(f"Labels are a list of key and value: {error}") from error


def set_labels(parts: Parts, execution_id: str, given: Sequence[Label]) -> Shown:
    """Merge labels over those of an ended execution. Raises: NotFound, NotEnded, BadRequest."""
    aggregate = aggregate_of(parts, execution_id)
    if not aggregate.execution.state.is_terminal:
        raise NotEnded("The execution is not terminated")
    known = {label.key: label.value for label in reversed(aggregate.execution.labels)}
    wanted = [label for label in given if label.key or label.value]
    for label in wanted:
        if not label.key or not label.value:
            raise BadRequest("Labels need a key and a value that are not blank")
        if label.key.startswith("system.") and known.get(label.key) != label.value:
            shown = f"{label.key}={label.value}"
            raise BadRequest(f"System labels can only be set by Kestra itself, offending label: {shown}.")
    new = {label.key: label.value for label in wanted}
    kept = [label for label in aggregate.execution.labels if label.key not in new]
    labels = (*kept, *(Label(key, value) for key, value in new.items()))
    return _act(parts, aggregate, c.SetLabels(execution_id, parts.new_id(), labels=labels))


def _act(parts: Parts, aggregate: Aggregate, wanted: c.ExecutionClaim) -> Shown:
    after = preview(plan_of(parts, aggregate), aggregate, wanted, parts.clock())
    claim(parts, wanted)
    return shown(after or aggregate)


def _start(parts: Parts, old: Aggregate, start: c.Start) -> Shown:
    after = preview(plan_of(parts, old, start.flow_revision), None, start, parts.clock())
    assert after is not None  # noqa: S101 - a Start always creates
    claim(parts, start)
    parts.tail.expect(msgspec.structs.replace(after.execution, seq=0))
    return shown(after)


def shown(aggregate: Aggregate) -> Shown:
    """Return an execution as the API answers it."""
    return execution_json(aggregate.execution, sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal))


Action = Callable[[Parts, str], Shown]

"""Actions on executions, one by one and by their ids."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from runfold.errors import BadRequest, CallerError, ExpressionFailed
from runfold.execution.context import variables_of
from runfold.execution.model import Label
from runfold.execution.state import State
from runfold.webserver import control
from runfold.webserver.answers import Json, json_bytes
from runfold.webserver.body import TextBody
from runfold.webserver.parts import Given
from runfold.webserver.uploads import form_of
from runfold.webserver.whole import aggregate_of, plan_of

router = APIRouter(prefix="/executions", tags=["executions"])

ACTIONS: dict[str, control.Action] = {
    "pause": control.pause,
    "resume": control.resume,
    "unqueue": control.unqueue,
    "force-run": control.force_run,
    "restart": lambda parts, execution_id: control.restart(parts, execution_id, None),
    "replay": lambda parts, execution_id: control.replay(parts, execution_id, None, None),
}
"""What can be done to many executions at once."""

IDS_MAX = 10_000

_LABELS = msgspec.json.Decoder(list[Label])


class StateOfTaskRun(BaseModel):
    """Which task run, and the state that it is to have."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    task_run_id: str
    state: State


@router.post("/{action}/by-ids")
def by_ids(action: str, ids: Annotated[list[str], Body(max_length=IDS_MAX)], parts: Given) -> Response:
    """Do the same to each execution; if one can't take it, nothing is done to any."""
    act = ACTIONS.get(action)
    if act is None:
        raise BadRequest(f"There is no action {action} by ids")
    invalids: list[dict[str, Any]] = []
    for execution_id in ids:
        try:
            CHECKS[action](parts, execution_id)
        except CallerError as error:
            invalids.append({"message": str(error), "propertyPath": "execution", "invalidValue": execution_id})
    if invalids:
        body = json_bytes({"message": f"invalid bulk {action}", "invalids": invalids})
        return Response(body, 400, media_type="application/json")
    for execution_id in ids:
        act(parts, execution_id)
    return Json({"count": len(ids)})


def _in_state(*states: State) -> Any:
    def check(parts: Given, execution_id: str) -> None:
        state = aggregate_of(parts, execution_id).execution.state
        if state not in states:
            raise BadRequest(f"execution not in state {states[0]}")

    return check


def _not_ended(parts: Given, execution_id: str) -> None:
    if aggregate_of(parts, execution_id).execution.state.is_terminal:
        raise BadRequest("execution in a terminated state")


CHECKS: dict[str, Any] = {
    "pause": _in_state(State.RUNNING),
    "resume": _in_state(State.PAUSED),
    "unqueue": _in_state(State.QUEUED),
    "force-run": _not_ended,
    "restart": _in_state(State.FAILED, State.PAUSED),
    "replay": aggregate_of,
}


@router.post("/{execution_id}/pause")
def pause(execution_id: str, parts: Given) -> Response:
    """Start nothing more; what runs goes on."""
    control.pause(parts, execution_id)
    return Response(status_code=200)


@router.post("/{execution_id}/resume", status_code=204)
async def resume(execution_id: str, request: Request, parts: Given) -> Response:
    """Go on with a paused execution; the fields of the form are what its Pause task asks for."""
    async with form_of(request) as form:
        await run_in_threadpool(control.resume, parts, execution_id, form)
    return Response(status_code=204)


@router.post("/{execution_id}/unqueue")
def unqueue(execution_id: str, parts: Given) -> Json:
    """Run an execution that waits for a slot of its flow, whatever the limit."""
    return Json(control.unqueue(parts, execution_id))


@router.post("/{execution_id}/force-run")
def force_run(execution_id: str, parts: Given) -> Json:
    """Run an execution that waits."""
    return Json(control.force_run(parts, execution_id))


@router.post("/{execution_id}/restart")
def restart(execution_id: str, parts: Given, revision: int | None = None) -> Json:
    """Run again what failed; with a revision, as a new execution."""
    return Json(control.restart(parts, execution_id, revision))


@router.post("/{execution_id}/replay")
def replay(
    execution_id: str,
    parts: Given,
    taskrun_id: Annotated[str | None, Query(alias="taskRunId")] = None,
    revision: int | None = None,
) -> Json:
    """Run again as a new execution, from a task run on or from the beginning."""
    return Json(control.replay(parts, execution_id, taskrun_id, revision))


@router.post("/{execution_id}/state")
def change_state(execution_id: str, asked: StateOfTaskRun, parts: Given) -> Json:
    """Put a task run into a state; the execution goes on from there."""
    return Json(control.change_state(parts, execution_id, asked.task_run_id, asked.state))


@router.post("/{execution_id}/change-status")
def change_status(execution_id: str, status: State, parts: Given) -> Json:
    """Put an ended execution into another terminal state."""
    return Json(control.change_status(parts, execution_id, status))


@router.post("/{execution_id}/labels")
def set_labels(execution_id: str, body: TextBody, parts: Given) -> Json:
    """Merge labels over those of an ended execution."""
    try:
        given = _LABELS.decode(body)
    except msgspec.DecodeError as error:
        raise BadRequest(f"Labels are a list of key and value: {error}") from error
    return Json(control.set_labels(parts, execution_id, given))


@router.post("/{execution_id}/eval/{taskrun_id}")
def evaluate(execution_id: str, taskrun_id: str, body: TextBody, parts: Given) -> Json:
    """Render an expression as that task run sees it."""
    aggregate = aggregate_of(parts, execution_id)
    run = aggregate.taskruns.get(taskrun_id)
    if run is None:
        raise BadRequest(f"No task found for {taskrun_id} on execution {execution_id}")
    variables = variables_of(plan_of(parts, aggregate), aggregate, run)
    try:
        return Json({"result": parts.expressions.render(body, variables)})
    except ExpressionFailed as error:
        return Json({"error": str(error), "stackTrace": str(error)})

"""Actions on executions, one by one; those on many are in `bulk.py`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from runfold.errors import BadRequest, ExpressionFailed
from runfold.execution.context import variables_of
from runfold.execution.state import State
from runfold.webserver import control
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.parts import Given
from runfold.webserver.uploads import form_of
from runfold.webserver.whole import aggregate_of, plan_of

router = APIRouter(prefix="/executions", tags=["executions"])


class StateOfTaskRun(BaseModel):
    """Which task run, and the state that it is to have."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    task_run_id: str
    state: State


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
    return Json(control.set_labels(parts, execution_id, control.labels_in(body)))


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

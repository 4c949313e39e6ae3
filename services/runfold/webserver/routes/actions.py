"""
The actions on one execution under the paths of Kestra 2: `/executions/{id}/actions/<action>`.

Most are the older paths' own; three answer with the execution where the older ones answer nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from runfold.errors import NotFound
from runfold.webserver import control
from runfold.webserver.answers import Json
from runfold.webserver.parts import Given
from runfold.webserver.routes import control as one
from runfold.webserver.routes import executions
from runfold.webserver.uploads import form_of

router = APIRouter(prefix="/executions/{execution_id}/actions", tags=["executions"])

for path, action in (
    ("/unqueue", one.unqueue),
    ("/force-run", one.force_run),
    ("/restart", one.restart),
    ("/replay", one.replay),
    ("/state", one.change_state),
    ("/change-status", one.change_status),
    ("/labels", one.set_labels),
    ("/eval/{taskrun_id}", one.evaluate),
):
    router.add_api_route(path, action, methods=["POST"])


@router.delete("/kill")
def kill(
    execution_id: str,
    parts: Given,
    cascade: Annotated[bool, Query(alias="isOnKillCascade")] = True,  # noqa: FBT002
) -> Json:
    """Ask for the end of an execution, and of those that it started; the answer does not wait for it."""
    executions.kill(execution_id, parts, cascade)
    found = parts.reader.execution(execution_id)
    if found is None:
        raise NotFound(f"There is no execution {execution_id}")
    return Json(found.json)


@router.post("/pause")
def pause(execution_id: str, parts: Given) -> Json:
    """Start nothing more; what runs goes on."""
    return Json(control.pause(parts, execution_id))


@router.post("/resume")
async def resume(execution_id: str, request: Request, parts: Given) -> Json:
    """Go on with a paused execution; the fields of the form are what its Pause task asks for."""
    async with form_of(request) as form:
        return Json(await run_in_threadpool(control.resume, parts, execution_id, form))

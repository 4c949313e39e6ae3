"""Actions on many executions, by their ids or by a search; and the deletion of one, whose path would hide theirs."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from runfold.adapters.purging import Reach
from runfold.errors import NotFound
from runfold.execution.state import State
from runfold.webserver.answers import Json, json_bytes
from runfold.webserver.body import TextBody
from runfold.webserver.bulk import (
    EXECUTIONS_MAX,
    KILL,
    SIMPLE,
    Bulk,
    BulkRefused,
    change_status,
    deletion,
    set_labels,
    to_found,
    to_ids,
)
from runfold.webserver.control import labels_in
from runfold.webserver.deleting import delete
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import RunSearch

router = APIRouter(prefix="/executions", tags=["executions"])

Ids = Annotated[list[str], Body(max_length=EXECUTIONS_MAX)]
NewStatus = Annotated[State, Query(alias="newStatus")]


class Goes(BaseModel):
    """What goes with an execution."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    delete_logs: bool = True
    delete_metrics: bool = True
    delete_storage: bool = True

    def reach(self) -> Reach:
        return Reach(logs=self.delete_logs, metrics=self.delete_metrics, files=self.delete_storage)


class GoesOfMany(Goes):
    """Of many, only those that have ended, unless more is wanted."""

    include_non_terminated: bool = False

    def bulk(self) -> Bulk:
        return deletion(self.reach(), is_forced=self.include_non_terminated)


class Found(RunSearch, GoesOfMany):
    """Executions that a search finds, and what goes with them."""


class LabelsOf(BaseModel):
    """Labels, and the executions that get them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    executions_id: list[str] = Field(max_length=EXECUTIONS_MAX)
    execution_labels: list[dict[str, Any]]


@router.post("/labels/by-ids")
def labels_by_ids(asked: LabelsOf, parts: Given) -> Response:
    """Merge labels over those of each execution."""
    return _by_ids(parts, set_labels(labels_in(msgspec.json.encode(asked.execution_labels))), asked.executions_id)


@router.post("/labels/by-query")
def labels_by_query(asked: Annotated[RunSearch, Query()], body: TextBody, parts: Given) -> Response:
    """Merge labels over those of all executions that the search finds."""
    return _by_query(parts, set_labels(labels_in(body)), asked)


@router.post("/change-status/by-ids")
def status_by_ids(ids: Ids, status: NewStatus, parts: Given) -> Response:
    """Put ended executions into another terminal state."""
    return _by_ids(parts, change_status(status), ids)


@router.post("/change-status/by-query")
def status_by_query(asked: Annotated[RunSearch, Query()], status: NewStatus, parts: Given) -> Response:
    """Put all ended executions that the search finds into another terminal state."""
    return _by_query(parts, change_status(status), asked)


@router.post("/{action}/by-ids")
def by_ids(action: str, ids: Ids, parts: Given) -> Response:
    """Do the same to each execution; if one can't take it, nothing is done to any."""
    return _by_ids(parts, _simple(action), ids)


@router.post("/{action}/by-query")
def by_query(action: str, asked: Annotated[RunSearch, Query()], parts: Given) -> Response:
    """Do the same to all executions that the search finds; if one can't take it, nothing is done to any."""
    return _by_query(parts, _simple(action), asked)


@router.delete("/kill/by-ids")
def kill_by_ids(ids: Ids, parts: Given) -> Response:
    """Ask for the end of executions."""
    return _by_ids(parts, KILL, ids)


@router.delete("/kill/by-query")
def kill_by_query(asked: Annotated[RunSearch, Query()], parts: Given) -> Response:
    """Ask for the end of all executions that the search finds."""
    return _by_query(parts, KILL, asked)


@router.delete("/by-ids")
def delete_by_ids(ids: Ids, goes: Annotated[GoesOfMany, Query()], parts: Given) -> Response:
    """Delete executions, with all that belongs to them."""
    return _by_ids(parts, goes.bulk(), ids)


@router.delete("/by-query")
def delete_by_query(asked: Annotated[Found, Query()], parts: Given) -> Response:
    """Delete all executions that the search finds, with all that belongs to them."""
    return _by_query(parts, asked.bulk(), asked)


@router.delete("/{execution_id}", status_code=204)
def delete_one(execution_id: str, goes: Annotated[Goes, Query()], parts: Given) -> Response:
    """Delete an execution, with all that belongs to it; what it started stays. One that runs is ended."""
    delete(parts, execution_id, goes.reach())
    return Response(status_code=204)


def _simple(action: str) -> Bulk:
    bulk = SIMPLE.get(action)
    if bulk is None:
        raise NotFound(f"There is no action {action[:50]!r} on many executions")
    return bulk


def _by_ids(parts: Parts, bulk: Bulk, ids: list[str]) -> Response:
    try:
        return Json({"count": to_ids(parts, bulk, ids)})
    except BulkRefused as error:
        return _refused(error)


def _by_query(parts: Parts, bulk: Bulk, asked: RunSearch) -> Response:
    try:
        return Json({"count": to_found(parts, bulk, asked.filter(parts.clock()))})
    except BulkRefused as error:
        return _refused(error)


def _refused(error: BulkRefused) -> Response:
    invalids = [
        {"message": each.reason, "propertyPath": "execution", "invalidValue": each.execution_id}
        for each in error.invalids
    ]
    body = {"message": str(error), "invalids": invalids, **({"count": error.done} if error.done else {})}
    return Response(json_bytes(body), 400, media_type="application/json")

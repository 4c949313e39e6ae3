"""
Starting executions: a form of inputs becomes a claim.

The answer is the execution as it was asked for, in state CREATED: the executor has not
spoken yet. From here on every read of this server knows it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from runfold.errors import BadRequest, Conflict, NotFound
from runfold.execution.claims import Start
from runfold.execution.model import Label
from runfold.execution.request import ExecutionRequest, Origin, created, execution_id_of, start_claim
from runfold.flows.inputs import Resolved, resolve_each
from runfold.flows.model import Flow
from runfold.ports import Message, slot_of
from runfold.topology import CLAIMS
from runfold.webserver.answers import Json
from runfold.webserver.following import await_execution
from runfold.webserver.parameters import instant_of
from runfold.webserver.parts import Given, Parts
from runfold.webserver.uploads import Form, addresses, form_of, store

WAIT_MAX_S: Final = 600.0
"""How long `wait=true` waits; then the answer is the execution as it is."""

ACTIONS: Final = frozenset(
    {
        "pause",
        "resume",
        "unqueue",
        "force-run",
        "restart",
        "replay",
        "state",
        "change-status",
        "labels",
        "by-ids",
        "by-query",
    }
)
"""What stands behind an execution's id in other routes; a flow may have such a name too."""


class StartRoute(APIRoute):
    """
    Matches `namespace/flow` and leaves `execution/action` to others.

    A first step with a dot is a namespace: ids of executions have none. A form starts a
    flow too, but for `resume`, which takes one itself.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        if match is Match.NONE:
            return match, child
        steps = child["path_params"]
        namespace, flow_id = steps["namespace"], steps["flow_id"]
        if flow_id not in ACTIONS or "." in namespace:
            return match, child
        content = Headers(scope=scope).get("content-type", "")
        return (match, child) if content.startswith("multipart/") and flow_id != "resume" else (Match.NONE, {})


router = APIRouter(prefix="/executions", tags=["executions"], route_class=StartRoute)


class Starting(BaseModel):
    """How to start a flow."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    labels: list[str] = []
    wait: bool = False
    revision: int | None = None
    schedule_date: str | None = None


@router.post("/{namespace}/{flow_id}")
async def start(  # noqa: PLR0913, PLR0917 - each is a part of the request
    namespace: str,
    flow_id: str,
    asked: Annotated[Starting, Query()],
    request: Request,
    parts: Given,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Json:
    """
    Start a flow; its inputs are the fields of the form, and its files.

    A file comes in a part of its input's name, or in one named `files` with that as its file name.

    The same `Idempotency-Key` gives the same execution, however often it is sent.
    """
    async with form_of(request) as form:
        wanted = ExecutionRequest(
            namespace,
            flow_id,
            revision=asked.revision,
            inputs=dict(form.texts),
            labels=_labels(asked.labels),
            idempotency_key=idempotency_key,
            schedule_date=_schedule(asked.schedule_date),
        )
        execution_id = await run_in_threadpool(_start, parts, wanted, form)
    if asked.wait:
        reader = parts.reader
        await await_execution(reader, parts.tail, execution_id, lambda whole: whole.state.is_terminal, WAIT_MAX_S)
    whole = await run_in_threadpool(parts.reader.execution, execution_id)
    return Json({} if whole is None else whole.json)


@router.post("/{namespace}/{flow_id}/validate")
async def validate(namespace: str, flow_id: str, request: Request, parts: Given, revision: int | None = None) -> Json:
    """Return what each input would become, or what is wrong with it."""
    async with form_of(request) as form:
        flow = await run_in_threadpool(_flow, parts, namespace, flow_id, revision)
        # Nothing is stored: the addresses only stand for what a start would give.
        inputs = {**form.texts, **addresses(flow, flow.inputs, parts.new_id(), form)}
    resolved = await run_in_threadpool(resolve_each, flow.inputs, inputs, parts.render_for(flow), parts.encrypt)
    return Json({"id": flow.id, "namespace": flow.namespace, "inputs": [_shown(each) for each in resolved]})


def _start(parts: Parts, wanted: ExecutionRequest, form: Form) -> str:
    """Store the files, publish the claim and return the execution's id."""
    flow = _flow(parts, wanted.namespace, wanted.flow_id, wanted.revision)
    claim_id = parts.new_id()
    if wanted.idempotency_key is None:
        execution_id = claim_id
    else:
        execution_id = execution_id_of(wanted, "", 0, 0)
        if parts.reader.state(execution_id) is not None:
            return execution_id  # asked for before
    places = addresses(flow, flow.inputs, execution_id, form)
    wanted = msgspec.structs.replace(wanted, inputs={**wanted.inputs, **places})
    claim = start_claim(flow, wanted, Origin(execution_id, claim_id), parts.render_for(flow), parts.encrypt)
    message = _message(claim)
    asked_for = {name: uri for name, uri in places.items() if _is_asked(claim.inputs, name)}
    store(parts.files, form, asked_for)
    parts.freshness.wrote(execution_id)
    parts.broker.publish([message])
    parts.tail.expect(created(claim, parts.clock()))
    return execution_id


def _message(claim: Start) -> Message:
    key = claim.execution_id
    try:
        return Message(CLAIMS, key, msgspec.json.encode(claim), slot=slot_of(key))
    except (UnicodeEncodeError, OverflowError) as error:
        raise BadRequest("An input holds text or a number that JSON cannot carry") from error


def _flow(parts: Parts, namespace: str, flow_id: str, revision: int | None) -> Flow:
    stored = parts.flows.get(namespace, flow_id, revision)
    if stored is None:
        raise NotFound("Requested Flow is not found.")
    if stored.flow is None:
        raise Conflict(f"Cannot execute flow {namespace}.{flow_id}: it is not valid: {stored.exception}")
    return stored.flow


def _is_asked(inputs: Mapping[str, Any], name: str) -> bool:
    """Return whether an input is among the resolved ones; ids with dots are maps in maps."""
    first, _, rest = name.partition(".")
    return first in inputs and (not rest or _is_asked(inputs[first], rest))


def _labels(pairs: list[str]) -> tuple[Label, ...]:
    split = [pair.partition(":") for pair in pairs]
    for pair, (_, colon, _) in zip(pairs, split, strict=True):
        if not colon:
            raise BadRequest(f"Invalid queryString parameter: the label {pair[:100]!r} is not of the form key:value")
    return tuple(Label(key, value) for key, _, value in split)


def _schedule(text: str | None) -> datetime | None:
    return instant_of("scheduleDate", text) if text else None


def _shown(resolved: Resolved) -> dict[str, Any]:
    found: dict[str, Any] = {
        "input": resolved.input.model_dump(mode="json", by_alias=True, exclude_none=True),
        "enabled": resolved.enabled,
    }
    if resolved.value is not None:
        found["value"] = resolved.value
    if resolved.error is not None:
        found["errors"] = [{"message": resolved.error}]
    return found

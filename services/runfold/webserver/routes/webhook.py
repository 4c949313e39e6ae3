"""Webhooks: a call of a flow's own URL starts it."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from runfold.errors import Conflict, ExpressionFailed, NotFound
from runfold.execution.conditions import Scene, holds
from runfold.execution.model import Label, Trigger
from runfold.execution.request import ExecutionRequest, Origin, created, start_claim
from runfold.flows.model import Flow
from runfold.flows.trigger import Webhook
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.control import claim
from runfold.webserver.parts import Given, Parts

KEPT_HEADERS_MAX: Final = 100

router = APIRouter(prefix="/executions/webhook", tags=["executions"])


@router.get("/{namespace}/{flow_id}/{key}")
@router.post("/{namespace}/{flow_id}/{key}")
@router.put("/{namespace}/{flow_id}/{key}")
def webhook(namespace: str, flow_id: str, key: str, request: Request, body: TextBody, parts: Given) -> Response:  # noqa: PLR0913, PLR0917 - each is a part of the request
    """Start the flow whose webhook has this key; 204 where its conditions do not hold."""
    flow = _flow(parts, namespace, flow_id)
    found = _trigger(parts, flow, key)
    variables = {
        "body": _parsed(body),
        "headers": _several(request.headers.items()),
        "parameters": _several(request.query_params.multi_items()),
    }
    if not _fits(parts, flow, found, variables):
        return Response(status_code=204)
    execution_id = parts.new_id()
    inputs, labels = _inputs(parts, flow, found, variables), _labels(parts, flow, found, variables)
    wanted = ExecutionRequest(namespace, flow_id, inputs=inputs, labels=labels)
    origin = Origin(execution_id, parts.new_id(), trigger=Trigger(found.id, found.type, variables))
    start = start_claim(flow, wanted, origin, parts.render_for(flow), parts.encrypt)
    claim(parts, start)
    execution = created(start, parts.clock())
    parts.tail.expect(execution)
    whole = parts.reader.execution(execution_id)
    return Json({"id": execution_id} if whole is None else whole.json)


def _flow(parts: Parts, namespace: str, flow_id: str) -> Flow:
    stored = parts.flows.get(namespace, flow_id)
    if stored is None:
        raise NotFound("Flow not found")
    if stored.flow is None or stored.flow.disabled:
        raise Conflict("Cannot execute a disabled or invalid flow")
    return stored.flow


def _trigger(parts: Parts, flow: Flow, key: str) -> Webhook:
    render = parts.render_for(flow)
    for trigger in flow.triggers:
        if isinstance(trigger, Webhook) and not trigger.disabled:
            try:
                own = str(render(trigger.key, {})).strip()
            except ExpressionFailed:
                continue
            if own == key:
                return trigger
    raise NotFound("Webhook not found")


def _fits(parts: Parts, flow: Flow, trigger: Webhook, variables: dict[str, Any]) -> bool:
    render = parts.render_for(flow)
    scene = Scene(flow.namespace, flow.id, lambda template: _text(render(template, {"trigger": variables})), labels={})
    try:
        return all(holds(condition, scene) for condition in trigger.conditions)
    except ExpressionFailed:
        return False


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _inputs(parts: Parts, flow: Flow, trigger: Webhook, variables: dict[str, Any]) -> dict[str, Any]:
    render = parts.render_for(flow)
    return {
        name: render(value, {"trigger": variables}) if isinstance(value, str) else value
        for name, value in (trigger.inputs or {}).items()
    }


def _labels(parts: Parts, flow: Flow, trigger: Webhook, variables: dict[str, Any]) -> tuple[Label, ...]:
    render = parts.render_for(flow)
    return tuple(Label(label.key, _text(render(label.value, {"trigger": variables}))) for label in trigger.labels)


def _parsed(body: str) -> Any:
    """Return JSON of a map or list as what it says, and anything else as the text that it is."""
    if not body:
        return None
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return found if isinstance(found, dict | list) else body


def _several(pairs: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in list(pairs)[:KEPT_HEADERS_MAX]:
        found.setdefault(name, []).append(value)
    return found

"""
Requests to run a flow: anyone may put one on the topic `requests`; the API makes the same.

The rule: the same request gives the same execution id, so that sending it twice runs it once.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from runfold.errors import BadRequest, Conflict, NotFound
from runfold.execution.claims import Start
from runfold.execution.ids import base62
from runfold.execution.model import Execution, Json, Label, Reply, Struct, Trigger
from runfold.execution.state import Entry, State
from runfold.flows.inputs import Encrypt, Render, resolve_inputs
from runfold.flows.label import SYSTEM
from runfold.flows.model import Flow

CORRELATION_ID: Final = "system.correlationId"
"""The one system label that a caller may give: it goes through all executions that follow from one."""

EXECUTION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
IDEMPOTENCY_KEY_LENGTH_MAX: Final = 255
LABELS_MAX: Final = 100

_NAMES: Final = bytes.fromhex("0f6a5d3b7c1e4b0d9a52c8e41d7f3b96")
"""The UUID under which our ids are named. Never change it: keys would give other executions."""


class ExecutionRequest(Struct, frozen=True):
    """
    One record of `requests`.

    `labels`: a map, or a list of key and value. `executionId`: the sender chose the id, which then
    tells doubles apart; else `idempotencyKey` does; else the record's place in its topic.
    """

    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: dict[str, Json] = {}
    labels: dict[str, str] | tuple[Label, ...] = ()
    idempotency_key: str | None = None
    execution_id: str | None = None
    schedule_date: datetime | None = None

    @property
    def label_list(self) -> tuple[Label, ...]:
        """The labels as a list, whichever way they were given."""
        if isinstance(self.labels, Mapping):
            return tuple(Label(key, value) for key, value in self.labels.items())
        return self.labels


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, and by which ids: what a request itself does not say."""

    execution_id: str
    claim_id: str
    trigger: Trigger | None = None
    reply: Reply | None = None


def execution_id_of(request: ExecutionRequest, topic: str, partition: int, offset: int) -> str:
    """
    Return the id of the execution that `request`, found at this place, asks for.

    Raises:
        BadRequest: The id or key that it brings can't be one.
    """
    if request.execution_id is not None:
        if not EXECUTION_ID.fullmatch(request.execution_id):
            raise BadRequest(f"An execution id must match {EXECUTION_ID.pattern}")
        return request.execution_id
    if request.idempotency_key is None:
        return _named_id(f"{topic}/{partition}/{offset}")
    if not 1 <= len(request.idempotency_key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        raise BadRequest(f"An idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters")
    return _named_id(f"{request.namespace}/{request.flow_id}/{request.idempotency_key}")


def start_claim(
    flow: Flow, request: ExecutionRequest, origin: Origin, render: Render, encrypt: Encrypt | None = None
) -> Start:
    """
    Return the claim that starts `flow` as `request` wants it. `render` and `encrypt`: as `resolve_inputs` takes them.

    Raises:
        NotFound: `flow` is not the revision that was asked for.
        Conflict: The flow is disabled.
        InputsInvalid: All wrong inputs.
        BadRequest: A label that callers may not set, or too many.
    """
    if request.revision is not None and request.revision != flow.revision:
        raise NotFound(f"Flow {flow.namespace}.{flow.id} has no revision {request.revision}")
    if flow.disabled:
        raise Conflict("Cannot execute a disabled flow")
    labels = _labels(flow, request, origin.execution_id)
    return Start(
        execution_id=origin.execution_id,
        id=origin.claim_id,
        namespace=flow.namespace,
        flow_id=flow.id,
        flow_revision=flow.revision or 1,
        inputs=resolve_inputs(flow.inputs, request.inputs, render, encrypt),
        labels=labels,
        trigger=origin.trigger,
        schedule_date=request.schedule_date,
        reply=origin.reply,
    )


def render_for(flow: Flow, evaluate: Render, surroundings: Mapping[str, Any]) -> Render:
    """Return what renders templates of a flow that has no execution yet: its inputs, its webhooks' keys."""
    named = {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}
    variables = {**surroundings, "flow": named, "vars": flow.variables or {}}

    def render(template: str, more: Mapping[str, Any]) -> Any:
        return evaluate(template, {**variables, **more})

    return render


def created(start: Start, now: datetime) -> Execution:
    """Return the execution that `start` asks for, as long as the executor has said nothing of it."""
    return Execution(
        id=start.execution_id,
        namespace=start.namespace,
        flow_id=start.flow_id,
        flow_revision=start.flow_revision,
        histories=(Entry(State.CREATED, now),),
        inputs=start.inputs,
        labels=start.labels,
        trigger=start.trigger,
        original_id=start.execution_id,
        schedule_date=start.schedule_date,
        original_created_date=now,
    )


def _labels(flow: Flow, request: ExecutionRequest, execution_id: str) -> tuple[Label, ...]:
    """Return the flow's own labels, those given, and the correlation id."""
    given = request.label_list
    if len(given) > LABELS_MAX:
        raise BadRequest(f"At most {LABELS_MAX} labels can be given")
    for label in given:
        if not label.key.strip() or not label.value.strip():
            raise BadRequest("Labels need a key and a value that are not blank")
        if label.key.startswith(SYSTEM) and label.key != CORRELATION_ID:
            shown = f"{label.key}={label.value}"
            raise BadRequest(f"System labels can only be set by Kestra itself, offending label: {shown}.")
    own = tuple(Label(label.key, label.value) for label in flow.labels if not label.key.startswith(SYSTEM))
    if any(label.key == CORRELATION_ID for label in given):
        return (*own, *given)
    return (*own, *given, Label(CORRELATION_ID, execution_id))


def _named_id(name: str) -> str:
    """Return the UUID version 5 of `name`, in base 62."""
    digest = bytearray(hashlib.sha1(_NAMES + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return base62(int.from_bytes(digest))

"""
The front door on Kafka: a record of `requests` becomes a Start claim, or an answer that says why not.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from runfold.adapters.dead_letters import dead_letter
from runfold.adapters.flow_store import FlowStore
from runfold.errors import AuthorError, CallerError, Conflict, NotFound, RunfoldError
from runfold.execution.claims import Start
from runfold.execution.context import instant
from runfold.execution.model import Reply
from runfold.execution.request import ExecutionRequest, Origin, execution_id_of, render_for, start_claim
from runfold.executor.outbox import claim_message, rejection, reply_message
from runfold.flows.plan import Host
from runfold.ports import Broker, Message, Record

logger = logging.getLogger(__name__)

_request = msgspec.json.Decoder(ExecutionRequest)


class Requests:
    """Answers execution requests. A rejected request is an answer, never silence."""

    def __init__(self, flows: FlowStore, host: Host, broker: Broker) -> None:
        self._flows = flows
        self._host = host
        self._broker = broker

    def answer(self, record: Record, now: datetime) -> Sequence[Message]:
        """Return what a request's record leads to: a claim and an `accepted`, a `rejected`, or a dead letter."""
        reply = self._reply(record)
        try:
            request = _request.decode(record.value or b"")
        except msgspec.MsgspecError as error:
            letters = [dead_letter(record, error)]
            return (
                letters
                if reply is None
                else [*letters, rejection(reply, now, [f"This is no execution request: {error}"])]
            )
        key = record.headers.get("idempotency-key")
        if key is not None:
            request = replace(request, idempotency_key=key)
        try:
            claim = self._start(request, record, reply)
        except (AuthorError, CallerError) as error:
            logger.info("Request at %s-%d@%d rejected", record.topic, record.partition, record.offset)
            return [] if reply is None else [rejection(reply, now, str(error).split("\n"))]
        return [claim_message(claim)] if reply is None else [claim_message(claim), self._accepted(claim, reply, now)]

    def _start(self, request: ExecutionRequest, record: Record, reply: Reply | None) -> Start:
        stored = self._flows.get(request.namespace, request.flow_id, request.revision)
        if stored is None:
            revision = f" revision {request.revision}" if request.revision else ""
            raise NotFound(f"There is no flow {request.namespace}.{request.flow_id}{revision}")
        if stored.flow is None:
            raise Conflict(f"Flow {request.namespace}.{request.flow_id} is not valid: {stored.exception}")
        execution_id = execution_id_of(request, record.topic, record.partition, record.offset)
        origin = Origin(execution_id, f"{execution_id}.start", reply=reply)
        render = render_for(stored.flow, self._host.expressions.evaluate, self._host.surroundings)
        return start_claim(stored.flow, request, origin, render, self._host.encrypt)

    def _accepted(self, claim: Start, reply: Reply, now: datetime) -> Message:
        body = {
            "type": "accepted",
            "executionId": claim.execution_id,
            "namespace": claim.namespace,
            "flowId": claim.flow_id,
            "flowRevision": claim.flow_revision,
            "at": instant(now),
        }
        return reply_message(reply, body)

    def _reply(self, record: Record) -> Reply | None:
        topic = record.headers.get("reply-topic")
        if not topic:
            return None
        try:
            is_there = self._broker.partitions(topic, literal=True) > 0
        except RunfoldError:
            is_there = False
        if not is_there:
            logger.warning(
                "Request at %s-%d@%d names a reply topic that is not there",
                record.topic,
                record.partition,
                record.offset,
            )
            return None
        return Reply(topic, record.headers.get("correlation-id"))

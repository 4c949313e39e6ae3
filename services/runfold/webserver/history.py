"""
What happened to an execution, transition by transition: as a list, as a stream, as it was at a moment.

Read from the topic `facts`, which is the truth; the claims that led to them only as long
as their topic still has them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Final

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from runfold.adapters.fact_fold import claims_of, transitions_of
from runfold.documents.api_json import execution_json
from runfold.documents.events import ApiJson, Moment, event_json
from runfold.errors import BadRequest
from runfold.webserver.answers import json_bytes
from runfold.webserver.following import LOOK_AGAIN_S, Watcher
from runfold.webserver.parameters import instant_of
from runfold.webserver.parts import Parts
from runfold.webserver.whole import aggregate_at, life_of

PAUSE_S: Final = 0.25
"""Between two looks of a stream: each reads a part of the log."""

SEQ_DIGITS_MAX: Final = 9


def moment_of(name: str, text: str) -> Moment:
    """Return the moment that a transition's number or an instant says. Raises: BadRequest."""
    if text.isascii() and text.isdigit() and len(text) <= SEQ_DIGITS_MAX:
        return Moment(seq=int(text))
    try:
        return Moment(at=instant_of(name, text))
    except BadRequest as error:
        raise BadRequest(
            f"Invalid {name}: {text[:50]!r} is neither the number of an event nor a date such as 2024-12-05T10:11:12.345Z"
        ) from error


def execution_at(parts: Parts, execution_id: str, moment: Moment) -> ApiJson:
    """Return an execution as it was. Raises: NotFound: there was none yet."""
    aggregate = aggregate_at(parts, execution_id, moment)
    return execution_json(aggregate.execution, sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal))


def events_of(parts: Parts, execution_id: str, first_seq: int = 1) -> Iterator[ApiJson]:
    """Yield the events of an execution from `first_seq` on. Raises: NotFound."""
    life = life_of(parts, execution_id)
    claims = {claim.id: claim for claim in claims_of(parts.broker, execution_id, life)}
    for transition in transitions_of(parts.broker, execution_id, life):
        if transition.seq >= first_seq:
            yield event_json(transition, claims.get(transition.cause))


def event_page(parts: Parts, execution_id: str, first_seq: int, size: int, taskrun_id: str | None = None) -> ApiJson:
    """
    Return up to `size` events, the number from which to go on (null: there are no more) and the newest's.

    With a task run, only of those that are about it, or that it led to.
    """
    last = life_of(parts, execution_id).newest_seq
    found = events_of(parts, execution_id, first_seq)
    wanted = found if taskrun_id is None else (event for event in found if _is_about(event, taskrun_id))
    events = list(islice(wanted, size + 1))
    return {"results": events[:size], "next": events[size]["seq"] if len(events) > size else None, "last": last}


def _is_about(event: ApiJson, taskrun_id: str) -> bool:
    is_cause = event["cause"].get("taskRunId") == taskrun_id
    return is_cause or any(fact.get("id") == taskrun_id for fact in event["facts"])


async def follow_events(parts: Parts, execution_id: str, first_seq: int) -> AsyncIterator[ServerSentEvent]:
    """Yield the events there are, then each that comes, until the execution has ended; the id is the number."""
    watcher = Watcher()
    with parts.tail.watching(execution_id, watcher.wake):
        while True:
            state = await run_in_threadpool(parts.reader.state, execution_id)
            for event in await run_in_threadpool(lambda first: list(events_of(parts, execution_id, first)), first_seq):
                first_seq = event["seq"] + 1
                yield ServerSentEvent(json_bytes(event).decode(), id=str(event["seq"]))
            if state is None or state.is_terminal:
                yield ServerSentEvent("{}", event="end")
                return
            await watcher.news(LOOK_AGAIN_S)
            await asyncio.sleep(PAUSE_S)

"""
What happened to an execution, transition by transition: as a list, as a stream, as it was at a moment.

Read from the topic `facts`, which is the truth; the claims that led to them only as long
as their topic still has them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from orjson import Fragment
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from runfold.documents.api_json import execution_json, taskrun_json
from runfold.documents.events import ApiJson, Moment, event_json
from runfold.errors import BadRequest
from runfold.webserver.answers import json_bytes, written
from runfold.webserver.following import LOOK_AGAIN_S, Watcher
from runfold.webserver.parameters import instant_of
from runfold.webserver.parts import Parts
from runfold.webserver.whole import aggregate_at, life_of

PAUSE_S: Final = 0.25
"""Between two looks of a stream: each reads a part of the log."""

PAGE_SIZE: Final = 500
"""So many events of a stream are read at once."""

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


def execution_at(parts: Parts, execution_id: str, moment: Moment) -> Mapping[str, Fragment]:
    """Return an execution as it was; its parts are written already. Raises: NotFound: there was none yet."""
    aggregate = aggregate_at(parts, execution_id, moment)
    json: dict[str, Fragment] = {}
    for name, value in execution_json(aggregate.execution, ()).items():
        json[name] = written(value)
        if name == "flowRevision" and aggregate.taskruns:
            runs = sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal)
            json["taskRunList"] = written([written(taskrun_json(run)) for run in runs])
    return json


def events_of(parts: Parts, execution_id: str, first_seq: int = 1) -> Iterator[ApiJson]:
    """Yield the events of an execution from `first_seq` on. Raises: NotFound."""
    following: int | None = first_seq
    while following is not None:
        page = event_page(parts, execution_id, following, PAGE_SIZE)
        yield from page["results"]
        following = page["next"]


def event_page(parts: Parts, execution_id: str, first_seq: int, size: int, taskrun_id: str | None = None) -> ApiJson:
    """
    Return up to `size` events, the number from which to go on (null: there are no more) and the newest's.

    With a task run, only of those that are about it, or that it led to.
    """
    life = life_of(parts, execution_id)
    with parts.pasts.of(execution_id, life) as past:
        found = past.page(first_seq, size + 1, life.last_seq, taskrun_id)
    events = [event_json(transition, cause) for transition, cause in found[:size]]
    following = found[size][0].seq if len(found) > size else None
    return {"results": events, "next": following, "last": life.newest_seq}


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

"""
Server-sent events: an execution as it goes on, a log as it grows.

An event's id is `progress/<seq>` (of logs: the line's place), the last one's is `end`:
then the client closes. Who comes back with `Last-Event-ID` goes on from there. The rule: a
stream sends the newest state whenever the client is ready for it, and nothing older than
what it sent; how slow the client is costs the server nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from runfold.documents.model import Document
from runfold.documents.query import Between, Filter, all_of
from runfold.documents.source import source_of
from runfold.errors import NotFound
from runfold.webserver.answers import json_bytes
from runfold.webserver.reading import Reader, Whole
from runfold.webserver.tail import Tail

END: Final = "end"
PROGRESS: Final = "progress"

APPEAR_S: Final = 10.0
"""How long an execution that nobody knows yet is waited for."""

PAUSE_S: Final = 0.05
"""Between two events of a stream at least: what happens meanwhile comes as one."""

PAUSE_PER_READ: Final = 10
"""The pause is also so many times what reading the state took: executions of many task runs come less often."""

LOOK_AGAIN_S: Final = 5.0
"""Without news the stream looks by itself: it may wait for what only the index can tell."""

LOGS_SETTLE_S: Final = 0.3
"""How long after the end of an execution its last log lines may take."""


class Watcher:
    """Waits, in this event loop, for news of one execution."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Tell that something changed; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    async def news(self, timeout_s: float) -> bool:
        """Return whether something changed since the last call, waiting for it."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        self._changed.clear()
        return True


async def await_execution(
    reader: Reader, tail: Tail, execution_id: str, condition: Callable[[Whole], bool], timeout_s: float
) -> Whole | None:
    """Return an execution as soon as `condition` holds of it, and as it is when the time is over."""
    watcher = Watcher()
    deadline_s = asyncio.get_running_loop().time() + timeout_s
    with tail.watching(execution_id, watcher.wake):
        while True:
            whole = await run_in_threadpool(reader.execution, execution_id)
            left_s = deadline_s - asyncio.get_running_loop().time()
            if (whole is not None and condition(whole)) or left_s <= 0:
                return whole
            await watcher.news(min(left_s, LOOK_AGAIN_S))


async def await_there(reader: Reader, tail: Tail, execution_id: str) -> None:
    """Return once the execution is known. Raises: NotFound."""
    if await await_execution(reader, tail, execution_id, lambda _: True, APPEAR_S) is None:
        raise NotFound(f"There is no execution {execution_id}")


async def follow_execution(
    reader: Reader, tail: Tail, execution_id: str, last_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the execution as it is now and whenever it changed, until it has ended."""
    watcher = Watcher()
    sent = _number(last_id)
    is_first = True
    with tail.watching(execution_id, watcher.wake):
        while True:
            began_s = time.monotonic()
            whole = await run_in_threadpool(reader.execution, execution_id)
            if whole is None:
                return
            pause_s = max(PAUSE_S, PAUSE_PER_READ * (time.monotonic() - began_s))
            has_ended = whole.state.is_terminal
            if whole.seq > sent and not (has_ended and is_first):
                sent = whole.seq
                yield _event(f"{PROGRESS}/{sent}", whole.json)
            if has_ended and whole.seq >= sent:
                yield _event(END, whole.json)
                return
            is_first = False
            await watcher.news(LOOK_AGAIN_S)
            await asyncio.sleep(pause_s)


async def follow_logs(
    reader: Reader, tail: Tail, execution_id: str, wanted: Filter, last_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the log lines there are, then each that comes, until the execution has ended."""
    watcher = Watcher()
    last = _number(last_id)
    with tail.watching(execution_id, watcher.wake):
        ended_before = last_id == END
        while True:
            state = await run_in_threadpool(reader.state, execution_id)
            new = all_of((wanted, Between("position", last + 1)))
            lines = await run_in_threadpool(reader.logs, execution_id, new)
            for line in sorted(lines, key=_position):
                last = _position(line)
                yield _event(f"{PROGRESS}/{last}", source_of(line))
            if ended_before:
                yield _event(END, {})
                return
            ended_before = state is None or state.is_terminal
            await watcher.news(LOGS_SETTLE_S if ended_before else LOOK_AGAIN_S)
            await asyncio.sleep(PAUSE_S)


def _position(line: Document) -> int:
    position: int = line.body["position"]
    return position


def _number(last_id: str | None) -> int:
    """Return the number in an event's id; -1 if there is none."""
    name, _, number = (last_id or "").partition("/")
    return int(number) if name == PROGRESS and number.isascii() and number.isdigit() and len(number) < 19 else -1


def _event(event_id: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(json_bytes(data).decode(), id=event_id)

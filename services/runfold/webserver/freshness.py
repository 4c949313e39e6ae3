"""
How fresh an answer of the index is, and waiting until it knows of a write.

Reads the index's own progress and the live tail. A write's token names the execution and the
number of the transition that the write leads to at the earliest. Who reads with it waits until the
tail has seen that transition, and the index all that the tail had seen of its partition by then.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runfold.documents.instants import instant_text
from runfold.documents.model import Kind
from runfold.documents.progress import PARTITIONS_MAX, Place, Progress, document_id, read_progress
from runfold.documents.query import Query
from runfold.errors import BadRequest, Unavailable
from runfold.ports import Index
from runfold.webserver.tail import Tail

HEADER: Final = "Runfold-Token"

KEPT_S: Final = 0.25
"""So long the index's progress is not asked for again."""

WAIT_S: Final = 5.0
REACTION_S: Final = 2.0
"""If the executor has said nothing by then, the write was void (or waits for the executor): there is nothing to show."""

LOOK_AGAIN_S: Final = 0.02
TOKENS_MAX: Final = 20
"""In one answer, or one question; of more writes the last ones count."""

WRITES: Final[ContextVar[list[str] | None]] = ContextVar("writes", default=None)
"""Where the answer to the request under way gathers its tokens."""


@dataclass(frozen=True, slots=True)
class Token:
    """A transition of an execution."""

    execution_id: str
    seq: int

    def __str__(self) -> str:
        return f"{self.execution_id}@{self.seq}"


def read_tokens(text: str) -> list[Token]:
    """Return the tokens that an answer gave, apart by commas. Raises: BadRequest."""
    tokens = []
    for part in text.split(",")[-TOKENS_MAX:]:
        execution_id, at, seq = part.strip().rpartition("@")
        if not at or not execution_id or not (seq.isascii() and seq.isdigit() and len(seq) < 19):
            raise BadRequest(f"Invalid after: {part[:50]!r} is no token of an answer's Runfold-Token header")
        tokens.append(Token(execution_id, int(seq)))
    return tokens


class Freshness:
    """What is asked of one index and one tail; for any thread."""

    def __init__(self, index: Index, tail: Tail, clock: Callable[[], datetime]) -> None:
        self._index = index
        self._tail = tail
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[Place, Progress] = {}
        self._asked_s = float("-inf")

    def as_of(self) -> dict[str, Any]:
        """Return how far the index is behind the log: 0 if it has all that the tail has seen."""
        now = self._clock()
        progress = self._progress()
        behind = [self._behind(place, progress.get(place), now) for place in self._tail.places()]
        newest = max((each.at for each in progress.values()), default=None)
        answer: dict[str, Any] = {"behindMs": max(behind, default=0), "at": instant_text(now)}
        return answer if newest is None else answer | {"newest": instant_text(newest)}

    def wrote(self, execution_id: str) -> None:
        """Note, for the answer to the request under way, that something was asked of an execution."""
        tokens = WRITES.get()
        if tokens is not None:
            seen = self._tail.get(execution_id)
            tokens.append(str(Token(execution_id, max(0 if seen is None else seen.seq, 0) + 1)))

    def wait(self, tokens: Sequence[Token]) -> None:
        """
        Return once the index shows what these writes did.

        Raises:
            Unavailable: It does not in time.
        """
        deadline_s = time.monotonic() + WAIT_S
        for token in tokens:
            reaction_s = min(deadline_s, time.monotonic() + REACTION_S)
            _holds_by(reaction_s, partial(self._tail.has, token.execution_id, token.seq))
            if not _holds_by(deadline_s, partial(self._has, self._tail.ends_of(token.execution_id))):
                raise Unavailable("The index does not show the write yet")
        self._index.refresh()

    def _has(self, ends: Mapping[Place, int]) -> bool:
        """Return whether all before these ends is stored, be it searchable or not."""
        for place, end in ends.items():
            stored = self._index.get(Kind.PROGRESS, document_id(place))
            if stored is None or stored.version < end:
                return False
        return True

    def _behind(self, place: Place, progress: Progress | None, now: datetime) -> int:
        since_ms = self._tail.unread_since(place, 0 if progress is None else progress.next)
        return 0 if since_ms is None else max(0, int(now.timestamp() * 1000) - since_ms)

    def _progress(self) -> Mapping[Place, Progress]:
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._asked_s >= KEPT_S:
                page = self._index.search(Query(Kind.PROGRESS, size=PARTITIONS_MAX, exact_total=False))
                self._known = read_progress(page.documents)
                self._asked_s = now_s
            return self._known


def _holds_by(deadline_s: float, condition: Callable[[], bool]) -> bool:
    while not condition():
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(LOOK_AGAIN_S)
    return True


class Tokens:
    """Gives the answer to each write its tokens, in the header `Runfold-Token`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        tokens: list[str] = []
        WRITES.set(tokens)

        async def marked(message: Message) -> None:
            if tokens and message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = ",".join(tokens[-TOKENS_MAX:])
            await send(message)

        await self._app(scope, receive, marked)

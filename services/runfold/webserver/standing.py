"""
Standing queries: a search that goes on, as server-sent events.

Evaluated on the live tail, not through the index. `entered`: it fits now; `updated`: it still does;
`left`: it does no more. An event's id is the process's name and the number of the change, so a
client that comes back goes on where it was; `resync` says that it can't: search again. Of one
entity nothing older comes after something newer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from runfold.documents.model import Kind
from runfold.documents.query import Filter, matches
from runfold.documents.source import source_of
from runfold.errors import Unavailable
from runfold.webserver.answers import json_bytes
from runfold.webserver.changes import Change, Changes
from runfold.webserver.export_columns import Column, filled
from runfold.webserver.following import Watcher

PAUSE_S: Final = 0.1
"""Between two batches of events: changes of one entity meanwhile come as one."""

BATCH_MAX: Final = 2_000
LOOK_AGAIN_S: Final = 15.0

_NAMES: Final = {Kind.TASKRUNS: "taskrun", Kind.EXECUTIONS: "execution"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is asked for all the time. `since`: the client has searched then, or knows nothing."""

    kind: Kind
    filter: Filter
    since: datetime
    columns: tuple[Column, ...] = ()

    def events(self, changes: Iterable[Change]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield number, event and data for the newest change of each entity that concerns this query."""
        newest: dict[str, Change] = {}
        oldest: dict[str, Change] = {}
        for change in changes:
            if change.kind is self.kind:
                newest.pop(change.new.id, None)
                newest[change.new.id] = change
                oldest.setdefault(change.new.id, change)
        for entity_id, change in newest.items():
            event = self._event(change, oldest[entity_id])
            if event == "left":
                yield change.number, event, {"id": entity_id}
            elif event is not None:
                yield change.number, event, {"id": entity_id, _NAMES[self.kind]: self._shown(change)}

    def _shown(self, change: Change) -> dict[str, Any]:
        source = source_of(change.document)
        return source | {"columns": filled(change.document, self.columns, ())} if self.columns else source

    def _event(self, change: Change, first: Change) -> str | None:
        before = first.old_document
        was_in = before is not None and matches(self.filter, before.body)
        is_in = not change.is_gone and matches(self.filter, change.document.body)
        if is_in:
            return "updated" if was_in else "entered"
        # Where nothing is known of what was before, the client may have it from its search.
        may_be_known = before is None and change.document.body["startDate"] < self.since
        return "left" if was_in or may_be_known else None


def begin_of(changes: Changes, last_id: str | None) -> int | None:
    """Return the number after which a client goes on; None: it must search again."""
    if not last_id:
        return changes.newest
    name, _, number = last_id.partition("-")
    is_ours = name == changes.name and number.isascii() and number.isdigit() and len(number) < 19
    return int(number) if is_ours else None


async def follow_query(changes: Changes, wanted: Standing, last_id: str | None) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of a standing query until the client goes away. Raises: Unavailable: too many are open."""
    watcher = Watcher()
    if not changes.listen(watcher.wake):
        raise Unavailable("Too many standing queries are open")
    try:
        number = begin_of(changes, last_id)
        yield ServerSentEvent("{}", event="hello", id=_id(changes, changes.newest if number is None else number))
        while True:
            batch = None if number is None else changes.since(number, BATCH_MAX)
            if batch is None:
                number = changes.newest
                yield ServerSentEvent("{}", event="resync", id=_id(changes, number))
                continue
            for at, event, data in await run_in_threadpool(_told, wanted, batch):
                yield ServerSentEvent(json_bytes(data).decode(), event=event, id=_id(changes, at))
            if batch:
                number = batch[-1].number
            if len(batch) < BATCH_MAX:
                await watcher.news(LOOK_AGAIN_S)
                await asyncio.sleep(PAUSE_S)
    finally:
        changes.leave(watcher.wake)


def _told(wanted: Standing, batch: Sequence[Change]) -> list[tuple[int, str, dict[str, Any]]]:
    return list(wanted.events(batch))


def _id(changes: Changes, number: int) -> str:
    return f"{changes.name}-{number}"

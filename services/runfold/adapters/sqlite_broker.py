"""
The embedded broker: topics in one SQLite file, for one process (or a few on one machine).

Exactly once is one SQLite transaction. Topics come into being when they are named; their
cleanup is taken from the topology.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from runfold.adapters.partitioner import check_sizes
from runfold.adapters.sqlite_log import SqliteGroups, SqliteLog
from runfold.adapters.sqlite_store import FETCH_MAX, NO_LIMIT, Place, SqliteStore, end, first_since, select
from runfold.adapters.sqlite_sweep import RETENTION_S, SqliteSweep
from runfold.ports import Log, Message, Reading, Record
from runfold.topology import is_known


class SqliteBroker:
    """
    See `ports.Broker`.

    `path` None: in memory, shared by the threads of this process. `partitions` is a limit
    for topics that the topology gives fewer. A topic keeps the count it was made with.
    `facts_retention_s` None: facts are kept for ever.
    """

    def __init__(
        self,
        path: Path | None,
        partitions: int = 1,
        retention_s: float = RETENTION_S,
        now_s: Callable[[], float] = time.time,
        *,
        facts_retention_s: float | None = None,
    ) -> None:
        self._store = SqliteStore(path, partitions, now_s)
        self._groups = SqliteGroups()
        self._sweep = SqliteSweep(self._store, retention_s, now_s, facts_retention_s)
        self._sweep.start()

    def log(self, reading: Reading) -> Log:
        return SqliteLog(self._store, self._groups, reading)

    def publish(self, messages: Sequence[Message]) -> None:
        check_sizes(messages)
        placed = [(self._store.topic(message.topic), message) for message in messages]
        with self._store.writing() as connection:
            self._store.append(connection, placed)
        self._store.announce({message.topic for message in messages})

    def history(
        self, topic: str, partition: int | None = None, since_ms: int = 0, since: int = 0, *, key: str | None = None
    ) -> Iterator[Record]:
        stored = self._store.find(topic)
        if stored is None:
            return iter(())
        numbers = range(stored.partitions) if partition is None else (partition,)
        return self._history([Place(stored, number) for number in numbers], since_ms, since, key)

    def partitions(self, topic: str, *, literal: bool = False) -> int:
        if literal and is_known(topic):
            return 0  # there is no prefix here that tells ours from theirs
        stored = self._store.find(topic)
        return 0 if stored is None else stored.partitions

    def sweep(self) -> int:
        """Remove now what the background sweep would remove; return how many records that were."""
        return self._sweep.sweep()

    def close(self) -> None:
        self._sweep.stop()
        self._store.close()

    def _history(self, places: Sequence[Place], since_ms: int, since: int, key: str | None) -> Iterator[Record]:
        connection = self._store.reader()
        if self._store.shares_connection:
            with self._store.reading():
                begins = [max(since, first_since(connection, place, since_ms) if since_ms else 0) for place in places]
                pages = [select(connection, *begin, NO_LIMIT, key) for begin in zip(places, begins, strict=True)]
                return iter([record for page in pages for record in page])
        with self._store.reading():
            # One read transaction from here on: a key that is written again meanwhile must not escape.
            connection.execute("BEGIN")
            ends = [end(connection, place) for place in places]
            begins = [max(since, first_since(connection, place, since_ms) if since_ms else 0) for place in places]
        return self._pages(connection, list(zip(places, begins, ends, strict=True)), key)

    def _pages(
        self, connection: sqlite3.Connection, spans: Sequence[tuple[Place, int, int]], key: str | None
    ) -> Iterator[Record]:
        try:
            for place, begin, last in spans:
                offset = begin
                while offset < last:
                    with self._store.reading():
                        page = select(connection, place, offset, FETCH_MAX, key)
                    yield from page
                    offset = page[-1].offset + 1 if page else last
        finally:
            self._store.release(connection)

"""
What the embedded broker forgets: old records that every group has read.

Facts go only if a limit is set, and only of executions that are no more in the executor's memory
(so: that have ended) and of which nothing younger is told: of each all or none. Those of queues,
which nobody folds from their beginning, go by their age alone.

It runs beside the hot path, in small batches with pauses, so that a commit waits a few
milliseconds at most. It never takes the newest record of a partition (the store needs it
to know the next offset), nor anything of a topic that is kept.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

import orjson

from runfold.adapters.sqlite_store import OFFSET_BITS, Place, SqliteStore, end, first_since
from runfold.errors import Unavailable
from runfold.topology import EXECUTIONS, FACTS, QUEUES, Cleanup

RETENTION_S: Final = 3600.0
SWEEP_PERIOD_S: Final = 30.0
SWEEP_BATCH_MAX: Final = 500
SWEEP_PAUSE_S: Final = 0.01

FACTS_EVERY: Final = 120
"""Facts are gone through in the first of so many rounds: an hour's age more or less is no matter."""

FACTS_WINDOW_MAX: Final = 50_000
"""So many old facts are found by one look at the keys of the younger ones."""


class SqliteSweep:
    """A thread that sweeps now and then, until it is stopped."""

    def __init__(
        self, store: SqliteStore, retention_s: float, now_s: Callable[[], float], facts_retention_s: float | None = None
    ) -> None:
        self._store = store
        self._retention_s = retention_s
        self._facts_retention_s = facts_retention_s
        self._now_s = now_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-sweep", daemon=True)

    def start(self) -> None:
        """Begin; the first sweep comes one period later."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a batch in work is finished."""
        self._stop.set()
        self._thread.join()

    def sweep(self, *, with_facts: bool = True) -> int:
        """Remove all that may go by now; return how many records that were."""
        before_ms = int((self._now_s() - self._retention_s) * 1000)
        removed = self._forget_facts() if with_facts else 0
        for topic in self._store.topics():
            if topic.cleanup is Cleanup.KEEP:
                continue
            for partition in range(topic.partitions):
                removed += self._empty(Place(topic, partition), before_ms)
        return removed

    def _empty(self, place: Place, before_ms: int) -> int:
        total = 0
        while not self._stop.is_set():
            with self._store.writing() as connection:
                removed = _batch(connection, place, before_ms)
            total += removed
            if removed < SWEEP_BATCH_MAX:
                break
            self._stop.wait(SWEEP_PAUSE_S)
        return total

    def _forget_facts(self) -> int:
        facts = self._store.topic(FACTS)
        is_forgotten = _NOT_PRESENT.format(self._store.topic(EXECUTIONS).table)
        if self._facts_retention_s is None:
            return 0
        before_ms = int((self._now_s() - self._facts_retention_s) * 1000)
        removed = 0
        for partition in range(facts.partitions):
            place = Place(facts, partition)
            for rows in self._forgotten(place, is_forgotten, before_ms):
                with self._store.writing() as connection:
                    # Asked again: what is restarted meanwhile has a snapshot, and is folded from these facts.
                    removed += connection.execute(
                        f"DELETE FROM {facts.table} AS old WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
                        f" AND {is_forgotten}",
                        (orjson.dumps(rows).decode(),),
                    ).rowcount
                if self._stop.wait(SWEEP_PAUSE_S):
                    break
        return removed

    def _forgotten(self, place: Place, is_forgotten: str, before_ms: int) -> Iterator[list[int]]:
        """Yield the row ids of facts that may go, some at a time."""
        first = 0
        while not self._stop.is_set():
            window = self._window(place, is_forgotten, before_ms, first)
            for at in range(0, len(window), SWEEP_BATCH_MAX):
                yield window[at : at + SWEEP_BATCH_MAX]
            if len(window) < FACTS_WINDOW_MAX:
                return
            first = window[-1] + 1

    def _window(self, place: Place, is_forgotten: str, before_ms: int, first: int) -> list[int]:
        table, queues = place.topic.table, self._store.topic(QUEUES).table
        connection = self._store.reader()
        try:
            with self._store.reading():
                below = min(first_since(connection, place, before_ms), _passed(connection, place))
                rows = connection.execute(
                    f"SELECT id FROM {table} AS old WHERE id >= ? AND id < ? AND {is_forgotten}"  # noqa: S608
                    f" AND (key NOT IN (SELECT key FROM {table} WHERE id >= ? AND id < ? AND key IS NOT NULL)"
                    f" OR EXISTS (SELECT 1 FROM {queues} AS queue WHERE queue.key = old.key))"
                    " ORDER BY id LIMIT ?",
                    (
                        max(first, place.row(0)),
                        place.row(below),
                        place.row(below),
                        (place.partition + 1) << OFFSET_BITS,
                        FACTS_WINDOW_MAX,
                    ),
                ).fetchall()
        finally:
            self._store.release(connection)
        return [row for (row,) in rows]

    def _run(self) -> None:
        for turn in count():
            if self._stop.wait(SWEEP_PERIOD_S):
                return
            try:
                self.sweep(with_facts=turn % FACTS_EVERY == 0)
            except Unavailable:
                continue  # the file is busy or full: the next round tries again


_NOT_PRESENT: Final = "NOT EXISTS (SELECT 1 FROM {} AS live WHERE live.key = old.key AND live.value IS NOT NULL)"


def _passed(connection: sqlite3.Connection, place: Place) -> int:
    """Return the offset up to which every group has read; never that of the newest record."""
    (passed,) = connection.execute(
        "SELECT min(next) FROM positions WHERE topic = ? AND partition = ?", (place.topic.id, place.partition)
    ).fetchone()
    last = max(end(connection, place) - 1, 0)
    return last if passed is None else min(passed, last)


def _batch(connection: sqlite3.Connection, place: Place, before_ms: int) -> int:
    table = place.topic.table
    below = place.row(_passed(connection, place))
    only_tombstones = "AND value IS NULL" if place.topic.cleanup is Cleanup.COMPACT else ""
    return connection.execute(
        f"DELETE FROM {table} WHERE timestamp_ms < ? AND id IN"  # noqa: S608 - a number
        f" (SELECT id FROM {table} WHERE id >= ? AND id < ? {only_tombstones} ORDER BY id LIMIT ?)",
        (before_ms, place.partition << OFFSET_BITS, below, SWEEP_BATCH_MAX),
    ).rowcount

"""
What the embedded broker forgets: old records that every group has read.

It runs beside the hot path, in small batches with pauses, so that a commit waits a few
milliseconds at most. It never takes the newest record of a partition (the store needs it
to know the next offset), nor anything of a topic that is kept.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Final

from runfold.adapters.sqlite_store import OFFSET_BITS, Place, SqliteStore, end
from runfold.errors import Unavailable
from runfold.topology import Cleanup

RETENTION_S: Final = 3600.0
SWEEP_PERIOD_S: Final = 30.0
SWEEP_BATCH_MAX: Final = 500
SWEEP_PAUSE_S: Final = 0.01


class SqliteSweep:
    """A thread that sweeps now and then, until it is stopped."""

    def __init__(self, store: SqliteStore, retention_s: float, now_s: Callable[[], float]) -> None:
        self._store = store
        self._retention_s = retention_s
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

    def sweep(self) -> int:
        """Remove all that may go by now; return how many records that were."""
        before_ms = int((self._now_s() - self._retention_s) * 1000)
        removed = 0
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

    def _run(self) -> None:
        while not self._stop.wait(SWEEP_PERIOD_S):
            try:
                self.sweep()
            except Unavailable:
                continue  # the file is busy or full: the next round tries again


def _batch(connection: sqlite3.Connection, place: Place, before_ms: int) -> int:
    table = place.topic.table
    (passed,) = connection.execute(
        "SELECT min(next) FROM positions WHERE topic = ? AND partition = ?", (place.topic.id, place.partition)
    ).fetchone()
    last = max(end(connection, place) - 1, 0)
    below = place.row(last if passed is None else min(passed, last))
    only_tombstones = "AND value IS NULL" if place.topic.cleanup is Cleanup.COMPACT else ""
    return connection.execute(
        f"DELETE FROM {table} WHERE timestamp_ms < ? AND id IN"  # noqa: S608 - a number
        f" (SELECT id FROM {table} WHERE id >= ? AND id < ? {only_tombstones} ORDER BY id LIMIT ?)",
        (before_ms, place.partition << OFFSET_BITS, below, SWEEP_BATCH_MAX),
    ).rowcount

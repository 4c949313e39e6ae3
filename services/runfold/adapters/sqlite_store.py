"""
The SQLite file behind the embedded broker: topics, records and positions.

One table per topic; a record's row id is its partition and offset in one integer, so
appending is cheap and reading goes by the primary key. One connection writes, and only
under one lock; each reader has its own. Two rules keep it simple: the newest record of a
partition is never removed (its offset says where the next goes), and a compacted topic
holds one row per key (writing a key again gives it a new offset).
"""

import itertools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from runfold.adapters.partitioner import partition_of
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message, Record
from runfold.topology import TOPICS, Cleanup

OFFSET_BITS: Final = 40
"""A row id is `partition << OFFSET_BITS | offset`."""

BUSY_TIMEOUT_S: Final = 5.0
STATEMENTS_MAX: Final = 256
FETCH_MAX: Final = 500
NO_LIMIT: Final = -1
SLEEPERS_MAX: Final = 1000

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, cleanup TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS positions (
    consumers TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (consumers, topic, partition)) WITHOUT ROWID;
"""

PLAIN_TABLE: Final = """
CREATE TABLE IF NOT EXISTS records_{id} (
    id INTEGER PRIMARY KEY, key TEXT, value BLOB, headers BLOB, timestamp_ms INTEGER NOT NULL)
"""

COMPACTED_TABLE: Final = """
CREATE TABLE IF NOT EXISTS records_{id} (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, value BLOB, headers BLOB, timestamp_ms INTEGER NOT NULL)
"""

TOMBSTONES: Final = "CREATE INDEX IF NOT EXISTS tombstones_{id} ON records_{id} (id) WHERE value IS NULL"


@dataclass(frozen=True, slots=True)
class StoredTopic:
    """A topic as the file has it. Its records stand in the table `records_<id>`."""

    id: int
    name: str
    partitions: int
    cleanup: Cleanup

    @property
    def table(self) -> str:
        """The name of its table: made from a number, never from what someone typed."""
        return f"records_{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """One partition of one topic."""

    topic: StoredTopic
    partition: int

    def row(self, offset: int) -> int:
        """Return the row id of `offset` here."""
        return self.partition << OFFSET_BITS | offset


class SqliteStore:
    """The open file; without a path it lives in memory and all readers share one connection."""

    def __init__(self, path: Path | None, partitions: int, now_s: Callable[[], float] = time.time) -> None:
        self._path = path
        self._partitions = partitions
        self._now_s = now_s
        self._lock = threading.RLock()
        self._topics: dict[str, StoredTopic] = {}
        self._sleepers: dict[str, set[threading.Event]] = {}
        self._turn = itertools.count()
        self._writer = _connect(path)
        with self._lock, _translated():
            self._writer.executescript(SCHEMA)
        for topic in TOPICS:
            self.topic(topic.name)

    @property
    def shares_connection(self) -> bool:
        """Whether readers and the writer use one connection: so it is in memory."""
        return self._path is None

    def reader(self) -> sqlite3.Connection:
        """Return a connection to read with; give it back to `release`."""
        return self._writer if self._path is None else _connect(self._path)

    def release(self, connection: sqlite3.Connection) -> None:
        """Close what `reader` returned."""
        if connection is not self._writer:
            connection.close()

    def close(self) -> None:
        """Close the writing connection; readers close their own."""
        with self._lock:
            self._writer.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep writers out while a shared connection is read; with connections of their own nobody waits."""
        with _translated():
            if self._path is None:
                with self._lock:
                    yield
            else:
                yield

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a write transaction: committed at the end, rolled back by any error."""
        with self._lock, _translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def topic(self, name: str) -> StoredTopic:
        """Return the topic of that name, made if there is none yet."""
        found = self.find(name)
        if found is not None:
            return found
        cleanup, most = _policy(name)
        partitions = min(self._partitions, most) if most else self._partitions
        with self.writing() as connection:
            # Another process may have been quicker: its row stands.
            connection.execute(
                "INSERT OR IGNORE INTO topics (name, partitions, cleanup) VALUES (?, ?, ?)", (name, partitions, cleanup)
            )
            topic = _load(connection, name)
            if topic is None:
                raise BrokenInvariant(f"The topic {name} was written and is not there")
            if topic.cleanup is Cleanup.COMPACT:
                connection.execute(COMPACTED_TABLE.format(id=topic.id))
                connection.execute(TOMBSTONES.format(id=topic.id))
            else:
                connection.execute(PLAIN_TABLE.format(id=topic.id))
        self._topics[name] = topic
        return topic

    def find(self, name: str) -> StoredTopic | None:
        """Return the topic of that name, or None."""
        topic = self._topics.get(name)
        if topic is None:
            with self._lock, _translated():
                topic = _load(self._writer, name)
            if topic is not None:
                self._topics[name] = topic
        return topic

    def topics(self) -> Sequence[StoredTopic]:
        """Return all topics of the file."""
        with self._lock, _translated():
            names = [name for (name,) in self._writer.execute("SELECT name FROM topics").fetchall()]
        return [self.topic(name) for name in names]

    def append(self, connection: sqlite3.Connection, messages: Iterable[tuple[StoredTopic, Message]]) -> None:
        """Write `messages` inside the write transaction of `connection`."""
        now_ms = int(self._now_s() * 1000)
        rows: dict[StoredTopic, list[tuple[Any, ...]]] = {}
        ends: dict[tuple[int, int], int] = {}
        for topic, message in messages:
            partition = partition_of(message, topic.partitions, next(self._turn)) if topic.partitions > 1 else 0
            row = ends.get((topic.id, partition))
            if row is None:
                place = Place(topic, partition)
                row = place.row(end(connection, place))
            ends[topic.id, partition] = row + 1
            headers = orjson.dumps(dict(message.headers)) if message.headers else None
            rows.setdefault(topic, []).append((row, message.key, message.value, headers, now_ms))
        for topic, values in rows.items():
            verb = "INSERT OR REPLACE" if topic.cleanup is Cleanup.COMPACT else "INSERT"
            connection.executemany(f"{verb} INTO {topic.table} VALUES (?, ?, ?, ?, ?)", values)

    def listen(self, topics: Sequence[str], sleeper: threading.Event) -> None:
        """Set `sleeper` from now on whenever this process has written to one of `topics`."""
        with self._lock:
            for topic in topics:
                sleepers = self._sleepers.setdefault(topic, set())
                if len(sleepers) >= SLEEPERS_MAX:
                    raise Unavailable(f"{SLEEPERS_MAX} readers of {topic} are open already")
                self._sleepers[topic] = sleepers | {sleeper}

    def forget(self, sleeper: threading.Event) -> None:
        """Undo `listen`."""
        with self._lock:
            for topic, sleepers in self._sleepers.items():
                self._sleepers[topic] = sleepers - {sleeper}

    def announce(self, topics: Iterable[str]) -> None:
        """Wake those who wait for `topics`; call it after the transaction."""
        for topic in topics:
            # The sets are replaced, never changed: no lock is needed to go over one.
            for sleeper in self._sleepers.get(topic, ()):
                sleeper.set()


def end(connection: sqlite3.Connection, place: Place) -> int:
    """Return the offset that the next record of `place` gets."""
    (row,) = connection.execute(
        f"SELECT max(id) FROM {place.topic.table} WHERE id >= ? AND id < ?",  # noqa: S608 - a number
        (place.row(0), (place.partition + 1) << OFFSET_BITS),
    ).fetchone()
    return 0 if row is None else row - place.row(0) + 1


def first_since(connection: sqlite3.Connection, place: Place, since_ms: int) -> int:
    """Return the offset of the first record of `place` that was written at `since_ms` or later, as its clock ran."""
    low, high = 0, end(connection, place)
    while low < high:  # row ids are in the order of writing, so time grows with them; gaps are skipped by ">="
        middle = (low + high) // 2
        row = connection.execute(
            f"SELECT timestamp_ms FROM {place.topic.table} WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",  # noqa: S608
            (place.row(middle), (place.partition + 1) << OFFSET_BITS),
        ).fetchone()
        if row is not None and row[0] < since_ms:
            low = middle + 1
        else:
            high = middle
    return low


def select(
    connection: sqlite3.Connection, place: Place, offset: int, limit: int, key: str | None = None
) -> list[Record]:
    """Return up to `limit` records of `place` from `offset` on; with a key, of those that have it."""
    of_key = "" if key is None else " AND +key = ?"  # "+": by place, also where keys have an index
    values: list[Any] = [place.row(offset), (place.partition + 1) << OFFSET_BITS, *([] if key is None else [key])]
    rows = connection.execute(
        f"SELECT id, key, value, headers, timestamp_ms FROM {place.topic.table}"  # noqa: S608 - a number
        f" WHERE id >= ? AND id < ?{of_key} ORDER BY id LIMIT ?",
        (*values, limit),
    ).fetchall()
    # The hottest loop of a reader: names are looked up once.
    topic, partition, base = place.topic.name, place.partition, place.row(0)
    return [
        Record(topic, partition, row - base, key, value, orjson.loads(headers) if headers else {}, timestamp_ms)
        for row, key, value, headers, timestamp_ms in rows
    ]


def _load(connection: sqlite3.Connection, name: str) -> StoredTopic | None:
    row = connection.execute("SELECT id, name, partitions, cleanup FROM topics WHERE name = ?", (name,)).fetchone()
    return None if row is None else StoredTopic(row[0], row[1], row[2], Cleanup(row[3]))


def _policy(name: str) -> tuple[Cleanup, int]:
    """Return how records of `name` age and how many partitions it has at most (0: no limit)."""
    for topic in TOPICS:
        if topic.name == name:
            return topic.cleanup, topic.partitions
    return Cleanup.DELETE, 0


def _connect(path: Path | None) -> sqlite3.Connection:
    with _translated():
        connection = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_MAX,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL: a killed process loses nothing; a power cut may lose the last commits, never the order.
        connection.execute("PRAGMA synchronous = NORMAL")
        # Moving pages into the file is waited for by a commit: seldom, then.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what SQLite raises for a locked, full or unreachable file into our error."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"SQLite: {error}") from error

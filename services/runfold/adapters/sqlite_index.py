"""
The embedded index: one SQLite file, searched in place.

One connection writes, under one lock; readers take a connection of their own from a
pool, so searches never wait for a put. What was put is searchable at once.
"""

import sqlite3
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import msgspec

from runfold.adapters import sqlite_histogram, sqlite_statistics
from runfold.adapters.sqlite_documents import create_tables, read, remove, write
from runfold.adapters.sqlite_query import Condition, condition, order
from runfold.documents.checks import check_query
from runfold.documents.cursor import beyond, cursor_text, read_cursor, sorts_of
from runfold.documents.model import Document, Kind
from runfold.documents.query import PAGED_MAX, All, Filter, Page, Query
from runfold.documents.statistics import (
    Count,
    Facets,
    FacetsAnswer,
    Histogram,
    HistogramAnswer,
    Statistics,
    StatisticsAnswer,
)
from runfold.documents.statistics.checks import check_facets, check_filter, check_histogram, check_statistics
from runfold.documents.storable import Storable, newest, storable
from runfold.errors import Unavailable

PUT_MAX: Final = 500
"""Documents in one transaction."""

BUSY_TIMEOUT_S: Final = 10.0
IDLE_READERS_MAX: Final = 4

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # once the indexer confirmed a record, its document is on the disk
    "PRAGMA secure_delete = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
    "PRAGMA mmap_size = 1000000000",  # what scans many pages does so in half of the time
    "PRAGMA wal_autocheckpoint = 4000",
)


class SqliteIndex:
    """See `ports.Index`. Without `path` it lives in a temporary directory until it is closed."""

    def __init__(self, path: Path | None = None) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="runfold-index-") if path is None else None
        self._path = path or Path(self._directory.name if self._directory else "") / "index.sqlite"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._idle: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        self._writer = self._connect()
        with self._transaction() as connection:
            create_tables(connection)

    def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        good: list[Storable] = []
        for document in newest(documents):
            item, reason = storable(document)
            if reason is not None:
                refused[document.id] = reason
            if item is not None:
                good.append(item)
        for kind, items in groupby(good, key=lambda item: item.document.kind):
            while batch := list(islice(items, PUT_MAX)):
                with self._transaction() as connection:
                    write(connection, kind, batch)
        return refused

    def search(self, query: Query) -> Page:
        check_query(query)
        cursor = read_cursor(query)
        found = condition(query.filter, query.kind)
        with self._reader() as connection:
            if cursor is not None:
                rest = condition(All((query.filter, beyond(query, cursor))), query.kind)
                documents = _select(connection, query, rest, (query.size + 1, 0))
                has_more = len(documents) > query.size
                total, is_exact = cursor.total, cursor.is_exact
            else:
                counted, found = _narrowed(connection, query, found)
                total, is_exact = counted.total, counted.is_exact
                seen = query.page * query.size
                documents = _select(connection, query, found, (query.size, seen - query.size))
                has_more = bool(documents) and (total > seen or not is_exact)
        documents = documents[: query.size]
        following = cursor_text(query, documents[-1], total, is_exact=is_exact) if has_more else None
        return Page(documents, total, is_exact, following)

    def get(self, kind: Kind, document_id: str) -> Document | None:
        with self._reader() as connection:
            return next(read(connection, kind, "WHERE id = ?", (document_id,)), None)

    def count(self, kind: Kind, wanted: Filter, *, is_exact: bool = True) -> Count:
        check_filter(kind, wanted)
        with self._reader() as connection:
            return _count(connection, kind, condition(wanted, kind), is_exact=is_exact)

    def facets(self, wanted: Facets) -> FacetsAnswer:
        check_facets(wanted)
        with self._reader() as connection:
            return sqlite_statistics.facets(connection, wanted)

    def histogram(self, wanted: Histogram) -> HistogramAnswer:
        check_histogram(wanted)
        with self._reader() as connection:
            return sqlite_histogram.histogram(connection, wanted)

    def statistics(self, wanted: Statistics) -> StatisticsAnswer:
        check_statistics(wanted)
        with self._reader() as connection:
            return sqlite_statistics.statistics(connection, wanted)

    def remove(self, documents: Sequence[Document]) -> None:
        with self._transaction() as connection:
            for each in documents:
                remove(connection, each.kind, "WHERE id = ? AND _version <= ?", (each.id, each.version))

    def delete_where(self, kind: Kind, wanted: Filter) -> int:
        check_filter(kind, wanted)
        found = condition(wanted, kind)
        count = 0
        while True:
            with self._transaction() as connection:
                removed = remove(connection, kind, f"WHERE {found.sql} LIMIT ?", (*found.values, PUT_MAX))
            count += removed
            if removed < PUT_MAX:
                return count

    def refresh(self) -> None:
        """Do nothing: what was put is searchable."""

    def close(self) -> None:
        with self._writing:
            self._is_closed = True
            self._writer.close()
            while self._idle:
                self._idle.pop().close()
        if self._directory is not None:
            self._directory.cleanup()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        for setting in _SETTINGS:
            connection.execute(setting)
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing."""
        with self._writing, _translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Read as of one moment."""
        with _translated():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.rollback()
                if self._is_closed or len(self._idle) >= IDLE_READERS_MAX:
                    connection.close()
                else:
                    self._idle.append(connection)


def _narrowed(connection: sqlite3.Connection, query: Query, found: Condition) -> tuple[Count, Condition]:
    """Return how many there are, and a condition for them: of not too many, their rows, so that nothing is sought twice."""
    limited = f"SELECT rowid FROM {query.kind} WHERE {found.sql} LIMIT {PAGED_MAX + 1}"  # noqa: S608
    rows = [rowid for (rowid,) in connection.execute(limited, found.values)]
    if len(rows) <= PAGED_MAX:
        known = Condition("rowid IN (SELECT value FROM json_each(?))", (msgspec.json.encode(rows).decode(),))
        return Count(len(rows)), known
    if query.exact_total:
        return _count(connection, query.kind, found, is_exact=True), found
    return Count(PAGED_MAX, is_exact=False), found


def _count(connection: sqlite3.Connection, kind: Kind, found: Condition, *, is_exact: bool) -> Count:
    table = f"{kind} WHERE {found.sql}"
    if is_exact:
        return Count(connection.execute(f"SELECT COUNT(*) FROM {table}", found.values).fetchone()[0])  # noqa: S608
    limited = f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT {PAGED_MAX + 1})"  # noqa: S608
    total = connection.execute(limited, found.values).fetchone()[0]
    return Count(min(total, PAGED_MAX), total <= PAGED_MAX)


def _select(
    connection: sqlite3.Connection, query: Query, found: Condition, window: tuple[int, int]
) -> tuple[Document, ...]:
    """Return the documents in `window` (limit, offset)."""
    # Only rows that are wanted are read whole; what sorts them is in an index, mostly.
    by = order(sorts_of(query))
    rows = f"SELECT rowid FROM {query.kind} WHERE {found.sql} ORDER BY {by} LIMIT ? OFFSET ?"  # noqa: S608
    tail = f"WHERE rowid IN ({rows}) ORDER BY {by}"
    return tuple(read(connection, query.kind, tail, (*found.values, *window)))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The embedded index: {error}") from error

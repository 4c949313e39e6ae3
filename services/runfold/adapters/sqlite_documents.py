"""
The embedded index's tables, and how documents get into them and out again.

Per kind: a narrow table of the single values, with indexes; a table of what is only
given back; a full-text table of words and leaf tokens that holds no text of its own, so
what was written there is kept beside it to take it out again. Tokens and
words are made by us and split at spaces only: SQLite has no say in what a word is.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from runfold.adapters.sqlite_query import tokens, word_tokens
from runfold.documents.instants import date_of, micros_of
from runfold.documents.model import FIELDS, GROUPED_MAPS, Document, FieldType, Kind
from runfold.documents.source import SNAPSHOT, snapshot_of
from runfold.documents.storable import Storable

INDEXES: Final[Mapping[str, tuple[str, ...]]] = {
    "group": (
        "namespace",
        "flowId",
        "taskId",
        "state",
        "startDate",
        "runMs",
        "queueMs",
        "durationMs",
        "attemptCount",
        "baselineMs",
        "slowdown",
        "endDate",
        "id",
    ),
    "start": ("startDate", "state", "runMs", "durationMs"),
    "timestamp": ("timestamp", "level", "value"),
    "flow": ("flowId",),
    "execution": ("executionId",),
    "state": ("state",),
    "task": ("taskId",),
}
"""
By name, of those columns that a kind has. A search begins with the first ones; with the
others, what statistics and sorts read is in the index already, and the wide rows are left alone.
"""

_SQL_TYPES: Final = {
    FieldType.KEYWORD: "TEXT",
    FieldType.DATE: "INTEGER",
    FieldType.LONG: "INTEGER",
    FieldType.DOUBLE: "REAL",
}

COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(name for name, field_type in fields.items() if field_type in _SQL_TYPES)
    for kind, fields in FIELDS.items()
}

_WORDS: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS {kind}_words
USING fts5(words, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '_='")
"""

_FORGET: Final = "INSERT INTO {kind}_words ({kind}_words, rowid, words) VALUES ('delete', ?, ?)"

KEPT_MAPS: Final[Mapping[Kind, tuple[str, ...]]] = {
    kind: tuple(name for name in GROUPED_MAPS if name in fields) for kind, fields in FIELDS.items()
}
"""Maps that are columns too, JSON texts of their leaves: of tokens no value could be told."""

_READ: Final = {kind: ["_version", "_created", *(f'"{name}"' for name in names)] for kind, names in COLUMNS.items()}
_NAMES: Final = {kind: [*names, *(f'"{name}"' for name in KEPT_MAPS[kind])] for kind, names in _READ.items()}
_INSERT: Final = {
    kind: f"INSERT INTO {kind} ({', '.join(names)}, rowid) VALUES ({', '.join('?' * (len(names) + 1))})"  # noqa: S608
    for kind, names in _NAMES.items()
}
_UPDATE: Final = {
    kind: f"UPDATE {kind} SET {', '.join(f'{name} = ?' for name in names)} WHERE rowid = ?"  # noqa: S608
    for kind, names in _NAMES.items()
}


def create_tables(connection: sqlite3.Connection) -> None:
    """Create what is not there yet."""
    for kind, names in COLUMNS.items():
        columns = ", ".join(f'"{name}" {_type_of(kind, name)}' for name in (*names, *KEPT_MAPS[kind]) if name != "id")
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {kind} (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
            f"_version INTEGER NOT NULL, _created INTEGER NOT NULL, {columns})"
        )
        _add_columns(connection, kind)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {kind}_rest "
            "(rowid INTEGER PRIMARY KEY, source BLOB, words TEXT NOT NULL, snapshot BLOB)"
        )
        if SNAPSHOT not in _columns(connection, f"{kind}_rest"):
            connection.execute(f"ALTER TABLE {kind}_rest ADD COLUMN snapshot BLOB")
        connection.execute(_WORDS.format(kind=kind))
        for name, wanted in INDEXES.items():
            if wanted[0] in names:
                _create_index(connection, kind, name, [column for column in wanted if column in names])


def _create_index(connection: sqlite3.Connection, kind: Kind, name: str, columns: Sequence[str]) -> None:
    """Create an index, anew if an older version made it of other columns."""
    index = f"{kind}_by_{name}"
    if [row[2] for row in connection.execute(f"PRAGMA index_info({index})")] != columns:
        connection.execute(f"DROP INDEX IF EXISTS {index}")
        indexed = ", ".join(f'"{column}"' for column in columns)
        connection.execute(f"CREATE INDEX {index} ON {kind} ({indexed})")


def _add_columns(connection: sqlite3.Connection, kind: Kind) -> None:
    """Add what the table of fields has and a table of an older version has not."""
    known = _columns(connection, kind)
    for name in (*COLUMNS[kind], *KEPT_MAPS[kind]):
        if name not in known:
            connection.execute(f'ALTER TABLE {kind} ADD COLUMN "{name}" {_type_of(kind, name)}')


def _type_of(kind: Kind, name: str) -> str:
    return _SQL_TYPES.get(FIELDS[kind][name], "TEXT")


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def write(connection: sqlite3.Connection, kind: Kind, batch: Sequence[Storable]) -> None:
    """Store `batch`, in which no id is twice, unless something newer is there."""
    known = _known(connection, kind, [item.document.id for item in batch])
    following = connection.execute(f"SELECT COALESCE(MAX(rowid), 0) + 1 FROM {kind}").fetchone()[0]  # noqa: S608
    new_rows: list[tuple[Any, ...]] = []
    old_rows: list[tuple[Any, ...]] = []
    rest: list[tuple[Any, ...]] = []
    gone: list[tuple[int, str]] = []
    come: list[tuple[int, str]] = []
    for item in batch:
        rowid, version, before = known.get(item.document.id, (following, -1, ""))
        if version > item.document.version:
            continue
        (new_rows if rowid == following else old_rows).append((*_row(item), rowid))
        following += rowid == following
        words = " ".join((*word_tokens(item.words), *tokens(item.leaves)))
        rest.append((rowid, item.stored.get("source"), words, item.stored.get(SNAPSHOT)))
        if words != before:
            gone += [(rowid, before)] if before else []
            come += [(rowid, words)] if words else []
    connection.executemany(_FORGET.format(kind=kind), gone)
    connection.executemany(f"INSERT INTO {kind}_words (rowid, words) VALUES (?, ?)", come)  # noqa: S608
    connection.executemany(_INSERT[kind], new_rows)
    connection.executemany(_UPDATE[kind], old_rows)
    connection.executemany(
        f"REPLACE INTO {kind}_rest (rowid, source, words, snapshot) VALUES (?, ?, ?, ?)",  # noqa: S608
        rest,
    )


def remove(connection: sqlite3.Connection, kind: Kind, tail: str, values: Sequence[Any]) -> int:
    """Remove the documents of `kind` that are found by `tail`, which follows FROM; return how many."""
    found = connection.execute(f"SELECT rowid FROM {kind} {tail}", values).fetchall()  # noqa: S608
    for row in found:
        (words,) = connection.execute(f"SELECT words FROM {kind}_rest WHERE rowid = ?", row).fetchone()  # noqa: S608
        if words:
            connection.execute(_FORGET.format(kind=kind), (*row, words))
    for table in (kind, f"{kind}_rest"):
        connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", found)  # noqa: S608
    return len(found)


def read(connection: sqlite3.Connection, kind: Kind, tail: str, values: Sequence[Any]) -> Iterator[Document]:
    """Yield the documents of `kind` that are found by `tail`, which follows FROM."""
    names = ", ".join(_READ[kind])
    found = connection.execute(f"SELECT rowid, {names} FROM {kind} {tail}", values).fetchall()  # noqa: S608
    for row in found:
        rest = connection.execute(f"SELECT source, snapshot FROM {kind}_rest WHERE rowid = ?", row[:1]).fetchone()  # noqa: S608
        yield _document(kind, row, rest)


def _known(connection: sqlite3.Connection, kind: Kind, ids: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    """Return row id, version and words of those documents that are there, by id."""
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(
        f"SELECT id, rowid, _version, words FROM {kind} JOIN {kind}_rest USING (rowid) WHERE id IN ({marks})",  # noqa: S608
        ids,
    )
    return {row[0]: row[1:] for row in rows}


def _row(item: Storable) -> tuple[Any, ...]:
    document, value_of = item.document, item.scalars.get
    columns = [
        micros_of(value) if isinstance(value, datetime) else value for value in map(value_of, COLUMNS[document.kind])
    ]
    maps = (item.leaves.get(name) for name in KEPT_MAPS[document.kind])
    kept = (msgspec.json.encode(leaves).decode() if leaves else None for leaves in maps)
    return (document.version, micros_of(document.created), *columns, *kept)


def _document(kind: Kind, row: Sequence[Any], rest: Sequence[bytes | None]) -> Document:
    _, version, created, *columns = row
    body: dict[str, Any] = {}
    for name, value in zip(COLUMNS[kind], columns, strict=True):
        if value is not None:
            body[name] = date_of(value) if FIELDS[kind][name] is FieldType.DATE else value
    source, snapshot = rest
    if source is not None:
        body["source"] = msgspec.json.decode(source)
    if snapshot is not None and (taskrun := snapshot_of(snapshot)) is not None:
        body[SNAPSHOT] = taskrun
    return Document(kind, body["id"], version, date_of(created), body)

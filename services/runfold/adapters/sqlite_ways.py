"""
By which index SQLite reads many documents.

SQLite keeps no statistics of dates and guesses that any range is small; then it looks up
each of a day's hundred thousand wide rows. The rule: few documents are found by SQLite's
own choice; for many, an index that holds all that is read, or else the table from front to back.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from runfold.adapters.sqlite_documents import COLUMNS, INDEXES
from runfold.adapters.sqlite_query import condition
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.query import All, AnyOf, Filter, Not, Words

FEW: Final = 5000
"""So many rows are looked up and sorted as quickly as an index is read from end to end."""

_WIDE: Final = ("start", "timestamp", "group")
"""Indexes that hold more than what searches begin with, the better one for dates first."""


class Ways:
    """How to read what fits a filter."""

    def __init__(self, connection: sqlite3.Connection, kind: Kind, wanted: Filter) -> None:
        self._kind = kind
        self._fields = frozenset(_fields(wanted, kind))
        found = condition(wanted, kind)
        limited = f"SELECT COUNT(*) FROM (SELECT 1 FROM {kind} WHERE {found.sql} LIMIT {FEW})"  # noqa: S608
        self._are_many = connection.execute(limited, found.values).fetchone()[0] >= FEW

    def table(self, read: Iterable[str]) -> str:
        """Return what to write after FROM, if columns `read` of what fits are wanted."""
        if not self._are_many:
            return str(self._kind)
        index = self._index(read)
        return f"{self._kind} INDEXED BY {self._kind}_by_{index}" if index else f"{self._kind} NOT INDEXED"

    def is_by_date(self, read: Sequence[str]) -> bool:
        """Return whether `table` reads an index that begins with the first one of `read`."""
        index = self._index(read) if self._are_many else None
        return index is not None and INDEXES[index][0] == read[0]

    def _index(self, read: Iterable[str]) -> str | None:
        needed = self._fields | set(read)
        usable = (name for name in _WIDE if INDEXES[name][0] in COLUMNS[self._kind])
        return next((name for name in usable if needed <= set(INDEXES[name])), None)


def _fields(wanted: Filter, kind: Kind) -> Iterator[str]:
    """Yield the columns that a filter reads; words and leaves are found by row number, which every index has."""
    match wanted:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _fields(part, kind)
        case Not(part):
            yield from _fields(part, kind)
        case Words():
            pass
        case _:
            if FIELDS[kind][wanted.field] is not FieldType.FLATTENED:
                yield wanted.field

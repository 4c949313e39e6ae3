"""
Generations of the embedded index: a file that counts, and one beside it in the making.

The new file replaces the old one by one rename. No engine may have the old one open
meanwhile: whoever rebuilds holds the lock of its folder.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import FIELDS
from runfold.ports import Index

FINGERPRINT: Final = zlib.crc32(json.dumps(FIELDS, default=dict, sort_keys=True).encode()) >> 1
"""Of the table of fields, in SQLite's `user_version`."""


class SqliteGenerations:
    """See `rebuild.generations.Generations`. `path`: the file that counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._built = path.with_name(f"{path.stem}.building{path.suffix}")
        self._live = SqliteIndex(path)

    def live(self) -> Index:
        return self._live

    def building(self) -> tuple[Index, bool]:
        goes_on = self._built.exists() and _fingerprint(self._built) == FINGERPRINT
        if not goes_on:
            self.drop_others()
        index = SqliteIndex(self._built)
        with closing(sqlite3.connect(self._built)) as connection:
            connection.execute(f"PRAGMA user_version = {FINGERPRINT}")
        return index, goes_on

    @contextmanager
    def writers_wait(self) -> Iterator[None]:
        """Nobody else has the file."""
        yield

    def swap(self, built: Index) -> None:
        # Closing folds each file's write-ahead log into it.
        built.close()
        self._live.close()
        self._built.replace(self._path)

    def drop_others(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._built.with_name(self._built.name + suffix).unlink(missing_ok=True)


def _fingerprint(path: Path) -> int:
    try:
        with closing(sqlite3.connect(path)) as connection:
            found: int = connection.execute("PRAGMA user_version").fetchone()[0]
            return found
    except sqlite3.DatabaseError:
        return 0  # whatever it is, it is begun anew

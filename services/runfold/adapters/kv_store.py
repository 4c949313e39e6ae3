"""
The key-value pairs of a namespace, one file each in the storage.

Reads and writes `/<namespace>/_kv/<key>.ion`. Shape: {type, value, created, updated, expires?}, dates
as ISO text. The rule: the last writer wins; only a pair that must be new is exclusive.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Final

import msgspec
import orjson

from runfold.adapters.kv_values import KvType, KvValue
from runfold.errors import BadRequest, BrokenInvariant, Conflict, Gone, NotFound
from runfold.ports import Files
from runfold.storage_layout import kv_folder

KEY: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
KEY_LENGTH_MAX: Final = 200
VALUE_SIZE_MAX_BYTES: Final = 1024 * 1024
SUFFIX: Final = ".ion"
NEW_TRIES_MAX: Final = 3
ENTRIES_MAX: Final = 10_000
"""Pairs that one list shows."""

Clock = Callable[[], datetime]


class _Record(msgspec.Struct, frozen=True):
    type: str
    value: Any
    created: datetime
    updated: datetime
    expires: datetime | None = None


_record: Final = msgspec.json.Decoder(_Record)


@dataclass(frozen=True, slots=True)
class KvEntry:
    """A pair as it is kept."""

    key: str
    value: KvValue
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class KvStore:
    """The pairs of one namespace; for any thread."""

    def __init__(self, files: Files, namespace: str, clock: Clock) -> None:
        self.namespace = namespace
        self._files = files
        self._clock = clock
        self._folder = kv_folder(namespace)

    def find(self, key: str) -> KvEntry | None:
        """
        Return a pair; None: there is none.

        Raises:
            BadRequest: There can be no such key.
            Gone: It was there, and its time is up.
        """
        entry = self._read(key)
        if entry is not None and entry.is_expired(self._clock()):
            raise Gone("The requested value has expired")
        return entry

    def get(self, key: str) -> KvEntry | None:
        """Return a pair whose time is not up. Raises: BadRequest."""
        entry = self._read(key)
        return None if entry is None or entry.is_expired(self._clock()) else entry

    def put(self, key: str, value: KvValue, ttl: timedelta | None = None, *, overwrite: bool = True) -> KvEntry:
        """
        Store a pair.

        Raises:
            BadRequest: There can be no such key, or the value is too large.
            Conflict: It is there already, and `overwrite` is False.
        """
        for _ in range(NEW_TRIES_MAX):
            before = self._read(key)
            now = self._clock()
            if before is not None and before.is_expired(now):
                before = None
                if not overwrite:
                    self._files.delete(self._path(key))
            if before is not None and not overwrite:
                break
            created = before.created_at if before else now
            entry = KvEntry(key, value, created, now, _later(now, ttl))
            try:
                self._files.put(self._path(key), BytesIO(_encoded(entry)), replace=overwrite)
            except Conflict:
                continue
            return entry
        raise Conflict(f"Cannot set value for key '{key}' in namespace '{self.namespace}': it exists already")

    def delete(self, key: str) -> bool:
        """Remove a pair; return whether there was one."""
        return self._files.delete(self._path(key))

    def entries(self, prefix: str = "") -> list[KvEntry]:
        """Return the pairs whose time is not up, by key. Raises: BadRequest, there are too many."""
        now = self._clock()
        found = []
        for stored in self._files.list(self._folder):
            key = stored.path.removeprefix(f"{self._folder}/").removesuffix(SUFFIX)
            if not KEY.fullmatch(key) or not key.startswith(prefix):
                continue
            entry = self._read(key)
            if entry is not None and not entry.is_expired(now):
                found.append(entry)
            if len(found) > ENTRIES_MAX:
                raise BadRequest(f"There are more than {ENTRIES_MAX} keys: ask with a longer prefix")
        return found

    def _path(self, key: str) -> str:
        if not KEY.fullmatch(key):
            rule = "a letter or digit, then letters, digits, dots (.), underscores (_) and hyphens (-) only"
            raise BadRequest(f"Key must be {rule}, but received {key[:100]!r}")
        if len(key) > KEY_LENGTH_MAX:
            raise BadRequest(f"A key has {KEY_LENGTH_MAX} characters at most")
        return f"{self._folder}/{key}{SUFFIX}"

    def _read(self, key: str) -> KvEntry | None:
        try:
            with self._files.open(self._path(key)) as content:
                record = _record.decode(content.read())
            value = KvValue(KvType(record.type), record.value)
        except NotFound:
            return None
        except (msgspec.MsgspecError, ValueError) as error:
            raise BrokenInvariant(f"The pair {key} of {self.namespace} can't be read: {error}") from error
        return KvEntry(key, value, record.created, record.updated, record.expires)


def _later(now: datetime, ttl: timedelta | None) -> datetime | None:
    try:
        return None if ttl is None else now + ttl
    except OverflowError as error:
        raise BadRequest("The ttl is too long") from error


def _encoded(entry: KvEntry) -> bytes:
    record = _Record(entry.value.type, entry.value.value, entry.created_at, entry.updated_at, entry.expires_at)
    try:
        encoded = orjson.dumps(msgspec.to_builtins(record))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadRequest("The value holds what JSON cannot carry") from error
    if len(encoded) > VALUE_SIZE_MAX_BYTES:
        raise BadRequest(f"The value is larger than {VALUE_SIZE_MAX_BYTES} bytes")
    return encoded


def on_one_line(namespace: str, other: str) -> bool:
    """Return whether two namespaces are the same, or one lies in the other."""
    return f"{namespace}.".startswith(f"{other}.") or f"{other}.".startswith(f"{namespace}.")

"""
The cache of a WorkingDirectory: files that one execution leaves for the next one, in one zip of the storage.

A cache makes things quicker and is never needed: what goes wrong with it is a warning. Whoever
saves last wins.
"""

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from runfold.errors import RunfoldError
from runfold.execution.claims import Work
from runfold.flows.flowable.working_directory import Cache
from runfold.ports import Files
from runfold.storage_layout import cache_file
from runfold.tasks.context import TaskFailed, TaskLog
from runfold.tasks.storage import local_place, matcher

FILES_MAX: Final = 100_000
SIZE_MAX_BYTES: Final = 2 * 1024**3
"""Of all files of one cache, unpacked."""

CHUNK_SIZE_BYTES: Final = 1024 * 1024

Contents = frozenset[tuple[str, int, int]]
"""Name, checksum and size of each file."""


class DirectoryCache:
    """One task's cache, for one attempt. `cache` None: there is none."""

    def __init__(self, files: Files, work: Work, cache: Cache | None, now: datetime, log: TaskLog) -> None:
        self._files = files
        self._cache = cache
        self._now = now
        self._log = log
        value = work.variables.get("taskrun", {}).get("value")
        self._path = cache_file(work.namespace, work.flow_id, work.task_id, value)
        self._restored: Contents = frozenset()

    def restore(self, folder: Path) -> None:
        """Put the cached files into `folder`, unless they are too old."""
        if self._cache is None or not self._cache.patterns:
            return
        try:
            stored = self._files.stat(self._path)
            if stored is None:
                return
            if self._cache.ttl is not None and stored.modified_at + self._cache.ttl <= self._now:
                self._files.delete(self._path)
                self._log.debug("The cache is older than its ttl and was removed")
                return
            with self._files.open(self._path) as content, zipfile.ZipFile(content) as packed:
                _unpack(packed, folder)
                self._restored = _contents(packed)
        except (RunfoldError, TaskFailed, zipfile.BadZipFile, OSError) as error:
            self._log.warn(f"The cache can't be read: {error}")

    def save(self, folder: Path) -> None:
        """Keep the files that fit the patterns, if they are not the same as before."""
        if self._cache is None or not self._cache.patterns:
            return
        try:
            with tempfile.TemporaryFile() as target:
                with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
                    for name, file in _matching(folder, matcher(list(self._cache.patterns))):
                        packed.write(file, name)
                    contents = _contents(packed)
                if contents and contents != self._restored:
                    target.seek(0)
                    self._files.put(self._path, target)
        except (RunfoldError, TaskFailed, OSError) as error:
            self._log.warn(f"The cache can't be written: {error}")


def _matching(folder: Path, fits: Any) -> Iterator[tuple[str, Path]]:
    count = size_bytes = 0
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        # What a link points at may be anything on this machine.
        if file.is_symlink() or not file.is_file() or not fits(name):
            continue
        count += 1
        size_bytes += file.stat().st_size
        if count > FILES_MAX or size_bytes > SIZE_MAX_BYTES:
            raise TaskFailed(f"a cache holds {FILES_MAX} files and {SIZE_MAX_BYTES} bytes at most")
        yield name, file


def _unpack(packed: zipfile.ZipFile, folder: Path) -> None:
    entries = [entry for entry in packed.infolist() if not entry.is_dir()]
    if len(entries) > FILES_MAX or sum(entry.file_size for entry in entries) > SIZE_MAX_BYTES:
        raise TaskFailed(f"it holds more than {FILES_MAX} files or {SIZE_MAX_BYTES} bytes")
    for entry in entries:
        place = local_place(folder, entry.filename)
        place.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as content, place.open("wb") as file:
            while chunk := content.read(CHUNK_SIZE_BYTES):
                file.write(chunk)


def _contents(packed: zipfile.ZipFile) -> Contents:
    entries = packed.infolist()
    return frozenset((entry.filename, entry.CRC, entry.file_size) for entry in entries if not entry.is_dir())

"""
`Files` in a folder of this machine, or one that all machines share.

Reads and writes `<root>/files/<path>`; what is being written waits in `<root>/incoming`. The
rule: a file appears by one rename, after it is safe on disk, so nobody ever sees half of it.
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

from runfold.errors import BadRequest, Conflict, NotFound, Unavailable
from runfold.ports import Readable, StoredFile
from runfold.storage_layout import checked

FILE_SIZE_MAX_BYTES: Final = 2 * 1024**3
CHUNK_SIZE_BYTES: Final = 1024 * 1024
PLACE_TRIES_MAX: Final = 5
"""How often a folder is made again that someone else's delete took away."""

LEFT_OVER_S: Final = 24 * 3600.0
"""What waits in `incoming` for so long belongs to a process that is gone."""


class LocalFiles:
    """See the module."""

    def __init__(self, root: Path, size_max_bytes: int = FILE_SIZE_MAX_BYTES) -> None:
        self._files = root / "files"
        self._incoming = root / "incoming"
        self._size_max_bytes = size_max_bytes
        self._is_swept = False

    def put(self, path: str, content: Readable, *, replace: bool = True) -> StoredFile:
        target = self._place(path)
        waiting = self._incoming / secrets.token_hex(16)
        try:
            self._prepare()
            self._receive(waiting, content)
            self._appear(waiting, target, replace=replace)
        except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
            raise Conflict(f"There is something already at {path}") from error
        except OSError as error:
            raise Unavailable(f"The storage can't be written to: {error.strerror}") from error
        finally:
            waiting.unlink(missing_ok=True)
        found = self.stat(path)
        # Deleted in the same moment: then it was there, and this is what it was.
        return found or StoredFile(path, 0, datetime.now(UTC))

    def open(self, path: str) -> BinaryIO:
        target = self._place(path)
        try:
            if target.is_file():
                return target.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise Unavailable(f"The storage can't be read: {error.strerror}") from error
        raise NotFound(f"Unable to find the file '{path}'")

    def stat(self, path: str) -> StoredFile | None:
        return self._stat(self._place(path))

    def list(self, folder: str) -> Iterator[StoredFile]:
        found = [Path(below) / name for below, _, names in os.walk(self._place(folder)) for name in names]
        for file in sorted(found, key=str):
            stored = self._stat(file)
            if stored is not None:
                yield stored

    def delete(self, path: str) -> bool:
        target = self._place(path)
        try:
            target.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        except OSError as error:
            raise Unavailable(f"The storage can't be written to: {error.strerror}") from error
        for parent in target.parents:
            if parent == self._files:
                break
            try:
                parent.rmdir()
            except OSError:  # it holds other files
                break
        return True

    def _place(self, path: str) -> Path:
        return self._files / checked(path)[1:]

    def _stat(self, file: Path) -> StoredFile | None:
        try:
            found = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not file.is_file():
            return None
        path = f"/{file.relative_to(self._files).as_posix()}"
        return StoredFile(path, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _receive(self, waiting: Path, content: Readable) -> None:
        size_bytes = 0
        with waiting.open("xb") as file:
            while chunk := content.read(CHUNK_SIZE_BYTES):
                size_bytes += len(chunk)
                if size_bytes > self._size_max_bytes:
                    raise _too_large(self._size_max_bytes)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def _appear(self, waiting: Path, target: Path, *, replace: bool) -> None:
        for left in reversed(range(PLACE_TRIES_MAX)):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                if replace:
                    waiting.replace(target)
                else:
                    os.link(waiting, target)  # unlike a rename, this fails if there is a file
            except FileNotFoundError:
                if not left:
                    raise
            else:
                _sync(target.parent)
                return

    def _prepare(self) -> None:
        """Make the folder of what comes in; the first time, sweep out what others left there."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        if self._is_swept:
            return
        self._is_swept = True
        now_s = time.time()
        for file in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if now_s - file.stat().st_mtime > LEFT_OVER_S:
                    file.unlink()


class MemoryFiles:
    """`Files` in memory: for one run, and for trying templates."""

    def __init__(self, size_max_bytes: int = FILE_SIZE_MAX_BYTES) -> None:
        self._size_max_bytes = size_max_bytes
        self._contents: dict[str, tuple[bytes, datetime]] = {}
        self._lock = Lock()

    def put(self, path: str, content: Readable, *, replace: bool = True) -> StoredFile:
        checked(path)
        received = BytesIO()
        shutil.copyfileobj(Bounded(content, self._size_max_bytes), received, CHUNK_SIZE_BYTES)
        with self._lock:
            is_taken = path in self._contents and not replace
            if is_taken or any(_clash(path, other) for other in self._contents):
                raise Conflict(f"There is something already at {path}")
            self._contents[path] = received.getvalue(), datetime.now(UTC)
            return self._stored(path)

    def open(self, path: str) -> BinaryIO:
        found = self._contents.get(checked(path))
        if found is None:
            raise NotFound(f"Unable to find the file '{path}'")
        return BytesIO(found[0])

    def stat(self, path: str) -> StoredFile | None:
        with self._lock:
            return self._stored(path) if checked(path) in self._contents else None

    def list(self, folder: str) -> Iterator[StoredFile]:
        checked(folder)
        with self._lock:
            names = sorted(path for path in self._contents if path.startswith(f"{folder}/"))
            found = [self._stored(path) for path in names]
        yield from found

    def delete(self, path: str) -> bool:
        with self._lock:
            return self._contents.pop(checked(path), None) is not None

    def _stored(self, path: str) -> StoredFile:
        content, modified_at = self._contents[path]
        return StoredFile(path, len(content), modified_at)


class Bounded:
    """A stream that refuses to give more than its limit."""

    def __init__(self, content: Readable, size_max_bytes: int) -> None:
        self._content = content
        self._size_max_bytes = size_max_bytes
        self._left_bytes = size_max_bytes

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._left_bytes -= len(chunk)
        if self._left_bytes < 0:
            raise _too_large(self._size_max_bytes)
        return chunk


def _too_large(size_max_bytes: int) -> BadRequest:
    return BadRequest(f"The file is larger than {size_max_bytes} bytes")


def _clash(path: str, other: str) -> bool:
    """Return whether one of two files would be a folder of the other."""
    return path.startswith(f"{other}/") or other.startswith(f"{path}/")


def _sync(folder: Path) -> None:
    """Make a rename in `folder` safe on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""
The files of a namespace, in the storage below `/<namespace>/_files`.

A path here begins with a slash and is relative to that folder. The storage knows no folders: one
that someone made is kept by an empty file in it, which no list shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Final

from runfold.errors import BadRequest, Conflict, NotFound
from runfold.ports import Files, Readable, StoredFile
from runfold.storage_layout import below, checked, namespace_files_folder, uri_of

KEPT: Final = ".runfold-folder"
"""The name of the file that keeps a folder."""

FILES_MAX: Final = 10_000
"""Of one namespace, as far as listing, moving and exporting go."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file or a folder; of a folder only the date of its newest file is known."""

    path: str
    is_folder: bool
    size_bytes: int
    modified_at: datetime

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class NamespaceFiles:
    """See the module; for any thread."""

    def __init__(self, files: Files, namespace: str) -> None:
        self._files = files
        self._folder = checked(namespace_files_folder(namespace))

    def uri(self, path: str) -> str:
        """Return the address of a file."""
        return uri_of(self._path(path))

    def put(self, path: str, content: Readable, *, replace: bool = True) -> str:
        """Store a file; return its path. Raises: Conflict (`replace` False)."""
        return self._relative(self._files.put(self._path(path), content, replace=replace))

    def open(self, path: str) -> BinaryIO:
        """Return a file's content. Raises: NotFound."""
        return self._files.open(self._path(path))

    def item(self, path: str) -> Item | None:
        """Return a file or folder; the root is always there."""
        if path.strip("/"):
            stored = self._files.stat(self._path(path))
            if stored is not None:
                return self._item(stored)
        inside = list(self._below(path))
        if not inside:
            return None
        return Item(f"/{path.strip('/')}", True, 0, max(stored.modified_at for stored in inside))  # noqa: FBT003

    def paths(self) -> list[str]:
        """Return the paths of all files."""
        return [path for path in map(self._relative, self._below("/")) if not path.endswith(f"/{KEPT}")]

    def children(self, folder: str) -> list[Item]:
        """Return what is directly in a folder: folders first, by name. Raises: NotFound."""
        base = f"/{folder.strip('/')}/".replace("//", "/")
        found: dict[str, Item] = {}
        is_there = base == "/"
        for stored in self._below(folder):
            is_there = True
            name, slash, _ = self._relative(stored).removeprefix(base).partition("/")
            if slash:
                before = found.get(name)
                newest = max(stored.modified_at, before.modified_at) if before else stored.modified_at
                found[name] = Item(f"{base}{name}", True, 0, newest)  # noqa: FBT003
            elif name != KEPT:
                found[name] = self._item(stored)
        if not is_there:
            raise NotFound(f"There is no folder {base}")
        return sorted(found.values(), key=lambda item: (not item.is_folder, item.name))

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        self._files.put(self._path(f"{path.rstrip('/')}/{KEPT}"), BytesIO())

    def move(self, source: str, target: str) -> None:
        """
        Move a file, or a folder with all in it.

        Raises:
            NotFound: There is nothing at `source`.
            Conflict: There is something at `target`.
        """
        if self.item(target) is not None:
            raise Conflict(f"There is something already at {target}")
        single = self._files.stat(self._path(source))
        moved = [single] if single else list(self._below(source))
        if not moved:
            raise NotFound(f"There is no file {source}")
        start, end = self._path(source), self._path(target)
        if f"{end}/".startswith(f"{start}/"):
            raise BadRequest("A folder can't be moved into itself")
        for stored in moved:
            with self._files.open(stored.path) as content:
                self._files.put(checked(end + stored.path.removeprefix(start)), content, replace=False)
        for stored in moved:
            self._files.delete(stored.path)

    def delete(self, path: str) -> list[str]:
        """Remove a file, or a folder with all in it; return the paths of the files."""
        if self._files.delete(self._path(path)):
            return [f"/{path.strip('/')}"]
        return [self._relative(stored) for stored in self._below(path) if self._files.delete(stored.path)]

    def _path(self, path: str) -> str:
        return below(self._folder, path)

    def _relative(self, stored: StoredFile) -> str:
        return stored.path.removeprefix(self._folder)

    def _item(self, stored: StoredFile) -> Item:
        return Item(self._relative(stored), False, stored.size_bytes, stored.modified_at)  # noqa: FBT003

    def _below(self, folder: str) -> Iterator[StoredFile]:
        inner = folder.strip("/")
        for count, stored in enumerate(self._files.list(self._path(inner) if inner else self._folder)):
            if count >= FILES_MAX:
                raise BadRequest(f"The folder has more than {FILES_MAX} files")
            yield stored

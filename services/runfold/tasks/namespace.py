"""Tasks on the files of a namespace."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from io import BytesIO
from typing import Any, BinaryIO, ClassVar, Final

from runfold.adapters.namespace_files import NamespaceFiles
from runfold.errors import Conflict
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.storage_layout import extension_of
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.storage import is_address, local_place, matcher, opened
from runfold.tasks.values import namespace_of, text_list, text_map

UPLOADS_MAX: Final = 10_000


class ConflictAction(StrEnum):
    """What happens to a file that is there already."""

    OVERWRITE = "OVERWRITE"
    ERROR = "ERROR"
    SKIP = "SKIP"


class UploadFiles(RunnableTask):
    """Store local files that fit `files`, and those of `filesMap` (name to text or address), in a namespace."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.namespace.UploadFiles"

    namespace: Text | None = None
    files: Any = None
    files_map: Any = None
    destination: Text = "/"
    conflict: ConflictAction = ConflictAction.OVERWRITE

    def run(self, context: RunContext) -> Outputs:
        target = context.storage.namespace_files(namespace_of(context, self.namespace))
        base = (context.render(self.destination) or "/").strip("/")
        uris: dict[str, str] = {}
        for name, content in self._contents(context):
            path = f"/{base}/{name.strip('/')}" if base else f"/{name.strip('/')}"
            with content:
                if self._put(target, path, content):
                    uris[path] = target.uri(path)
            if len(uris) > UPLOADS_MAX:
                raise TaskFailed(f"More than {UPLOADS_MAX} files to upload")
        return {"files": uris}

    def _contents(self, context: RunContext) -> Iterator[tuple[str, BinaryIO]]:
        folder = context.storage.working_dir
        if self.files is not None:
            written = context.evaluate(self.files)
            if isinstance(written, dict):
                yield from _given(context, text_map(context, self.files, "files"))
            else:
                fits = matcher(text_list(context, self.files, "files"))
                for file in sorted(folder.rglob("*")):
                    name = file.relative_to(folder).as_posix()
                    if file.is_file() and not file.is_symlink() and fits(name):
                        yield name, file.open("rb")
        if self.files_map is not None:
            yield from _given(context, text_map(context, self.files_map, "filesMap"))

    def _put(self, target: NamespaceFiles, path: str, content: BinaryIO) -> bool:
        """Store a file; return whether that was done."""
        if self.conflict is ConflictAction.OVERWRITE:
            target.put(path, content)
            return True
        try:
            target.put(path, content, replace=False)
        except Conflict:
            if self.conflict is ConflictAction.ERROR:
                raise TaskFailed(f"The file {path} is there already") from None
            return False
        return True


def _given(context: RunContext, files: dict[str, str]) -> Iterator[tuple[str, BinaryIO]]:
    for name, value in files.items():
        yield name, opened(context, value) if is_address(value) else BytesIO(value.encode())


class DownloadFiles(RunnableTask):
    """Give the files of a namespace that fit `files`: as addresses, and as local files below `destination`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.namespace.DownloadFiles"

    namespace: Text | None = None
    files: Any
    destination: Text = ""

    def run(self, context: RunContext) -> Outputs:
        source = context.storage.namespace_files(namespace_of(context, self.namespace))
        base = (context.render(self.destination) or "").strip("/")
        uris: dict[str, str] = {}
        for path in _chosen(context, source, self.files):
            place = local_place(context.storage.working_dir, f"{base}{path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            with source.open(path) as content, place.open("wb") as file:
                while chunk := content.read(1024 * 1024):
                    file.write(chunk)
            with place.open("rb") as content:
                uris[f"/{base}{path}" if base else path] = context.storage.files.store(content, extension_of(path))
        return {"files": uris}


class DeleteFiles(RunnableTask):
    """Remove the files of a namespace that fit `files`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.namespace.DeleteFiles"

    namespace: Text | None = None
    files: Any

    def run(self, context: RunContext) -> Outputs:
        source = context.storage.namespace_files(namespace_of(context, self.namespace))
        uris = {}
        for path in _chosen(context, source, self.files):
            if source.delete(path):
                uris[path] = source.uri(path)
        return {"files": uris}


def _chosen(context: RunContext, source: NamespaceFiles, written: Any) -> list[str]:
    """Return the paths that fit."""
    fits: Callable[[str], bool] = matcher(text_list(context, written, "files"))
    return [path for path in source.paths() if fits(path)]


NAMESPACE_TASKS: Final = (UploadFiles, DownloadFiles, DeleteFiles)

"""
Tasks on files of the internal storage.

Each reads files that were handed to it by their addresses and writes into its own task run's
folder. Rows and items stream: no file is held in memory.
"""

import array
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final, Self

from pydantic import Field, model_validator

from runfold.errors import NotFound
from runfold.flows.schema import Text, rule
from runfold.flows.task import RunnableTask
from runfold.ports import Readable
from runfold.storage_layout import SCHEME, extension_given, extension_of
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.globs import WrongPattern, matching
from runfold.tasks.rows import rows
from runfold.tasks.values import flag, number, required, size_bytes, text_list, text_map

CONCAT_EXTENSION: Final = ".tmp"
ROWS_MAX: Final = 50_000_000
PARTS_MAX: Final = 10_000
"""Files that one file is split into; their addresses are outputs."""

LOCAL_FILES_MAX: Final = 10_000
STOPPED_EACH: Final = 1_000
"""Rows between two looks at whether the attempt has been told to stop."""


class LocalFiles(RunnableTask):
    """Write `inputs` as local files, store local files that fit `outputs`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.LocalFiles"

    inputs: Any = None
    outputs: Any = None

    def run(self, context: RunContext) -> Outputs:
        folder = context.storage.working_dir
        if self.inputs is not None:
            for name, value in text_map(context, self.inputs, "inputs").items():
                write_local(context, folder, name, value)
        wanted = [] if self.outputs is None else text_list(context, self.outputs, "outputs")
        return {"uris": stored_matches(context, folder, wanted)}


def write_local(context: RunContext, folder: Path, name: str, value: str) -> None:
    """Write a text, or the file of the storage that it is the address of, to a name in `folder`."""
    place = local_place(folder, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened(context, value) if is_address(value) else BytesIO(value.encode()) as content, place.open("wb") as file:
        copy(context, content, file)


def local_place(folder: Path, name: str) -> Path:
    """Return where `name` lies in `folder`, never outside. Raises: TaskFailed."""
    place = (folder / name.removeprefix("/")).resolve()
    if not name.strip("/") or "\x00" in name or not place.is_relative_to(folder.resolve()):
        raise TaskFailed(f"The file name {name[:100]!r} leads out of the working directory")
    return place


def stored_matches(context: RunContext, folder: Path, patterns: list[str]) -> dict[str, str]:
    """Store the files below `folder` whose names fit; return their addresses by name. Raises: TaskFailed."""
    fits = matcher(patterns)
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        # What a link points at may be anything on this machine.
        if file.is_symlink() or not file.is_file() or not fits(name):
            continue
        if len(found) >= LOCAL_FILES_MAX:
            raise TaskFailed(f"More than {LOCAL_FILES_MAX} files fit the patterns")
        with file.open("rb") as content:
            found[name] = context.storage.files.store(content, extension_of(name))
    return found


def matcher(patterns: list[str]) -> Any:
    """Return the test whether a name fits. Raises: TaskFailed."""
    try:
        return matching(patterns)
    except WrongPattern as error:
        raise TaskFailed(str(error)) from error


def is_address(text: str) -> bool:
    """Return whether a text is the address of a file rather than content."""
    return text.startswith((f"{SCHEME}/", "nsfile:///"))


def opened(context: RunContext, address: str) -> BinaryIO:
    """Return the content of a file. Raises: TaskFailed, CallerError."""
    try:
        return context.storage.files.open(address)
    except NotFound:
        raise TaskFailed(f"There is no file {address}") from None


def copy(context: RunContext, content: BinaryIO, target: Any) -> None:
    """Copy a stream to its end, unless the attempt is told to stop."""
    while chunk := content.read(1024 * 1024):
        target.write(chunk)
        heed(context)


def heed(context: RunContext) -> None:
    """Stop if the attempt was told to."""
    if context.is_stopped:
        context.wait(0)


class Concat(RunnableTask):
    """Put files together, each followed by `separator`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.Concat"

    files: Any
    separator: Text | None = None
    extension: Text | None = None

    def run(self, context: RunContext) -> Outputs:
        addresses = text_list(context, self.files, "files")
        separator = (context.render(self.separator) or "").encode()
        with tempfile.TemporaryFile() as whole:
            for address in addresses:
                with opened(context, address) as content:
                    copy(context, content, whole)
                whole.write(separator)
            whole.seek(0)
            extension = extension_given(context.render(self.extension), CONCAT_EXTENSION)
            return {"uri": context.storage.files.store(whole, extension)}


class Delete(RunnableTask):
    """Remove a file of this namespace."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.Delete"

    uri: Text
    error_on_missing: Any = False

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.uri, "uri")
        deleted = context.storage.files.delete(address)
        if not deleted and flag(context, self.error_on_missing):
            raise TaskFailed(f"Unable to find the file '{address}'")
        return {"uri": address, "deleted": deleted}


class Size(RunnableTask):
    """Give a file's size in bytes."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.Size"

    uri: Text

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.uri, "uri")
        stored = context.storage.files.stat(address)
        if stored is None:
            raise TaskFailed(f"There is no file {address}")
        return {"size": stored.size_bytes}


class Split(RunnableTask):
    """Split a file into several: by number of files, rows a file, or size; without any, a row each."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.Split"

    from_: Text = Field(alias="from")
    bytes: Any = None
    partitions: Any = None
    rows: Any = None
    separator: Text = "\n"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.bytes, self.partitions, self.rows)) > 1:
            raise rule("only one of `bytes`, `partitions` and `rows` may be set")
        return self

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.from_, "from")
        partitions = number(context, self.partitions, "partitions")
        size = size_bytes(context, self.bytes, "bytes")
        count = number(context, self.rows, "rows")
        with opened(context, address) as content:
            uris: list[str] = []
            count = count if size is not None or count is not None else 1
            for part in parts_of(context, content, self.separator, partitions=partitions, size=size, count=count):
                if len(uris) >= PARTS_MAX:
                    raise TaskFailed(f"The file splits into more than {PARTS_MAX} files")
                uris.append(context.storage.files.store(part, extension_of(address)))
        return {"uris": uris}


def parts_of(  # noqa: PLR0913 - the three ways, by name
    context: RunContext,
    content: BinaryIO,
    separator: str,
    *,
    partitions: int | None,
    size: int | None,
    count: int | None,
) -> Iterator[Readable]:
    """Yield the parts of a file: so many `partitions`, or each of `size` bytes or `count` rows. Raises: TaskFailed."""
    ends_row = _separator(context, separator)
    read = _heeding(context, rows(content, ends_row))
    yield from (_dealt(read, ends_row, partitions) if partitions is not None else _batches(read, ends_row, size, count))


def _separator(context: RunContext, written: str) -> bytes:
    separator = (context.render(written) or "").encode()
    if not separator:
        raise TaskFailed("`separator` is empty")
    return separator


def _heeding(context: RunContext, read: Iterator[bytes]) -> Iterator[bytes]:
    for count, row in enumerate(read):
        if not count % STOPPED_EACH:
            heed(context)
        if count >= ROWS_MAX:
            raise TaskFailed(f"The file has more than {ROWS_MAX} rows")
        yield row


def _batches(read: Iterator[bytes], separator: bytes, size: int | None, count: int | None) -> Iterator[Readable]:
    """Yield files of consecutive rows: each is full once it has `size` bytes, or `count` rows."""
    first = next(read, None)
    while first is not None:
        with tempfile.SpooledTemporaryFile(max_size=1024 * 1024) as part:
            held = 0
            row: bytes | None = first
            while row is not None:
                part.write(row + separator)
                held += 1
                row = next(read, None)
                if (size is not None and part.tell() >= size) or (count is not None and held >= count):
                    break
            part.seek(0)
            yield part
            first = row


def _dealt(read: Iterator[bytes], separator: bytes, partitions: int) -> Iterator[Readable]:
    """Yield so many files, or as many as there are rows, that have equal numbers of rows, but for one."""
    if partitions > PARTS_MAX:
        raise TaskFailed(f"`partitions` is {PARTS_MAX} at most")
    with tempfile.TemporaryFile() as whole:
        ends = array.array("Q", [0])
        for row in read:
            whole.write(row + separator)
            ends.append(whole.tell())
        total = len(ends) - 1
        for part in range(min(partitions, total)):
            start, end = (
                ends[part * total // min(partitions, total)],
                ends[(part + 1) * total // min(partitions, total)],
            )
            whole.seek(start)
            yield Section(whole, end - start)


class Section:
    """The next bytes of a stream, as a stream."""

    def __init__(self, content: Any, size: int) -> None:
        self._content = content
        self._left = size

    def read(self, size: int = -1) -> Any:
        chunk = self._content.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk


class Reverse(RunnableTask):
    """Write a file's rows in the opposite order."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.Reverse"

    from_: Text = Field(alias="from")
    separator: Text = "\n"
    charset: Text = "UTF-8"

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.from_, "from")
        separator = self._encoded(context)
        with opened(context, address) as content, tempfile.TemporaryFile() as held, tempfile.TemporaryFile() as turned:
            ends = array.array("Q", [0])
            for row in _heeding(context, rows(content, separator)):
                held.write(row)
                ends.append(held.tell())
            for at in reversed(range(len(ends) - 1)):
                held.seek(ends[at])
                turned.write(held.read(ends[at + 1] - ends[at]) + separator)
            turned.seek(0)
            return {"uri": context.storage.files.store(turned, extension_of(address))}

    def _encoded(self, context: RunContext) -> bytes:
        try:
            encoded = (context.render(self.separator) or "").encode(context.render(self.charset) or "UTF-8")
        except (LookupError, UnicodeError) as error:
            raise TaskFailed(f"`charset` is none that there is, or lacks the separator: {error}") from error
        if not encoded:
            raise TaskFailed("`separator` is empty")
        return encoded


class PurgeCurrentExecutionFiles(RunnableTask):
    """Remove all files of the execution."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles"

    def run(self, context: RunContext) -> Outputs:
        return {"uris": context.storage.files.purge()}


STORAGE_TASKS: Final = (
    LocalFiles,
    Concat,
    Delete,
    Size,
    Split,
    Reverse,
    PurgeCurrentExecutionFiles,
)

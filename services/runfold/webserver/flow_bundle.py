"""Many flows in one file: a ZIP archive to take away, YAML or ZIP to bring in."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from runfold.adapters.flow_store import FlowStore, StoredFlow
from runfold.errors import BadRequest, FlowInvalid
from runfold.flows.parse import parse_raw, split_documents

ENTRIES_MAX: Final = 5_000
ENTRY_SIZE_MAX_BYTES: Final = 2 * 1024 * 1024
"""Of one file in an archive, unpacked: an archive may promise less than it holds."""

YAML_ENDINGS: Final = (".yaml", ".yml")


def archive(flows: Iterable[StoredFlow]) -> bytes:
    """Return a ZIP archive with a file `<namespace>.<id>.yml` for each flow."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for stored in flows:
            bundle.writestr(f"{stored.record.namespace}.{stored.record.id}.yml", stored.record.source)
    return out.getvalue()


def sources(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """
    Yield the flows of a file, each with what to call it: its number in a YAML file, its file in an archive.

    Raises:
        BadRequest: It is neither, or cannot be read.
    """
    if name.lower().endswith(YAML_ENDINGS):
        for index, document in enumerate(split_documents(_text(name, content))):
            yield str(index), document
    elif name.lower().endswith(".zip"):
        yield from _unpacked(content)
    else:
        raise BadRequest(f"Cannot import file of type {name.rpartition('.')[2][:20]!r}: it must be .yaml, .yml or .zip")


def _unpacked(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            entries = [entry for entry in bundle.infolist() if entry.filename.lower().endswith(YAML_ENDINGS)]
            if len(entries) > ENTRIES_MAX:
                raise BadRequest(f"The archive holds more than {ENTRIES_MAX} files")
            for entry in entries:
                with bundle.open(entry) as file:
                    unpacked = file.read(ENTRY_SIZE_MAX_BYTES + 1)
                if len(unpacked) > ENTRY_SIZE_MAX_BYTES:
                    raise BadRequest(f"{entry.filename} is larger than {ENTRY_SIZE_MAX_BYTES} bytes")
                yield entry.filename, _text(entry.filename, unpacked)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadRequest(f"The archive can't be read: {error}") from error


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"{name} is no UTF-8 text") from error


def save(flows: FlowStore, source: str) -> StoredFlow:
    """Store a flow, or the next revision of it. Raises: FlowInvalid."""
    raw = parse_raw(source)
    namespace, flow_id = str(raw.get("namespace")), str(raw.get("id"))
    if flows.get(namespace, flow_id) is None:
        return flows.create(source)
    return flows.update(namespace, flow_id, source)


def bring_in(flows: FlowStore, name: str, content: bytes) -> list[str]:
    """Store the flows of a file; return what those are called that are none: the others are stored all the same."""
    wrong = []
    for called, source in sources(name, content):
        try:
            save(flows, source)
        except FlowInvalid:
            wrong.append(called)
    return wrong

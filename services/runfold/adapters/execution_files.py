"""
The files of executions: who may read which, and a task run's own place.

Rules. A template reads files of its own execution, of the one that triggered it, and of its
namespace. A task also reads those of other executions, whose addresses someone handed to it, but
never the pairs of a namespace; it writes only into the folder of its task run.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from runfold.errors import BadRequest
from runfold.ports import Files, Readable, StoredFile
from runfold.storage_layout import (
    NAMESPACE_SCHEME,
    SCHEME,
    below,
    execution_folder,
    is_within,
    namespace_files_folder,
    namespace_folder,
    owner_of,
    path_of,
    taskrun_folder,
    uri_of,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The task run that a file belongs to."""

    namespace: str
    flow_id: str
    execution_id: str
    task_id: str
    taskrun_id: str

    @property
    def execution_folder(self) -> str:
        return execution_folder(self.namespace, self.flow_id, self.execution_id)

    @property
    def folder(self) -> str:
        return taskrun_folder(self.execution_folder, self.task_id, self.taskrun_id)


def readable_path(variables: Mapping[str, Any], address: object) -> str:
    """
    Return the path of a file that a template with these variables may read.

    Raises:
        BadRequest: It belongs to others, or it is no address.
    """
    if not isinstance(address, str) or not address:
        raise BadRequest("A file is named by its address or by its path in the namespace")
    if not address.startswith(SCHEME):
        return below(namespace_files_folder(_namespace(variables)), address.removeprefix(NAMESPACE_SCHEME))
    path = path_of(address)
    if not any(is_within(path, folder) for folder in _readable_folders(variables)):
        raise BadRequest(f"Unable to read the file '{address}' as it didn't belong to the current execution")
    return path


def _readable_folders(variables: Mapping[str, Any]) -> Iterator[str]:
    flow, execution, trigger = (_map(variables.get(name)) for name in ("flow", "execution", "trigger"))
    places = [
        (flow.get("namespace"), flow.get("id"), execution.get("id")),
        (trigger.get("namespace"), trigger.get("flowId"), trigger.get("executionId")),
    ]
    for namespace, flow_id, execution_id in places:
        if isinstance(namespace, str) and isinstance(flow_id, str) and isinstance(execution_id, str) and execution_id:
            yield execution_folder(namespace, flow_id, execution_id)
    if isinstance(flow.get("namespace"), str):
        yield namespace_files_folder(flow["namespace"])


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _namespace(variables: Mapping[str, Any]) -> str:
    namespace = _map(variables.get("flow")).get("namespace")
    if not isinstance(namespace, str):
        raise BadRequest("The flow's namespace is not known here")
    return namespace


class TaskFiles:
    """The storage as one task run sees it."""

    def __init__(self, files: Files, owner: Owner) -> None:
        self._files = files
        self._owner = owner

    def store(self, content: Readable, extension: str = "", *, name: str | None = None) -> str:
        """Store a file of this task run, under a new name unless it has one; return its address."""
        path = below(self._owner.folder, name or f"{secrets.token_hex(8)}{extension}")
        return uri_of(self._files.put(path, content).path)

    def store_text(self, text: str, extension: str = "") -> str:
        """Store a text; return its address."""
        return self.store(BytesIO(text.encode()), extension)

    def open(self, address: str) -> BinaryIO:
        """Return a file's content to read from. Raises: BadRequest, NotFound."""
        return self._files.open(self._path(address))

    def stat(self, address: str) -> StoredFile | None:
        """Return what is known of a file. Raises: BadRequest."""
        return self._files.stat(self._path(address))

    def delete(self, address: str) -> bool:
        """Remove a file of this namespace; return whether there was one. Raises: BadRequest."""
        path = self._path(address)
        if not is_within(path, namespace_folder(self._owner.namespace)):
            raise BadRequest(f"Unable to delete the file '{address}' as it belongs to another namespace")
        return self._files.delete(path)

    def purge(self) -> list[str]:
        """Remove all files of the execution; return their addresses."""
        found = [stored.path for stored in self._files.list(self._owner.execution_folder)]
        return [uri_of(path) for path in found if self._files.delete(path)]

    def _path(self, address: str) -> str:
        own = namespace_files_folder(self._owner.namespace)
        if address.startswith(NAMESPACE_SCHEME):
            return below(own, address.removeprefix(NAMESPACE_SCHEME))
        path = path_of(address)
        if owner_of(path) is None and not is_within(path, own):
            raise BadRequest(f"Unable to read the file '{address}' as it belongs to no execution")
        return path

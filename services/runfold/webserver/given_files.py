"""
The functions that read files, pairs and error logs, over what a request brings along.

For trying templates. A request that brings files sees those only; without any, a template reads what
its variables say it may, as a task's would.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.functions import ERROR_LOGS_MAX, Functions
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.ports import Files

ERROR: Final = "ERROR"


@dataclass(frozen=True, slots=True)
class StoredText:
    """A file of the storage; `namespace` None: `path` is of the whole storage, else of the namespace."""

    path: str
    text: str
    namespace: str | None = None


def files_of(texts: Iterable[StoredText]) -> Files:
    """Return a storage of these files. Raises: BadRequest."""
    files = MemoryFiles()
    for stored in texts:
        content = BytesIO(stored.text.encode("utf-8", "backslashreplace"))
        if stored.namespace is None:
            files.put(stored.path, content)
        else:
            NamespaceFiles(files, stored.namespace).put(stored.path, content)
    return files


def error_logs_of(logs: Sequence[Mapping[str, Any]]) -> Functions:
    """Return the function that gives the execution's first errors among these entries."""

    def error_logs(variables: Mapping[str, Any]) -> object:
        execution = variables.get("execution")
        own = execution.get("id") if isinstance(execution, Mapping) else None
        errors = [dict(entry) for entry in logs if entry.get("level", ERROR) == ERROR]
        return [entry for entry in errors if own is None or entry.get("executionId", own) == own][:ERROR_LOGS_MAX]

    return {"errorLogs": error_logs}

"""
The one map of the file storage: where what is kept, and which paths there can be at all.

    /<namespace, / for .>/<flow slug>/executions/<execution>/inputs/<input>/<file>
    .../executions/<execution>/tasks/<task slug>/<task run>/<file>
    /<namespace, / for .>/<flow slug>/<task slug>/cache/cache.zip    of a WorkingDirectory
    /<namespace>/_files/<path>      files of a namespace
    /<namespace>/_kv/<key>.ion      its key-value pairs

Pure. The rule: a path that came from outside goes through `checked`, and nothing else makes one.
"""

import hashlib
import re
import unicodedata
from typing import Final

from runfold.errors import BadRequest

SCHEME: Final = "kestra://"
NAMESPACE_SCHEME: Final = "nsfile://"
PATH_SIZE_MAX_BYTES: Final = 1_024
NAME_SIZE_MAX_BYTES: Final = 255
DEFAULT_EXTENSION: Final = ".upl"

_ENCODED: Final = re.compile(r"%(?:2e|2f|5c|00|25)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9._-]{0,30}")


def checked(path: str) -> str:
    """
    Return `path` if it is one of the storage: absolute, plain, and nowhere outside.

    Raises:
        BadRequest: It goes up (`..`), is relative or too long, or holds what may be read as another path.
    """
    if ".." in path.split("/"):
        raise BadRequest("Path must not contain '../'")
    names = path.split("/")[1:]
    if not path.startswith("/") or any(name in ("", ".") for name in names):
        raise BadRequest("A path of the storage is absolute and has no empty parts")
    if "\\" in path or _CONTROL.search(path) or _ENCODED.search(path):
        raise BadRequest("A path of the storage has no backslash, no control character and no encoded slash or dot")
    try:
        sizes = [len(name.encode()) for name in names]
    except UnicodeEncodeError as error:
        raise BadRequest("A path of the storage is text that UTF-8 can carry") from error
    if max(sizes) > NAME_SIZE_MAX_BYTES or sum(sizes) + len(sizes) > PATH_SIZE_MAX_BYTES:
        raise BadRequest(f"A path of the storage has {PATH_SIZE_MAX_BYTES} bytes at most")
    return path


def below(folder: str, relative: str) -> str:
    """Return the path of `relative` (a slash in front means nothing) in `folder`. Raises: BadRequest."""
    return checked(f"{folder}/{relative.removeprefix('/')}")


def uri_of(path: str) -> str:
    """Return a file's address."""
    return f"{SCHEME}{path}"


def path_of(uri: str) -> str:
    """Return the path of an address. Raises: BadRequest."""
    if not uri.startswith(f"{SCHEME}/"):
        raise BadRequest("A file of the storage has an address that begins with kestra:///")
    return checked(uri.removeprefix(SCHEME))


def is_within(path: str, folder: str) -> bool:
    """Return whether a file lies below `folder`."""
    return path.startswith(f"{folder}/")


def slug(text: str) -> str:
    """Return `text` as it stands in paths: lower case, hyphens for blanks and underscores."""
    plain = unicodedata.normalize("NFD", text.replace(" ", "-"))
    kept = "".join(char for char in plain if char.isascii() and (char.isalnum() or char in "-_")).replace("_", "-")
    return "-".join(filter(None, kept.split("-"))).lower()


def namespace_folder(namespace: str) -> str:
    """Return where all of a namespace is kept."""
    return "/" + namespace.replace(".", "/")


def namespace_files_folder(namespace: str) -> str:
    """Return where a namespace's own files are kept."""
    return f"{namespace_folder(namespace)}/_files"


def kv_folder(namespace: str) -> str:
    """Return where a namespace's pairs are kept."""
    return f"{namespace_folder(namespace)}/_kv"


def execution_folder(namespace: str, flow_id: str, execution_id: str) -> str:
    """Return where an execution's files are kept."""
    return f"{namespace_folder(namespace)}/{slug(flow_id)}/executions/{execution_id}"


def taskrun_folder(execution: str, task_id: str, taskrun_id: str) -> str:
    """Return where a task run's files are kept, inside the folder of its execution."""
    return f"{execution}/tasks/{slug(task_id)}/{taskrun_id}"


def batch_outputs_file(base: str, batch: int) -> str:
    """Return where the outputs of the execution for one batch are kept, below those of its ForEachItem."""
    return checked(f"{base}/{batch}/outputs.ion")


def cache_file(namespace: str, flow_id: str, task_id: str, value: str | None) -> str:
    """Return where a WorkingDirectory keeps its cache; in a loop each value has its own."""
    folder = f"{namespace_folder(namespace)}/{slug(flow_id)}/{slug(task_id)}/cache"
    if value is None:
        return f"{folder}/cache.zip"
    return f"{folder}/{hashlib.sha256(value.encode()).hexdigest()[:16]}/cache.zip"


def owner_of(path: str) -> str | None:
    """Return the id of the execution that a file belongs to; None: it belongs to none."""
    _, mark, rest = path.partition("/executions/")
    return rest.split("/")[0] if mark else None


def extension_of(path: str) -> str:
    """Return the end of a file's name from its last dot on; empty if there is none that could be one."""
    found = path.rpartition("/")[2].rpartition(".")
    extension = f".{found[2]}"
    return extension if found[0] and _EXTENSION.fullmatch(extension) else ""


def extension_given(text: str | None, default: str) -> str:
    """Return an extension as an author wrote it, the dot in front. Raises: BadRequest."""
    if not text:
        return default
    extension = text if text.startswith(".") else f".{text}"
    if not _EXTENSION.fullmatch(extension):
        raise BadRequest("An extension is a dot and up to 31 letters, digits, dots and hyphens")
    return extension

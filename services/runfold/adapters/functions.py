"""
The functions of expressions that need the world outside: secrets, pairs, files, logs, ciphers, dice.

The language itself is pure; these come in when a process is put together. Each takes the
expression's variables first, as `Expressions` calls it, and may read only what those say that
the execution may: see `execution_files`. Names of parameters are those that templates use.
"""

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from runfold.adapters.encryption import Cipher, KeyInvalid, Undecipherable
from runfold.adapters.execution_files import readable_path
from runfold.adapters.kv_store import KvStore, on_one_line
from runfold.adapters.kv_values import for_template
from runfold.adapters.log_search import FindLogs, LogsWanted
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.errors import CallerError, ExpressionFailed
from runfold.execution.ids import base62
from runfold.flows.expressions.failures import Refused
from runfold.ports import Files

READ_SIZE_MAX_BYTES: Final = 1024 * 1024
"""Of a file that a template reads: no text of the language is longer."""

ERROR_LOGS_MAX: Final = 25

SLOW: Final = ("read", "fileSize", "kv", "errorLogs")
"""Those that wait for the world: a task that calls one is not brief."""

Variables = Mapping[str, Any]
Functions = Mapping[str, Callable[..., object]]


def outside_functions(
    *,
    secret: Callable[[str], str],
    files: Files,
    clock: Callable[[], datetime],
    is_namespace: Callable[[str], bool],
    find_logs: FindLogs | None = None,
) -> Functions:
    """
    Return the functions by their names in templates.

    `secret` finds a secret or raises LookupError. `is_namespace`: whether a namespace is known; pairs of
    others are out of reach. `find_logs` None: not on a worker, where `errorLogs` is refused.
    """
    reading = _Reading(files)
    return {
        "secret": _secrets(secret),
        "kv": _pairs(files, clock, is_namespace),
        "read": reading.read,
        "fileSize": reading.file_size,
        "fileURI": reading.file_uri,
        "errorLogs": _no_error_logs if find_logs is None else _error_logs(find_logs),
        "encrypt": encrypt,
        "decrypt": decrypt,
        "id": new_id,
        "uuid": new_uuid,
        "randomInt": random_int,
    }


def _secrets(secret: Callable[[str], str]) -> Callable[..., str]:
    def secret_(variables: Variables, key: str) -> str:
        del variables
        try:
            return secret(key)
        except LookupError as error:
            raise ExpressionFailed(str(error)) from None

    return secret_


def _pairs(files: Files, clock: Callable[[], datetime], is_namespace: Callable[[str], bool]) -> Callable[..., object]:
    def kv(
        variables: Variables,
        key: str,
        namespace: str | None = None,
        errorOnMissing: bool = False,  # noqa: FBT001, FBT002, N803 - as templates write it
    ) -> object:
        own = _namespace(variables)
        wanted = namespace or own
        try:
            check_namespace(own, wanted, is_namespace)
            found = KvStore(files, wanted, clock).get(_text(key, "kv", "key"))
        except CallerError as error:
            raise Refused(str(error)) from None
        if found is None and errorOnMissing is True:
            raise Refused(f"The key '{key}' does not exist in the namespace '{wanted}'.")
        return None if found is None else for_template(found.value)

    return kv


def check_namespace(own: str, wanted: str, is_namespace: Callable[[str], bool]) -> None:
    """Raise CallerError unless a flow of `own` may reach the pairs of `wanted`: on its own line, or known."""
    if not on_one_line(own, wanted) and not is_namespace(wanted):
        raise CallerError(f"Cannot access the KV store. The namespace '{wanted}' does not exist.")


class _Reading:
    """The functions over files."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, variables: Variables, path: str) -> str:
        found = self._path(variables, path)
        size_bytes = self._size(found, path)
        if size_bytes > READ_SIZE_MAX_BYTES:
            raise Refused(f"The file '{path}' has {size_bytes} bytes, more than a template reads")
        try:
            with self._files.open(found) as content:
                return content.read(READ_SIZE_MAX_BYTES).decode()
        except UnicodeDecodeError:
            raise Refused(f"The file '{path}' is no UTF-8 text") from None
        except CallerError as error:
            raise Refused(str(error)) from None

    def file_size(self, variables: Variables, path: str) -> int:
        return self._size(self._path(variables, path), path)

    def file_uri(self, variables: Variables, path: str) -> str:
        try:
            return NamespaceFiles(self._files, _namespace(variables)).uri(_text(path, "fileURI", "path"))
        except CallerError as error:
            raise Refused(str(error)) from None

    @staticmethod
    def _path(variables: Variables, path: object) -> str:
        try:
            return readable_path(variables, path)
        except CallerError as error:
            raise Refused(str(error)) from None

    def _size(self, found: str, shown: str) -> int:
        stored = self._files.stat(found)
        if stored is None:
            raise Refused(f"Unable to find the file '{shown}'")
        return stored.size_bytes


def _error_logs(find_logs: FindLogs) -> Callable[..., object]:
    def error_logs(variables: Variables) -> object:
        execution = variables.get("execution")
        execution_id = execution.get("id") if isinstance(execution, Mapping) else None
        if not isinstance(execution_id, str):
            raise Refused("The execution is not known here")
        return find_logs(LogsWanted(execution_id, "ERROR", lines_max=ERROR_LOGS_MAX))[:ERROR_LOGS_MAX]

    return error_logs


def _no_error_logs(variables: Variables) -> object:
    del variables
    raise Refused("The function 'errorLogs' is there for tasks only, where a worker renders them")


def encrypt(variables: Variables, key: str, plaintext: str) -> str:
    """Return a text encrypted by AES-GCM."""
    del variables
    return _cipher(key, "encrypt").encrypt(_text(plaintext, "encrypt", "plaintext"))


def decrypt(variables: Variables, key: str, encrypted: str) -> str:
    """Return what `encrypt` had been given."""
    del variables
    try:
        return _cipher(key, "decrypt").decrypt(_text(encrypted, "decrypt", "encrypted"))
    except Undecipherable as error:
        raise Refused(f"The function 'decrypt' failed: {error}") from None


def new_id(variables: Variables) -> str:
    """Return an id in letters and digits that nobody has used."""
    del variables
    return base62(uuid.uuid4().int)


def new_uuid(variables: Variables) -> str:
    """Return a new UUID in lower case."""
    del variables
    return str(uuid.uuid4())


def random_int(variables: Variables, lower: int, upper: int) -> int:
    """Return a number of at least `lower` and less than `upper`; of two equal ones that number."""
    del variables
    bounds = (lower, upper)
    if any(isinstance(bound, bool) or not isinstance(bound, int) for bound in bounds) or lower > upper:
        raise Refused("The function 'randomInt' needs two whole numbers, `lower` not above `upper`")
    return random.randrange(lower, max(upper, lower + 1))  # noqa: S311 - dice of flows guard nothing


def _cipher(key: object, name: str) -> Cipher:
    try:
        return Cipher(_text(key, name, "key"))
    except KeyInvalid as error:
        raise Refused(f"The function '{name}' cannot use this key: {error}") from None


def _text(value: object, function: str, argument: str) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(f"The function '{function}' needs its argument '{argument}' as a text")
    return value


def _namespace(variables: Variables) -> str:
    flow = variables.get("flow")
    namespace = flow.get("namespace") if isinstance(flow, Mapping) else None
    if not isinstance(namespace, str):
        raise Refused("The flow's namespace is not known here")
    return namespace

"""
The functions read, fileSize, fileURI and errorLogs over what a request brings along.

For trying templates: nothing of the server's own files is ever reached from here.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runfold.flows.expressions.failures import Refused

SCHEME: Final = "kestra://"
ERROR_LOGS_MAX: Final = 25


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """`stored`: texts by path of the storage; `of_namespaces`: texts by namespace and path."""

    stored: Mapping[str, str]
    of_namespaces: Mapping[tuple[str, str], str]
    logs: Sequence[Mapping[str, Any]] = ()

    def functions(self) -> Mapping[str, Callable[..., object]]:
        """Return the functions by name, as `Expressions` takes them."""
        return {
            "read": self.read,
            "fileSize": lambda variables, path: len(self.read(variables, path).encode()),
            "fileURI": file_uri,
            "errorLogs": lambda _variables: [dict(entry) for entry in self.logs[:ERROR_LOGS_MAX]],
        }

    def read(self, variables: Mapping[str, Any], path: object) -> str:
        """Return the text of a file of this execution, of the one that triggered it, or of the namespace."""
        if not isinstance(path, str) or not path:
            raise Refused("The function 'read' needs a path")
        if path.startswith(SCHEME):
            if not any(path.startswith(prefix) for prefix in _own_prefixes(variables)):
                raise Refused(f"Unable to read the file '{path}' as it didn't belong to the current execution")
            found = self.stored.get(path.removeprefix(SCHEME))
        else:
            found = self.of_namespaces.get((_namespace(variables), path.removeprefix("/")))
        if found is None:
            raise Refused(f"Unable to find the file '{path}'")
        return found


def file_uri(variables: Mapping[str, Any], path: object) -> str:
    """Return the address of a file of the namespace."""
    if not isinstance(path, str) or not path:
        raise Refused("The function 'fileURI' needs a path")
    if ".." in path.split("/"):
        raise Refused("Path must not contain '../'")
    return f"{SCHEME}/{_namespace(variables).replace('.', '/')}/_files/{path.removeprefix('/')}"


def _namespace(variables: Mapping[str, Any]) -> str:
    flow = variables.get("flow")
    namespace = flow.get("namespace") if isinstance(flow, Mapping) else None
    if not isinstance(namespace, str):
        raise Refused("The flow's namespace is not known here")
    return namespace


def _own_prefixes(variables: Mapping[str, Any]) -> Sequence[str]:
    """Return where the files of this execution, and of the one that triggered it, are kept."""
    flow, execution, trigger = (variables.get(name) for name in ("flow", "execution", "trigger"))
    places = []
    if isinstance(flow, Mapping) and isinstance(execution, Mapping):
        places.append((flow.get("namespace"), flow.get("id"), execution.get("id")))
    if isinstance(trigger, Mapping):
        places.append((trigger.get("namespace"), trigger.get("flowId"), trigger.get("executionId")))
    return [
        f"{SCHEME}/{namespace.replace('.', '/')}/{_slug(flow_id)}/executions/{execution_id}/"
        for namespace, flow_id, execution_id in places
        if isinstance(namespace, str) and isinstance(flow_id, str) and isinstance(execution_id, str)
    ]


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace(" ", "-").replace("_", "-"))
    kept = "".join(char for char in plain if char.isascii() and (char.isalnum() or char == "-"))
    return "-".join(filter(None, kept.split("-"))).lower()

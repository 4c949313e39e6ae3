"""Trying templates: `POST /expressions/render`, and what they may call."""

import time
from typing import Any, Final

import msgspec
from fastapi import APIRouter

from runfold.adapters.functions import outside_functions
from runfold.errors import BadRequest, ExpressionFailed
from runfold.flows.expressions import Expressions
from runfold.flows.expressions.typed import typed_variables
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.expression_help import FILTERS, FUNCTIONS
from runfold.webserver.given_files import StoredText, error_logs_of, files_of
from runfold.webserver.parts import Given

router = APIRouter(prefix="/expressions", tags=["expressions"])


READING: Final = frozenset({"read", "fileSize", "fileURI", "kv", "errorLogs"})


class StorageText(msgspec.Struct):
    """A file of the storage."""

    path: str
    text: str


class NamespaceText(msgspec.Struct):
    """A file of a namespace."""

    namespace: str
    path: str
    text: str


class RenderRequest(msgspec.Struct, rename="camel"):
    """
    A template (a text, map or list), its variables, and what its functions find.

    `typed`: a text that is one expression gives its value as it is. `tellErrors`: a template that fails
    is answered with its `error`, as `eval` of an execution does, and is no refused request.
    """

    template: Any
    variables: dict[str, Any] = {}
    recursive_rendering: bool = False
    typed: bool = False
    tell_errors: bool = False
    logs: list[dict[str, Any]] = []
    storage: list[StorageText] = []
    namespace_files: list[NamespaceText] = []


_DECODER = msgspec.json.Decoder(RenderRequest)


@router.post("/render")
def render(body: TextBody, parts: Given) -> Json:
    """Render a template with these variables; `{"$type", "value"}` in them is a typed value."""
    try:
        asked = _DECODER.decode(body)
        variables = typed_variables(asked.variables)
        assert isinstance(variables, dict)  # noqa: S101 - a map stays one
        language = _language(asked, parts)
        rendered = language.evaluate if asked.typed else language.render
        return Json({"result": rendered(asked.template, variables)})
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body can't be read: {error}") from error
    except ExpressionFailed as error:
        if not asked.tell_errors:
            raise
        return Json({"error": str(error)})
    except RecursionError as error:
        raise BadRequest("The body is nested too deep") from error


@router.get("/functions")
def functions() -> Json:
    """Return the filters and functions of templates, each with an example."""
    kinds = {"filter": FILTERS, "function": FUNCTIONS}
    return Json([{"name": name, "kind": kind, **of[name]._asdict()} for kind, of in kinds.items() for name in of])


def _language(asked: RenderRequest, parts: Given) -> Expressions:
    """Return the server's language, whose functions find what the request brings."""
    given = [StoredText(file.path, file.text) for file in asked.storage]
    given += [StoredText(file.path, file.text, file.namespace) for file in asked.namespace_files]
    own = outside_functions(
        secret=_no_secret,
        files=files_of(given) if given else parts.files,
        clock=parts.clock,
        is_namespace=lambda namespace: any(stored.record.namespace == namespace for stored in parts.flows.all()),
    )
    servers = {name: function for name, function in parts.expressions.outside.items() if name not in READING}
    return Expressions(
        {**own, **servers, **error_logs_of(asked.logs)},
        clock=parts.expressions.clock,
        monotonic=time.monotonic,
        recursive=asked.recursive_rendering,
    )


def _no_secret(key: str) -> str:
    raise LookupError(f"Cannot find secret for key '{key}'.")

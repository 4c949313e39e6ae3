"""Trying templates: `POST /expressions/render`."""

import time
from typing import Any

import msgspec
from fastapi import APIRouter

from runfold.errors import BadRequest
from runfold.flows.expressions import Expressions
from runfold.flows.expressions.typed import typed_variables
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.given_files import GivenFiles
from runfold.webserver.parts import Given

router = APIRouter(prefix="/expressions", tags=["expressions"])


class StoredText(msgspec.Struct):
    """A file of the storage."""

    path: str
    text: str


class NamespaceText(msgspec.Struct):
    """A file of a namespace."""

    namespace: str
    path: str
    text: str


class RenderRequest(msgspec.Struct, rename="camel"):
    """A template (a text, map or list), its variables, and what its functions find."""

    template: Any
    variables: dict[str, Any] = {}
    recursive_rendering: bool = False
    logs: list[dict[str, Any]] = []
    storage: list[StoredText] = []
    namespace_files: list[NamespaceText] = []

    @property
    def brings_files(self) -> bool:
        """Whether functions have something of their own to find."""
        return bool(self.logs or self.storage or self.namespace_files)


_DECODER = msgspec.json.Decoder(RenderRequest)


@router.post("/render")
def render(body: TextBody, parts: Given) -> Json:
    """Render a template with these variables; `{"$type", "value"}` in them is a typed value."""
    try:
        asked = _DECODER.decode(body)
        variables = typed_variables(asked.variables)
        assert isinstance(variables, dict)  # noqa: S101 - a map stays one
        return Json({"result": _language(asked, parts).render(asked.template, variables)})
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body can't be read: {error}") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deep") from error


def _language(asked: RenderRequest, parts: Given) -> Expressions:
    """Return the server's own language, or one that knows what the request brings."""
    if not asked.brings_files and not asked.recursive_rendering and "fileURI" in parts.expressions.outside:
        return parts.expressions
    files = GivenFiles(
        {file.path: file.text for file in asked.storage},
        {(file.namespace, file.path.removeprefix("/")): file.text for file in asked.namespace_files},
        asked.logs,
    )
    return Expressions(
        {**parts.expressions.outside, **files.functions()},
        clock=parts.expressions.clock,
        monotonic=time.monotonic,
        recursive=asked.recursive_rendering,
    )

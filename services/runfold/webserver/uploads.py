"""
Forms with files: their fields as texts, and uploads that become files of an execution.

An upload is named before the inputs are checked and stored after: a request that is refused leaves
nothing behind. The name is new each time, since two requests may ask for the same execution.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from fastapi import Request
from starlette.datastructures import UploadFile

from runfold.errors import BadRequest, RunfoldError
from runfold.flows.input import FileInput, Input
from runfold.flows.model import Flow
from runfold.ports import Files
from runfold.storage_layout import DEFAULT_EXTENSION, below, execution_folder, extension_given, path_of, uri_of

FIELDS_MAX: Final = 1_000
FILES_MAX: Final = 100
FIELD_SIZE_MAX_BYTES: Final = 900 * 1024
PART: Final = "files"
"""The name of a part whose file name says which input it is for."""


@dataclass(frozen=True, slots=True)
class Form:
    """The texts of a form by field, and its files by the input they are for; open as long as the form is."""

    texts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, BinaryIO] = field(default_factory=dict)


@asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[Form]:
    """Yield the form of a request. Raises: BadRequest."""
    if request.headers.get("content-type", "").startswith("application/json"):
        raise BadRequest("Inputs are sent as the fields of a form (multipart/form-data), not as JSON")
    texts: dict[str, Any] = {}
    files: dict[str, BinaryIO] = {}
    async with request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=FIELD_SIZE_MAX_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[value.filename or name if name == PART else name] = value.file
            else:
                texts[name] = value
        yield Form(texts, files)


NO_FORM: Final = Form()


def addresses(flow: Flow, declared_inputs: Iterable[Input], execution_id: str, form: Form) -> dict[str, str]:
    """Return where the form's files for declared inputs will be, by input. Raises: BadRequest."""
    folder = f"{execution_folder(flow.namespace, flow.id, execution_id)}/inputs"
    return {
        declared.id: uri_of(below(folder, f"{declared.id}/{_name(declared)}"))
        for declared in declared_inputs
        if isinstance(declared, FileInput) and declared.id in form.files
    }


def store(files: Files, form: Form, places: Mapping[str, str]) -> None:
    """Store the form's files at their addresses, by input: all or none. Raises: RunfoldError."""
    stored: list[str] = []
    try:
        for name, uri in places.items():
            path = path_of(uri)
            files.put(path, form.files[name], replace=False)
            stored.append(path)
    except RunfoldError:
        for path in stored:
            files.delete(path)
        raise


def _name(declared: FileInput) -> str:
    return f"file_{secrets.randbits(63)}{extension_given(declared.extension, DEFAULT_EXTENSION)}"

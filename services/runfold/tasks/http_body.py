"""The body of a request: a text, JSON, a form, or a form with files of the storage."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO, Final

import orjson

from runfold.storage_layout import extension_of
from runfold.tasks.context import RunContext, TaskFailed
from runfold.tasks.storage import is_address, opened

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"

Part = tuple[str, tuple[str | None, BinaryIO | bytes]]


def body_of(context: RunContext, written: Any, content_type: str | None) -> dict[str, Any]:
    """Return a body as arguments of the client; JSON unless the author says otherwise."""
    if written is None:
        return {}
    rendered = context.render_deep(written)
    content = rendered.encode() if isinstance(rendered, str) else orjson.dumps(rendered, default=str)
    return {"content": content, "headers": {"Content-Type": content_type or JSON}}


def form_of(context: RunContext, written: Any, content_type: str | None, closing: ExitStack) -> dict[str, Any]:
    """
    Return a form as arguments of the client; its files are closed by `closing`.

    Raises:
        TaskFailed: It is no map, or one of the files is not there.
    """
    fields = context.render_deep(written)
    if isinstance(fields, str):
        fields = _parsed(fields)
    if not isinstance(fields, Mapping):
        raise TaskFailed("`formData` is a map")
    if content_type is not None and content_type.partition(";")[0].strip().lower() == MULTIPART:
        # As files even where they are texts: else the client would write a simple form.
        return {"files": list(_parts(context, fields, closing))}
    return {"data": {str(name): _text(value) for name, value in fields.items()}}


def _parts(context: RunContext, fields: Mapping[str, Any], closing: ExitStack) -> Iterator[Part]:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            yield str(name), _part(context, item, closing)


def _part(context: RunContext, value: Any, closing: ExitStack) -> tuple[str | None, BinaryIO | bytes]:
    """Return the file name and content of a field: an address, a text, or a map of `name` and `content`."""
    name: str | None = None
    if isinstance(value, Mapping):
        if not isinstance(value.get("name"), str) or not isinstance(value.get("content"), str):
            raise TaskFailed("A field of `formData` that is a map has a `name` and a `content`")
        name, value = value["name"], value["content"]
    text = _text(value)
    if not is_address(text):
        return name, text.encode()
    return name or text.rpartition("/")[2] or f"file{extension_of(text)}", closing.enter_context(opened(context, text))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise TaskFailed(f"`formData` can't be read as JSON: {error}") from error

"""What properties hold once they are rendered: lists and maps that may be written as JSON text."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from runfold.tasks.context import RunContext, TaskFailed

_SIZE: Final = re.compile(r"([0-9]{1,15})\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_UNITS: Final = {"": 0, "B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4}


def text_list(context: RunContext, written: Any, name: str) -> list[str]:
    """Return a list of texts: one, several, or JSON of them. Nulls are left out. Raises: TaskFailed."""
    rendered = context.evaluate(written)
    if isinstance(rendered, str):
        rendered = _parsed(rendered) if rendered.lstrip().startswith("[") else [rendered]
    if not isinstance(rendered, list | tuple) or any(isinstance(item, dict | list) for item in rendered):
        raise TaskFailed(f"`{name}` is a list of texts, or JSON of one")
    return [item if isinstance(item, str) else str(item) for item in rendered if item is not None]


def text_map(context: RunContext, written: Any, name: str) -> dict[str, str]:
    """Return a map of texts, or what JSON of one holds. Raises: TaskFailed."""
    rendered = context.render_deep(written)
    if isinstance(rendered, str):
        rendered = _parsed(rendered)
    if not isinstance(rendered, Mapping):
        raise TaskFailed(f"`{name}` is a map of texts, or JSON of one")
    return {str(key): value if isinstance(value, str) else _json(value) for key, value in rendered.items()}


def flag(context: RunContext, written: Any) -> bool:
    """Return a yes or no that may be a template."""
    return bool(context.evaluate(written) in (True, "true"))


def number(context: RunContext, written: Any, name: str) -> int | None:
    """Return a whole number of at least 1; None: not given. Raises: TaskFailed."""
    rendered = context.evaluate(written)
    if rendered is None:
        return None
    try:
        found = int(str(rendered))
    except ValueError:
        found = 0
    if found < 1:
        raise TaskFailed(f"`{name}` is a whole number, 1 or more")
    return found


def size_bytes(context: RunContext, written: Any, name: str) -> int | None:
    """Return a size such as `10MB`, or a number of bytes; None: not given. Raises: TaskFailed."""
    rendered = context.evaluate(written)
    if rendered is None:
        return None
    found = _SIZE.fullmatch(str(rendered).strip())
    size = int(found[1]) * 1024 ** _UNITS[(found[2] or "").upper()] if found else 0
    if size < 1:
        raise TaskFailed(f"`{name}` is a size such as 512B, 10KB or 1MB")
    return size


def namespace_of(context: RunContext, written: str | None) -> str:
    """Return the namespace that is meant: the flow's own if none is given."""
    return context.render(written) or context.namespace


def required(context: RunContext, written: str, name: str) -> str:
    """Return a text that must not be empty. Raises: TaskFailed."""
    rendered = context.render(written)
    if not rendered:
        raise TaskFailed(f"`{name}` is empty")
    return rendered


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise TaskFailed(f"The text can't be read as JSON: {error}") from error


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()

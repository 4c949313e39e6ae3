"""
What the beginning of a file looks like, by the extension of its name. Pure.

Shape: {extension, content, type, truncated}; `type` is TEXT, MARKDOWN, LIST (rows of items) or
IMAGE (base64). A file that is not of its kind is shown as text.
"""

import base64
import codecs
from typing import Any, Final

import orjson

from runfold.errors import BadRequest
from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.ion import load
from runfold.ports import Readable

ROWS_MAX: Final = 5_000
ROWS_DEFAULT: Final = 100
SIZE_MAX_BYTES: Final = 1024 * 1024
"""Of a text that is shown; what follows is not read."""

IMAGE_SIZE_MAX_BYTES: Final = 8 * 1024 * 1024
IMAGES: Final = frozenset({"jpg", "jpeg", "png", "svg", "gif", "bmp", "webp"})
LISTS: Final = frozenset({"ion", "jsonl", "ndjson"})


def preview(content: Readable, extension: str, rows_max: int, encoding: str) -> dict[str, Any]:
    """Return the preview of a file. Raises: BadRequest, the encoding is none that there is."""
    if extension in IMAGES:
        return _image(content, extension)
    try:
        decode = codecs.getincrementaldecoder(encoding)(errors="replace").decode
    except LookupError as error:
        raise BadRequest(f"Invalid encoding: {encoding[:50]!r} is none that there is") from error
    raw = content.read(SIZE_MAX_BYTES + 1)
    lines = decode(raw[:SIZE_MAX_BYTES]).splitlines()
    truncated = len(raw) > SIZE_MAX_BYTES or len(lines) > rows_max
    shown = lines[:rows_max]
    if extension in LISTS:
        try:
            return _answer(extension, [_item(line) for line in shown if line.strip()], "LIST", truncated=truncated)
        except (Refused, ValueError):
            pass
    kind = "MARKDOWN" if extension == "md" else "TEXT"
    return _answer(extension, "\n".join(shown), kind, truncated=truncated)


def _image(content: Readable, extension: str) -> dict[str, Any]:
    raw = content.read(IMAGE_SIZE_MAX_BYTES + 1)
    truncated = len(raw) > IMAGE_SIZE_MAX_BYTES
    return _answer(extension, "" if truncated else base64.b64encode(raw).decode(), "IMAGE", truncated=truncated)


def _item(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return load(line, lambda: None)


def _answer(extension: str, content: Any, kind: str, *, truncated: bool) -> dict[str, Any]:
    return {"extension": extension, "content": content, "type": kind, "truncated": truncated}

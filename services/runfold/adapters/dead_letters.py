"""
Dead letters: records that nobody could read, kept with their place and the reason.

Whatever the record was, its letter is one that every cluster takes: what is too long is cut.
"""

import base64
from typing import Any, Final

import orjson

from runfold.ports import RECORD_SIZE_MAX, Message, Record
from runfold.topology import DEAD_LETTERS

ERROR_LENGTH_MAX: Final = 2_000
KEY_LENGTH_MAX: Final = 1_000
VALUE_LENGTH_MAX: Final = 512 * 1024


def dead_letter(record: Record, error: Exception | str) -> Message:
    """
    Return the letter for a record that could not be used.

    Shape: {topic, partition, offset, key, error, value} with value as text, or `valueBase64`
    where it is no UTF-8; a very long value is cut (`truncated`).
    """
    key = None if record.key is None else record.key[:KEY_LENGTH_MAX]
    body: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": key,
        "error": str(error)[:ERROR_LENGTH_MAX].encode(errors="replace").decode(),
    }
    length = VALUE_LENGTH_MAX
    # JSON makes up to six bytes of one; each turn halves it, so there are few.
    while len(letter := orjson.dumps(body | _content(record.value or b"", length))) > RECORD_SIZE_MAX:
        length //= 2
    return Message(DEAD_LETTERS, key, letter, {"content-type": "application/json"})


def _content(value: bytes, length: int) -> dict[str, Any]:
    """Return the value, or its first part, in a form that JSON takes."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        content: dict[str, Any] = {"valueBase64": base64.b64encode(value[:length]).decode()}
        is_cut = len(value) > length
    else:
        content, is_cut = {"value": text[:length]}, len(text) > length
    return content | {"truncated": True} if is_cut else content

"""
Dead letters: records that nobody could read, kept with their place and the reason.
"""

import base64
from typing import Any

import orjson

from runfold.ports import Message, Record
from runfold.topology import DEAD_LETTERS

ERROR_MAX = 2_000
VALUE_MAX_BYTES = 512 * 1024


def dead_letter(record: Record, error: Exception | str) -> Message:
    """
    Return the letter for a record that could not be used.

    Shape: {topic, partition, offset, key, error, value} with value as text, or `valueBase64`
    where it is no UTF-8; a very long value is cut (`truncated`).
    """
    value = record.value or b""
    body: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "error": str(error)[:ERROR_MAX],
    }
    if len(value) > VALUE_MAX_BYTES:
        body["truncated"] = True
        value = value[:VALUE_MAX_BYTES]
    try:
        body["value"] = value.decode()
    except UnicodeDecodeError:
        body["valueBase64"] = base64.b64encode(value).decode()
    return Message(DEAD_LETTERS, record.key, orjson.dumps(body), {"content-type": "application/json"})

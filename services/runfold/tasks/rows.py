"""
Files row by row, without holding them in memory: rows end with a separator, items are one a row.

An item is JSON or Ion. Rows keep their bytes: what is filtered or sorted out is written back as it was.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, BinaryIO, Final

import orjson

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.ion import load
from runfold.tasks.context import TaskFailed

CHUNK_SIZE_BYTES: Final = 256 * 1024
ROW_SIZE_MAX_BYTES: Final = 16 * 1024 * 1024
ITEM_STEPS_MAX: Final = 1_000_000


def rows(content: BinaryIO, separator: bytes = b"\n") -> Iterator[bytes]:
    """
    Yield the rows of a file, without their separators; nothing follows the last separator.

    Raises:
        TaskFailed: One is larger than any row may be.
    """
    rest = b""
    while chunk := content.read(CHUNK_SIZE_BYTES):
        *whole, rest = (rest + chunk).split(separator)
        yield from whole
        if len(rest) > ROW_SIZE_MAX_BYTES:
            raise TaskFailed(f"A row is larger than {ROW_SIZE_MAX_BYTES} bytes: is the separator right?")
    if rest:
        yield rest


def items(content: BinaryIO) -> Iterator[tuple[bytes, Any]]:
    """Yield each row that holds an item, with the item. Raises: TaskFailed."""
    for number, row in enumerate(rows(content), 1):
        line = row.strip()
        if line:
            yield line, _item(line, number)


def item_variables(item: Any) -> dict[str, Any]:
    """Return what a template about an item sees: the keys of a map, else the item under `item`."""
    return dict(item) if isinstance(item, dict) else {"item": item}


def _item(line: bytes, number: int) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    steps = count()

    def step() -> None:
        if next(steps) > ITEM_STEPS_MAX:
            raise Refused("it is too large")

    try:
        return load(line.decode(), step)
    except (Refused, UnicodeDecodeError) as error:
        raise TaskFailed(f"Row {number} holds no item in Ion or JSON") from error

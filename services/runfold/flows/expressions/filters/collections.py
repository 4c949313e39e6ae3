"""Filters of lists, maps and numbers."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.filters.texts import count_of, text_of
from runfold.flows.expressions.numbers import format_number
from runfold.flows.expressions.operators import is_number
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render
from runfold.flows.expressions.runtime import to_text
from runfold.flows.expressions.tests import is_empty

#: What can be sorted: all items of a list of one of these.
_ORDERED: Final[tuple[type, ...]] = (str, bool, datetime, date, time, timedelta)


def items_of(value: object) -> list[object]:
    """Return the items of `value`, which must be a list or set."""
    if not isinstance(value, list | tuple | set | frozenset):
        raise Refused("The input of the filter must be a list")
    return list(value)


def absolute(value: object) -> object:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        raise Refused("The input of the filter must be a number")
    return abs(value)


def end_of(place: int) -> Callable[[object], object]:
    """Return the filter that gives the first (0) or last (-1) item or character."""

    def item(value: object) -> object:
        found = value if isinstance(value, str) else items_of(value)
        return found[place] if found else None

    return item


def join(render: Render, value: object, separator: object = None) -> str:
    between = "" if separator is None else text_of(separator)
    pieces: list[str] = []
    chars = 0
    for item in items_of(value):
        pieces.append("null" if item is None else to_text(render, item))
        chars += len(pieces[-1]) + len(between)
        render.meter.chars(chars - len(between))
    return between.join(pieces)


def length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | set | frozenset | Mapping) else 0


def cut(value: object, start: object = None, end: object = None) -> object:
    whole = value if isinstance(value, str) else items_of(value)
    first = 0 if start is None else count_of(start, "fromIndex")
    last = len(whole) if end is None else count_of(end, "toIndex")
    if first < 0 or last > len(whole) or first >= last:
        raise Refused("slice: an index is outside of the input")
    return whole[first:last]


def in_order(*, descending: bool) -> Callable[[object], list[object]]:
    """Return the filter that sorts in natural order."""

    def ordered(value: object) -> list[object]:
        items: list[Any] = items_of(value)
        kinds = (kind for kind in _ORDERED if all(isinstance(item, kind) for item in items))
        if not all(is_number(item) for item in items) and next(kinds, None) is None:
            raise Refused("Only items of one kind can be sorted, null not among them")
        return sorted(items, reverse=descending)

    return ordered


def merge(value: object, items: object) -> object:
    if isinstance(value, Mapping) and isinstance(items, Mapping):
        return {**value, **items}
    if isinstance(value, Mapping):
        return {**value, **{item: item for item in items_of(items) if isinstance(item, str | int | float)}}
    return [*items_of(value), *items_of(items)]


def chunk(value: object, size: object) -> list[list[object]]:
    items, count = items_of(value), count_of(size, "size")
    if count < 1:
        raise Refused("The argument 'size' must be at least 1")
    return [items[at : at + count] for at in range(0, len(items), count)]


def keys(value: object) -> list[object]:
    return list(value) if isinstance(value, Mapping) else list(range(len(items_of(value))))


def values(value: object) -> list[object]:
    if not isinstance(value, Mapping):
        raise Refused("The input of the filter must be a map")
    return list(value.values())


def flatten(render: Render, value: object) -> list[object]:
    flat: list[object] = []
    for item in items_of(value):
        flat += item if isinstance(item, list | tuple) else [item]
        render.meter.items(len(flat))
    return flat


def sortable(*, descending: bool) -> Builtin:
    return Builtin(in_order(descending=descending))


FILTERS: Final[Mapping[str, Builtin]] = {
    "abs": Builtin(absolute),
    "default": Builtin(lambda value, other: other if is_empty(value) else value, ("default",), 1, takes_null=True),
    "first": Builtin(end_of(0)),
    "last": Builtin(end_of(-1)),
    "join": Builtin(join, ("separator",), takes_render=True),
    "length": Builtin(length, takes_null=True),
    "numberFormat": Builtin(format_number, ("format",), 1),
    "slice": Builtin(cut, ("fromIndex", "toIndex")),
    "sort": sortable(descending=False),
    "rsort": sortable(descending=True),
    "reverse": Builtin(lambda value: items_of(value)[::-1]),
    "merge": Builtin(merge, ("items",), 1),
    "chunk": Builtin(chunk, ("size",), 1),
    "keys": Builtin(keys),
    "values": Builtin(values),
    "flatten": Builtin(flatten, takes_render=True),
}

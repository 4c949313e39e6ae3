"""jq's plain functions: `function(meter, value, *arguments)`."""

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from runfold.flows.expressions import patterns
from runfold.flows.expressions.jq.values import Failed, by_order, is_true, kind_of, order, written
from runfold.flows.expressions.limits import Meter
from runfold.flows.expressions.numbers import parse_number
from runfold.flows.expressions.printing import json_text


def entries(value: Any) -> list[tuple[object, object]]:
    """Return the keys and items of a list or map."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return list(enumerate(value))
    raise Failed(f"Cannot iterate over {kind_of(value)}")


def sliced(value: Any, start: Any, end: Any) -> object:
    if value is None:
        return None
    if not isinstance(value, str | list):
        raise Failed(f"Cannot slice {kind_of(value)}")
    first = None if start is None else math.floor(start)
    return value[first : None if end is None else math.ceil(end)]


# Functions of values -----------------------------------------------------------------------------


def _length(_meter: Meter, value: Any) -> object:
    if value is None:
        return 0
    return abs(value) if isinstance(value, int | float) and not isinstance(value, bool) else len(value)


def _keys(_meter: Meter, value: Any) -> list[object]:
    return sorted(value) if isinstance(value, dict) else list(range(len(value)))


def to_entries(_meter: Meter, value: Any) -> list[object]:
    return [{"key": key, "value": item} for key, item in value.items()]


def from_entries(meter: Meter, value: Any) -> dict[str, object]:
    made: dict[str, object] = {}
    for entry in value:
        names = (entry.get(name) for name in ("key", "k", "name", "Name", "Key", "K"))
        key = next((name for name in names if name is not None), None)
        item = next((entry[name] for name in ("value", "v", "Value", "V") if name in entry), None)
        made["null" if key is None else written(key, meter)] = item
    return made


def _add(meter: Meter, value: Any) -> object:
    items = list(value.values()) if isinstance(value, dict) else list(value)
    items = [item for item in items if item is not None]
    if not items:
        return None
    if all(isinstance(item, str) for item in items):
        meter.chars(sum(map(len, items)))
        return "".join(items)
    if all(isinstance(item, list) for item in items):
        meter.items(sum(map(len, items)))
        return [one for item in items for one in item]
    if all(isinstance(item, dict) for item in items):
        return {key: one for item in items for key, one in item.items()}
    return sum(items)


def _sort(meter: Meter, value: list[object]) -> list[object]:
    return sorted(value, key=by_order(meter))


def _unique(meter: Meter, value: list[object]) -> list[object]:
    made: list[object] = []
    for item in _sort(meter, value):
        if not made or order(made[-1], item, meter):
            made.append(item)
    return made


def _has(_meter: Meter, value: Any, key: Any) -> bool:
    return key in value if isinstance(value, dict) else 0 <= key < len(value)


def _contains(meter: Meter, value: Any, part: Any) -> bool:
    meter.step()
    if isinstance(value, dict) and isinstance(part, dict):
        return all(key in value and _contains(meter, value[key], item) for key, item in part.items())
    if isinstance(value, list) and isinstance(part, list):
        return all(any(_contains(meter, one, item) for one in value) for item in part)
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    return order(value, part, meter) == 0


def _number(_meter: Meter, value: Any) -> object:
    if isinstance(value, str):
        found = parse_number(value, "BIGDECIMAL")
        return int(value) if value.lstrip("-").isdigit() else float(str(found))
    return value + 0


def _flatten(meter: Meter, value: Any, depth: Any = 64) -> list[object]:
    flat: list[object] = []
    for item in value:
        flat += _flatten(meter, item, depth - 1) if isinstance(item, list) and depth > 0 else [item]
        meter.items(len(flat))
    return flat


def _join(meter: Meter, value: Any, separator: str) -> str:
    pieces = ["" if item is None else written(item, meter) for item in value]
    meter.chars(sum(map(len, pieces)) + len(separator) * len(pieces))
    return separator.join(pieces)


def ranged(meter: Meter, _value: Any, start: Any, end: Any = None, by: Any = 1) -> list[object]:
    first, last = (0, start) if end is None else (start, end)
    if by == 0:
        raise Failed("A range needs a step")
    count = max(math.ceil((last - first) / by), 0)
    meter.items(count)
    meter.step(count)
    return [first + at * by for at in range(count)]


def _extreme(place: int) -> Callable[[Meter, list[object]], object]:
    def find(meter: Meter, value: list[object]) -> object:
        return _sort(meter, value)[place] if value else None

    return find


def _index(_meter: Meter, value: Any, part: Any) -> object:
    at = value.find(part) if isinstance(value, str) else value.index(part) if part in value else -1
    return None if at < 0 else at


def _raised(_meter: Meter, value: object, given: object = None) -> object:
    raise Failed(value if given is None else given)


def _transposed(meter: Meter, value: Any) -> list[object]:
    width = max(map(len, value), default=0)
    meter.items(width * len(value))
    return [[row[at] if at < len(row) else None for row in value] for at in range(width)]


def _replaced(most: int | None) -> Callable[[Meter, str, str, str], str]:
    def replace(meter: Meter, value: str, pattern: str, new: str) -> str:
        quoted = new.replace("\\", "\\\\").replace("$", "\\$")
        return patterns.replace(value, pattern, quoted, meter.chars, most=most)

    return replace


PLAIN: Final[Mapping[str, Callable[..., object]]] = {
    "length/0": _length,
    "keys/0": _keys,
    "keys_unsorted/0": lambda _meter, value: list(value) if isinstance(value, dict) else list(range(len(value))),
    "to_entries/0": to_entries,
    "from_entries/0": from_entries,
    "add/0": _add,
    "any/0": lambda _meter, value: any(map(is_true, value)),
    "all/0": lambda _meter, value: all(map(is_true, value)),
    "sort/0": _sort,
    "unique/0": _unique,
    "reverse/0": lambda _meter, value: value[::-1] if value is not None else [],
    "min/0": _extreme(0),
    "max/0": _extreme(-1),
    "has/1": _has,
    "contains/1": _contains,
    "inside/1": lambda meter, value, whole: _contains(meter, whole, value),
    "index/1": _index,
    "flatten/0": _flatten,
    "flatten/1": _flatten,
    "transpose/0": _transposed,
    "type/0": lambda _meter, value: kind_of(value),
    "not/0": lambda _meter, value: not is_true(value),
    "tostring/0": lambda meter, value: written(value, meter),
    "@text/0": lambda meter, value: written(value, meter),
    "tojson/0": lambda meter, value: json_text(value, meter.chars),
    "@json/0": lambda meter, value: json_text(value, meter.chars),
    "fromjson/0": lambda _meter, value: json.loads(value),
    "tonumber/0": _number,
    "floor/0": lambda _meter, value: math.floor(value),
    "ceil/0": lambda _meter, value: math.ceil(value),
    "round/0": lambda _meter, value: math.floor(value + 0.5),
    "abs/0": lambda _meter, value: abs(value),
    "sqrt/0": lambda _meter, value: math.sqrt(value),
    "ascii_downcase/0": lambda _meter, value: value.lower(),
    "ascii_upcase/0": lambda _meter, value: value.upper(),
    "ltrimstr/1": lambda _meter, value, part: value.removeprefix(part),
    "rtrimstr/1": lambda _meter, value, part: value.removesuffix(part),
    "trim/0": lambda _meter, value: value.strip(),
    "startswith/1": lambda _meter, value, part: value.startswith(part),
    "endswith/1": lambda _meter, value, part: value.endswith(part),
    "split/1": lambda _meter, value, separator: value.split(separator) if separator else list(value),
    "join/1": _join,
    "test/1": lambda _meter, value, pattern: patterns.compiled(pattern).search(value) is not None,
    "sub/2": _replaced(1),
    "gsub/2": _replaced(None),
    "error/0": _raised,
    "error/1": _raised,
    "@base64/0": lambda meter, value: b64encode(written(value, meter).encode()).decode(),
    "@base64d/0": lambda _meter, value: b64decode(value).decode(),
}

"""jq's operations on values of JSON: order, arithmetic, reading and changing at a path."""

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, Final

from runfold.flows.expressions.limits import Meter
from runfold.flows.expressions.printing import json_text

Path = tuple[object, ...]
BITS_MAX: Final = 1_024


class Failed(Exception):
    """What `error` raises and `try` catches; `value` is what `catch` gets."""

    def __init__(self, value: object) -> None:
        super().__init__("A jq program failed on its input")
        self.value = value


def is_true(value: object) -> bool:
    return value is not None and value is not False


def kind_of(value: object) -> str:
    """Return jq's name of the type of `value`."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object"),
    )  # fmt: skip
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


_RANKS: Final = {"null": 0, "number": 3, "string": 4, "array": 5, "object": 6}


def _rank(value: object) -> int:
    return 1 + bool(value) if isinstance(value, bool) else _RANKS[kind_of(value)]


def order(one: Any, other: Any, meter: Meter) -> int:
    """Return -1, 0 or 1 by jq's order of all values."""
    meter.step()
    left, right = _rank(one), _rank(other)
    if left != right:
        return -1 if left < right else 1
    if isinstance(one, list):
        pairs = zip(one, other, strict=False)
        unequal = next((found for a, b in pairs if (found := order(a, b, meter))), 0)
        return unequal or (len(one) > len(other)) - (len(one) < len(other))
    if isinstance(one, dict):
        keys = order(sorted(one), sorted(other), meter)
        return keys or next((found for key in sorted(one) if (found := order(one[key], other[key], meter))), 0)
    return 0 if one is None or one == other else -1 if one < other else 1


def by_order(meter: Meter) -> Callable[[object], Any]:
    """Return the key that sorts by jq's order."""
    return cmp_to_key(lambda one, other: order(one, other, meter))


def compared(operator: str, one: object, other: object, meter: Meter) -> bool:
    found = order(one, other, meter)
    return {
        "==": found == 0, "!=": found != 0, "<": found < 0, "<=": found <= 0, ">": found > 0, ">=": found >= 0,
    }[operator]  # fmt: skip


def arithmetic(operator: str, one: Any, other: Any, meter: Meter) -> object:
    kinds = kind_of(one), kind_of(other)
    if kinds == ("number", "number"):
        return _numbers(operator, one, other)
    if operator == "+":
        return _added(one, other, kinds, meter)
    if operator == "-" and kinds == ("array", "array"):
        return [item for item in one if not any(order(item, gone, meter) == 0 for gone in other)]
    if operator == "*" and kinds == ("object", "object"):
        return _merged(one, other, meter)
    if operator == "*" and kinds == ("string", "number"):
        times = max(int(other), 1) if other > 0 else 0
        meter.chars(len(one) * times)
        return one * times if times else None
    if operator == "/" and kinds == ("string", "string"):
        return one.split(other) if other else list(one)
    raise Failed(f"{kinds[0]} and {kinds[1]} cannot be used with {operator}")


def _numbers(operator: str, one: Any, other: Any) -> object:
    if operator in ("/", "%"):
        divisor = other if operator == "/" else int(other)
        if divisor == 0:
            raise Failed("A number cannot be divided by zero")
        if operator == "%":
            rest = abs(int(one)) % abs(divisor)
            return -rest if one < 0 else rest
        quotient = one / other
        return int(quotient) if quotient == int(quotient) and isinstance(one, int) else quotient
    made = one + other if operator == "+" else one - other if operator == "-" else one * other
    return float(made) if isinstance(made, int) and made.bit_length() > BITS_MAX // 16 else made


def _added(one: Any, other: Any, kinds: tuple[str, str], meter: Meter) -> object:
    if one is None or other is None:
        return other if one is None else one
    if kinds[0] != kinds[1] or kinds[0] not in ("string", "array", "object"):
        raise Failed(f"{kinds[0]} and {kinds[1]} cannot be added")
    meter.step(1 + len(other) // 64)
    return {**one, **other} if kinds[0] == "object" else one + other


def _merged(one: dict[str, object], other: dict[str, object], meter: Meter) -> dict[str, object]:
    meter.step()
    made = dict(one)
    for key, item in other.items():
        old = made.get(key)
        made[key] = _merged(old, item, meter) if isinstance(old, dict) and isinstance(item, dict) else item
    return made


def written(value: object, meter: Meter) -> str:
    """Return the text of `value`: itself, or JSON."""
    return value if isinstance(value, str) else json_text(value, meter.chars)


def read(value: Any, key: object) -> object:
    """Return what `.[key]` gives: null where nothing is."""
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int | float) and not isinstance(key, bool):
        at = int(key) + (len(value) if key < 0 else 0)
        return value[at] if 0 <= at < len(value) else None
    raise Failed(f"Cannot index {kind_of(value)} with {kind_of(key)}")


def updated(value: Any, path: Path, change: Callable[[object], object], meter: Meter) -> object:
    """Return `value` with what is at `path` changed; what is missing on the way is made."""
    meter.step()
    if not path:
        return change(value)
    key, rest = path[0], path[1:]
    new = updated(read(value, key), rest, change, meter)
    if isinstance(key, str):
        return {**(value or {}), key: new}
    items = list(value or [])
    at = int(key) if isinstance(key, int | float) else 0
    at += len(items) if at < 0 else 0
    if at < 0:
        raise Failed("Out of bounds negative array index")
    meter.items(at)
    items += [None] * (at + 1 - len(items))
    items[at] = new
    return items


def without(value: Any, path: Path, meter: Meter) -> object:
    """Return `value` without what is at `path`."""
    meter.step()
    found = read(value, path[0]) if path else None
    if not path or value is None:
        return None
    if len(path) > 1:
        return value if found is None else updated(value, path[:1], lambda old: without(old, path[1:], meter), meter)
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != path[0]}
    at = int(path[0]) if isinstance(path[0], int | float) else 0
    at += len(value) if at < 0 else 0
    return value[:at] + value[at + 1 :] if 0 <= at < len(value) else value

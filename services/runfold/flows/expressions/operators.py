"""
Pebble's operators on plain values.

Whole numbers are Java longs: they wrap at 64 bits, division truncates toward zero. Equality and
membership walk values step by step, so that even values of shared parts cost what they measure.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final, cast

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.printing import print_value

Number = int | float | Decimal
#: Big decimals keep this many digits; big integers of more bits are refused.
DIGITS_MAX: Final = 200
BITS_MAX: Final = 1_024
_DECIMALS: Final = Context(prec=DIGITS_MAX, traps=[InvalidOperation, DivisionByZero, Overflow])
_LONG: Final = 1 << 63


def free(_count: int = 1) -> None:
    """Count nothing: for comparisons that are small anyway."""


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(value: object, operator: str) -> Number:
    if not is_number(value):
        raise Refused(f"The operator '{operator}' needs numbers")
    return cast("Number", value)


def _whole(value: int, *operands: int) -> int:
    """Return `value` wrapped to 64 bits, unless an operand was a big integer."""
    if -_LONG <= value < _LONG:
        return value
    if all(-_LONG <= operand < _LONG for operand in operands):
        return (value + _LONG) % (2 * _LONG) - _LONG
    if value.bit_length() > BITS_MAX:
        raise Refused("A number is too large")
    return value


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(float(value)) if isinstance(value, float) else value)


def arithmetic(operator: str, left: object, right: object, step: Callable[[int], None] = free) -> object:
    """Return `left operator right` for + - * / %, lists and texts included."""
    if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
        return _joined(left) + _joined(right)
    if operator in "+-" and isinstance(left, list | tuple):
        return _with(left, right) if operator == "+" else _without(left, right, step)
    one, other = _number(left, operator), _number(right, operator)
    if isinstance(one, int) and isinstance(other, int):
        return _whole(_INTEGERS[operator](one, other), one, other)
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return _DECIMAL_OPERATIONS[operator](_decimal(one), _decimal(other))
    return _FLOATS[operator](float(one), float(other))


def _joined(value: object) -> str:
    return "null" if value is None else print_value(value)


def _with(items: list[object] | tuple[object, ...], added: object) -> list[object]:
    return [*items, *added] if isinstance(added, list | tuple) else [*items, added]


def _without(items: list[object] | tuple[object, ...], removed: object, step: Callable[[int], None]) -> list[object]:
    gone = removed if isinstance(removed, list | tuple) else [removed]
    return [item for item in items if not any(equal(item, one, step) for one in gone)]


def _integer_quotient(one: int, other: int) -> int:
    if other == 0:
        raise Refused("A number is divided by zero")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _float_quotient(one: float, other: float) -> float:
    if other != 0:
        return one / other
    if one == 0 or math.isnan(one):
        return math.nan
    return math.inf * math.copysign(1, one) * math.copysign(1, other)


_INTEGERS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _integer_quotient,
    "%": lambda one, other: one - other * _integer_quotient(one, other),
}
_FLOATS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _float_quotient,
    "%": lambda one, other: math.fmod(one, other) if other and math.isfinite(one) else math.nan,
}
_DECIMAL_OPERATIONS: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": _DECIMALS.add,
    "-": _DECIMALS.subtract,
    "*": _DECIMALS.multiply,
    "/": _DECIMALS.divide,
    "%": _DECIMALS.remainder,
}


def negative(value: object) -> object:
    """Return minus `value`."""
    number = _number(value, "-")
    return _whole(-number, number) if isinstance(number, int) else -number


def positive(value: object) -> object:
    """Return `value`, which must be a number."""
    return _number(value, "+")


# Comparison --------------------------------------------------------------------------------------


def equal(left: object, right: object, step: Callable[[int], None] = free) -> bool:
    """Tell whether both are equal: numbers by value, collections in depth."""
    step(1)
    if left is right or left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return left == right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(
            key in right and equal(item, right[key], step) for key, item in left.items()
        )
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(equal(one, other, step) for one, other in zip(left, right, strict=True))
    plain = (str, bool, datetime, date, time, timedelta)
    same = next((kind for kind in plain if isinstance(left, kind) and isinstance(right, kind)), None)
    return same is not None and left == right


def compare(operator: str, left: object, right: object, step: Callable[[int], None]) -> bool:
    """Return `left operator right` for == != < > <= >=; order is for numbers, null is in none."""
    if operator == "==":
        return equal(left, right, step)
    if operator == "!=":
        return not equal(left, right, step)
    if left is None or right is None:
        return False
    one, other = _number(left, operator), _number(right, operator)
    match operator:
        case "<":
            return one < other
        case ">":
            return one > other
        case "<=":
            return one <= other
        case _:
            return one >= other


def contains(left: object, right: object, step: Callable[[int], None] = free) -> bool:
    """Tell whether a collection has an item (or all of a collection), a map a key, a text a part."""
    if left is None:
        return False
    if isinstance(left, Mapping):
        return right in left if isinstance(right, str | int | float) else False
    if isinstance(left, str):
        return _part(right) in left
    if isinstance(left, list | tuple | set | frozenset):
        wanted = right if isinstance(right, list | tuple | set | frozenset) else [right]
        return all(any(equal(item, one, step) for item in left) for one in wanted)
    raise Refused("The operator 'contains' needs a text, a collection or a map on its left")


def _part(value: object) -> str:
    if value is None or isinstance(value, list | tuple | Mapping):
        raise Refused("The operator 'contains' needs a text on its right")
    return print_value(value)


# Conditions --------------------------------------------------------------------------------------


def truth(value: object) -> bool:
    """Return the truth of a boolean, a number (not 0) or a text (not empty); others are refused."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value != ""
    if is_number(value):
        return value != 0
    kind = "null" if value is None else "a collection" if isinstance(value, Mapping | list | tuple) else "this value"
    raise Refused(f"A condition cannot be {kind}")

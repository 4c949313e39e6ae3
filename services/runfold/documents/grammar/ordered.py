"""
Values that have an order: numbers, durations, dates, ages, levels.

Each type is a scale that says what a text stands for and what comes next to it. The rule:
greater and less leave the value itself out, and a value that is not exact (a day, say) lies
between its least and its greatest instant.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from runfold.documents.grammar.fields import ValueType
from runfold.documents.grammar.tree import Op, Term, Value
from runfold.documents.grammar.values import DECIMAL, WHOLE, after, before, duration_of, span_of
from runfold.documents.query import AnyOf, Between, Filter, Is
from runfold.errors import QueryInvalid

Bounds = tuple[Any, Any]
"""The least and the greatest that a value stands for; both belong to it."""

_MILLI: Final = timedelta(milliseconds=1)
_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Scale:
    """How a text is read (it may raise ValueError or OverflowError), and the steps to its neighbours."""

    called: str
    example: str
    read: Callable[[str, datetime], Bounds]
    lower: Callable[[Any], Any]
    higher: Callable[[Any], Any]


def ordered(term: Term, scale: Scale, stored: str, now: datetime) -> Filter:
    """Return the filter on the document's field `stored` that `term` says. Raises: QueryInvalid."""
    if term.op is Op.RANGE:
        return _range(term, scale, stored, now)
    bounds = [_read(value, scale, now) for value in term.values]
    if term.op is Op.IS:
        parts = tuple(_equal(stored, each, now) for each in bounds)
        return parts[0] if len(parts) == 1 else AnyOf(parts)
    try:
        return _compared(term.op, bounds[0], scale, stored)
    except OverflowError as error:
        raise QueryInvalid(f"'{term.values[0].text[:_SHOWN]}' has no neighbour", term.values[0].column) from error


def _compared(op: Op, bounds: Bounds, scale: Scale, stored: str) -> Filter:
    low, high = bounds
    match op:
        case Op.GREATER:
            return Between(stored, low=scale.higher(high))
        case Op.AT_LEAST:
            return Between(stored, low=low)
        case Op.LESS:
            return Between(stored, high=scale.lower(low))
        case _:
            return Between(stored, high=high)


def _range(term: Term, scale: Scale, stored: str, now: datetime) -> Filter:
    first, last = (_read(value, scale, now) if value.text else None for value in term.values)
    low = first[0] if first else None
    high = last[1] if last else None
    if low is not None and high is not None and low > high:
        raise QueryInvalid("the range ends before it begins: exchange its ends", term.values[0].column)
    return Between(stored, low, high)


def _equal(stored: str, bounds: Bounds, now: datetime) -> Filter:
    """Return what is equal. A moment told from now means the time between both: nobody asks for a microsecond."""
    low, high = bounds
    if isinstance(low, datetime) and low == high:
        low, high = min(low, now), max(high, now)
    return Is(stored, (low,)) if low == high else Between(stored, low, high)


def _read(value: Value, scale: Scale, now: datetime) -> Bounds:
    try:
        return scale.read(value.text.strip(), now)
    except (ValueError, OverflowError) as error:
        message = f"'{value.text[:_SHOWN]}' is no {scale.called}: write it as in {scale.example}"
        raise QueryInvalid(message, value.column) from error


def _whole(text: str, _: datetime) -> Bounds:
    if WHOLE.fullmatch(text) is None:
        raise ValueError(text)
    return int(text), int(text)


def _decimal(text: str, _: datetime) -> Bounds:
    if DECIMAL.fullmatch(text) is None:
        raise ValueError(text)
    return float(text), float(text)


def _millis(text: str, _: datetime) -> Bounds:
    """Return the milliseconds around: a part of one lies between two."""
    duration = duration_of(text)
    return -(-duration // _MILLI), duration // _MILLI


def _date(text: str, now: datetime) -> Bounds:
    first, beyond = span_of(text, now)
    return (first, first) if first == beyond else (first, before(beyond))


def _since(text: str, now: datetime) -> Bounds:
    since = now - duration_of(text)
    return since, since


def _less(number: int) -> int:
    return number - 1


def _more(number: int) -> int:
    return number + 1


def _down(number: float) -> float:
    return math.nextafter(number, -math.inf)


def _up(number: float) -> float:
    return math.nextafter(number, math.inf)


RANK: Final = Scale("rank", "", _whole, _less, _more)
"""The place in a list of choices."""

AGE: Final = Scale("duration", "10m, 1h30m or PT1H", _since, before, after)
"""How long something is so, told by the date since when it is."""

SCALES: Final[Mapping[ValueType, Scale]] = MappingProxyType(
    {
        ValueType.NUMBER: Scale("whole number", "1, >5 or 2..4", _whole, _less, _more),
        ValueType.DECIMAL: Scale("number", "1.5, >2 or 1..2.5", _decimal, _down, _up),
        ValueType.DURATION: Scale("duration", "10s, 250ms, 1m30s or PT5S", _millis, _less, _more),
        ValueType.DATE: Scale("date", "2024-12-05, 2024-12-05T10:11:12Z, -24h, now or today", _date, before, after),
    }
)

"""
Values with a type, as JSON carries them: `{"$type": "duration", "value": "PT5S"}`.

Types: float32, double, long, instant, zonedDateTime, localDateTime, localDate, localTime, javaDate,
duration, uri, set.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from runfold.errors import BadRequest
from runfold.flows.expressions.dates import read_iso
from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.values import Float32, ZonedDateTime

_DURATION = re.compile(
    r"([-+])?P(?:([-+]?\d+)D)?(?:T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+(?:\.\d{1,9})?)S)?)?", re.IGNORECASE
)


def typed_variables(value: object) -> object:
    """
    Return `value` with all typed values in it made.

    Raises:
        BadRequest: A type is not known, or its value is not of it.
    """
    if isinstance(value, Mapping):
        if set(value) == {"$type", "value"}:
            return _typed(value["$type"], value["value"])
        return {key: typed_variables(item) for key, item in value.items()}
    return [typed_variables(item) for item in value] if isinstance(value, list | tuple) else value


def _typed(name: object, value: Any) -> object:
    if not isinstance(name, str) or name not in _TYPES:
        raise BadRequest("A $type is not known")
    try:
        return _TYPES[name](value)
    except (TypeError, ValueError, OverflowError, Refused):
        raise BadRequest(f"A value is not of its $type {name}") from None


def _duration(value: str) -> timedelta:
    found = _DURATION.fullmatch(value)
    if found is None or not any(found.groups()[1:]):
        raise ValueError
    sign, days, hours, minutes, seconds = found.groups()
    size = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return -size if sign == "-" else size


def _local(value: str) -> datetime:
    return read_iso(value, UTC).replace(tzinfo=None)


def _unique(value: list[object]) -> list[object]:
    items: list[object] = []
    for item in map(typed_variables, value):
        if item not in items:
            items.append(item)
    return items


_TYPES: Final[Mapping[str, Callable[[Any], object]]] = {
    "float32": Float32,
    "double": float,
    "long": int,
    "instant": lambda value: read_iso(value, UTC).astimezone(UTC),
    "javaDate": lambda value: read_iso(value, UTC).astimezone(UTC),
    "zonedDateTime": lambda value: ZonedDateTime.of(read_iso(value, UTC)),
    "localDateTime": _local,
    "localDate": date.fromisoformat,
    "localTime": time.fromisoformat,
    "duration": _duration,
    "uri": str,
    "set": _unique,
}

"""
How values read as text: inside templates, and as JSON.

Rule: numbers, dates and durations print as Java prints them, since flows and their outputs are
compared with those of Kestra. A map's null entries are left out of JSON.
"""

import math
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.values import Float32, ZonedDateTime

#: Nesting of values that are printed; deeper ones are refused.
DEPTH_MAX: Final = 256


def print_value(value: object) -> str:
    """Return the text of `value` inside a text (null: nothing)."""
    return printed(value, _unmeasured)


def _unmeasured(_chars: int) -> None:
    """Take any length."""


def printed(value: object, measure: Callable[[int], None]) -> str:
    """Return the text of `value`; `measure` is told how long it gets, and may refuse."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return json_text(value, measure)
    return "" if value is None else scalar_text(value, zoned=zoned_text)


def scalar_text(value: object, *, zoned: Callable[[datetime], str]) -> str:
    """Return the text of a number, date or duration; `zoned` prints date-times with a zone."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return float_text(value)
        case Decimal():
            return format(value, "f")
        case date() | time() | timedelta():
            return _temporal_text(value, zoned=zoned)
    raise Refused(f"A {type(value).__name__} cannot be printed")


def _temporal_text(value: date | time | timedelta, *, zoned: Callable[[datetime], str]) -> str:
    match value:
        case datetime() if is_instant(value):
            return instant_text(value)
        case datetime() if value.tzinfo is not None:
            return zoned(value)
        case datetime():
            return f"{value.year:04}-{value:%m-%d}T{time_text(value.time())}"
        case date():
            return value.isoformat()
        case time():
            return time_text(value)
        case timedelta():
            return duration_text(value)


def json_text(value: object, measure: Callable[[int], None] = _unmeasured) -> str:
    """Return `value` as compact JSON, measured while it grows."""
    writer = _Json(measure)
    writer.write(value, 0)
    return "".join(writer.pieces)


class _Json:
    def __init__(self, measure: Callable[[int], None]) -> None:
        self.pieces: list[str] = []
        self._measure = measure
        self._chars = 0

    def _add(self, text: str) -> None:
        self._chars += len(text)
        self._measure(self._chars)
        self.pieces.append(text)

    def write(self, value: object, depth: int) -> None:
        if depth > DEPTH_MAX:
            raise Refused("A value is nested too deep to be printed")
        if isinstance(value, str):
            self._add(encode_basestring(value))
        elif value is None:
            self._add("null")
        elif isinstance(value, Mapping):
            self._map(value, depth)
        elif isinstance(value, list | tuple | set | frozenset):
            self._add("[")
            for at, item in enumerate(value):
                if at:
                    self._add(",")
                self.write(item, depth + 1)
            self._add("]")
        else:
            self._add(json_scalar(value))

    def _map(self, value: Mapping[object, object], depth: int) -> None:
        self._add("{")
        comma = ""
        for key, item in value.items():
            if item is not None:
                self._add(f"{comma}{encode_basestring(print_value(key) if key is not None else 'null')}:")
                self.write(item, depth + 1)
                comma = ","
        self._add("}")


def json_scalar(value: object) -> str:
    """Return a number or boolean as it is in JSON, dates and durations as quoted ISO texts."""
    text = scalar_text(value, zoned=offset_text)
    if isinstance(value, bool | int | Decimal) or (isinstance(value, float) and math.isfinite(value)):
        return text
    return f'"{text}"'


# Numbers -----------------------------------------------------------------------------------------


def float_text(value: float) -> str:
    """Return the text of a double, or of a 32 bit float, as Java writes it."""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    digits, exponent = _shortest(number, single=isinstance(value, Float32))
    sign = "-" if math.copysign(1, number) < 0 else ""
    if number == 0:
        return f"{sign}0.0"
    if 1e-3 <= abs(number) < 1e7:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
        return f"{sign}{whole}.{rest or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _shortest(number: float, *, single: bool) -> tuple[str, int]:
    """Return the fewest digits that name `number`, and the exponent of the first."""
    text = f"{number!r}" if not single else _shortest_single(number)
    mantissa, _, shift = text.lstrip("-").partition("e")
    whole, _, rest = mantissa.partition(".")
    digits = whole + ("" if rest == "0" else rest)
    exponent = len(whole) - 1 + int(shift or 0)
    stripped = digits.lstrip("0")
    exponent -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", exponent


def _shortest_single(number: float) -> str:
    for precision in range(1, 10):
        text = f"{number:.{precision}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == number:
            return text
    return repr(number)


# Dates -------------------------------------------------------------------------------------------


def is_instant(value: datetime) -> bool:
    """Tell whether `value` is a point in time that prints in UTC (and not a zoned date-time)."""
    if isinstance(value, ZonedDateTime) or getattr(value.tzinfo, "key", None) is not None:
        return False
    return value.tzinfo is UTC or value.utcoffset() == timedelta()


def instant_text(value: datetime) -> str:
    """Return a point in time as ISO text in UTC, with 0, 3 or 6 digits of a fraction."""
    return f"{value.year:04}-{value:%m-%dT%H:%M:%S}{_fraction(value.microsecond)}Z"


def _fraction(microsecond: int) -> str:
    if not microsecond:
        return ""
    return f".{microsecond // 1000:03}" if microsecond % 1000 == 0 else f".{microsecond:06}"


def time_text(value: time) -> str:
    """Return a time of the day as Java writes it: seconds only if there are any."""
    seconds = f":{value.second:02}{_fraction(value.microsecond)}" if value.second or value.microsecond else ""
    return f"{value.hour:02}:{value.minute:02}{seconds}"


def offset_of(value: datetime) -> str:
    """Return the offset of `value` as +01:00, or Z."""
    offset = value.utcoffset() or timedelta()
    seconds = int(offset.total_seconds())
    if not seconds:
        return "Z"
    minutes, second = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second:02}" if second else text


def zoned_text(value: datetime) -> str:
    """Return a date-time with its offset, and its region in brackets, as Java writes it."""
    region = getattr(value.tzinfo, "key", None)
    local = f"{value.year:04}-{value:%m-%d}T{time_text(value.time())}{offset_of(value)}"
    return f"{local}[{region}]" if region else local


def offset_text(value: datetime) -> str:
    """Return a date-time with its offset as ISO text, seconds always there: how JSON has it."""
    return f"{value.year:04}-{value:%m-%dT%H:%M:%S}{_fraction(value.microsecond)}{offset_of(value)}"


def duration_text(value: timedelta) -> str:
    """Return a duration as ISO text: PT1H30M, PT0.5S, PT0S."""
    micros = value // timedelta(microseconds=1)
    sign, micros = (-1, -micros) if micros < 0 else (1, micros)
    seconds, micros = divmod(micros, 1_000_000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = "".join(f"{sign * count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
    seconds %= 60
    if seconds or micros or not text:
        fraction = f".{micros:06}".rstrip("0") if micros else ""
        text += f"{'-' if sign < 0 else ''}{seconds}{fraction}S"
    return f"PT{text}"

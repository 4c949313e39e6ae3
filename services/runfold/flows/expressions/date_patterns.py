"""
Java's DateTimeFormatter patterns: printing and reading dates by letters.

English only. A pattern is cut into fields (a letter, repeated) and literal texts; each letter has
one line in the table of printing, and one in the table of reading.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2

from runfold.flows.expressions import patterns
from runfold.flows.expressions.failures import Refused

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
QUARTERS: Final = ("1st", "2nd", "3rd", "4th")
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PATTERN_CHARS_MAX: Final = 200
_FIELD = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'\[\]]+)|[\[\]]", re.DOTALL)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_NAMED_OFFSET: Final = ("UTC", "GMT", "UT")


@lru_cache(maxsize=256)
def fields_of(pattern: str) -> tuple[tuple[str, int, str], ...]:
    """Return (letter, count, "") of each field and ("", 0, text) of each literal."""
    if len(pattern) > PATTERN_CHARS_MAX:
        raise Refused("A date format is too long")
    fields: list[tuple[str, int, str]] = []
    at = 0
    while at < len(pattern):
        found = _FIELD.match(pattern, at)
        if found is None:
            raise Refused("A date format is not valid")
        quoted, letter, literal = found.groups()
        if letter:
            if letter not in _PRINT:
                raise Refused(f"A date format has the unknown letter '{letter}'")
            fields.append((letter, len(found.group()), ""))
        elif literal:
            fields.append(("", 0, literal))
        elif quoted is not None:
            fields.append(("", 0, quoted.replace("''", "'") or "'"))
        at = found.end()
    return tuple(fields)


def format_by(pattern: str, value: datetime) -> str:
    """Return `value`, which has a zone, by `pattern`."""
    return "".join(_PRINT[letter](value, count) if letter else literal for letter, count, literal in fields_of(pattern))


def _padded(number: int, count: int) -> str:
    return f"{number:0{count}}"


def _year(value: datetime, count: int) -> str:
    return f"{value.year % 100:02}" if count == 2 else _padded(value.year, count)


def _month(value: datetime, count: int) -> str:
    name = MONTHS[value.month - 1]
    return _padded(value.month, count) if count < 3 else _shortened(name, count)


def _quarter(value: datetime, count: int) -> str:
    number = (value.month + 2) // 3
    return {3: f"Q{number}", 4: f"{QUARTERS[number - 1]} quarter"}.get(count, _padded(number, min(count, 2)))


def _shortened(name: str, count: int) -> str:
    return {3: name[:3], 5: name[0]}.get(count, name)


def _weekday(value: datetime, count: int) -> str:
    return _shortened(DAYS[value.weekday()], max(count, 3))


def _weekday_number(value: datetime, count: int) -> str:
    # Sunday is the first day of an American week.
    return _padded(value.isoweekday() % 7 + 1, count) if count < 3 else _weekday(value, count)


def _fraction(value: datetime, count: int) -> str:
    return f"{value.microsecond:06}".ljust(9, "0")[:count]


def offset_seconds(value: datetime) -> int:
    return int((value.utcoffset() or timedelta()).total_seconds())


def _offset(value: datetime, count: int, *, zero: str = "") -> str:
    """Print an offset: +hh[mm], +hhmm, +hh:mm, and with seconds, by the count of letters."""
    seconds = offset_seconds(value)
    if not seconds and zero:
        return zero
    minutes, second = divmod(abs(seconds), 60)
    hours, minute = divmod(minutes, 60)
    colon = ":" if count in (3, 5) else ""
    text = f"{'-' if seconds < 0 else '+'}{hours:02}"
    if count > 1 or minute:
        text += f"{colon}{minute:02}"
    return f"{text}{colon}{second:02}" if second and count > 3 else text


def _named_offset(value: datetime, count: int) -> str:
    """Print an offset from GMT: in full (4 letters), or as short as it can be."""
    seconds = offset_seconds(value)
    if not seconds or count == 4:
        return f"GMT{_offset(value, 3) if seconds else ''}"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"GMT{'-' if seconds < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def _plain_offset(value: datetime, count: int) -> str:
    if count == 4:
        return _named_offset(value, count)
    if count == 5:
        return _offset(value, 5, zero="Z")
    return _offset(value, 2)


def zone_id(value: datetime, _count: int = 2) -> str:
    key = getattr(value.tzinfo, "key", None)
    return str(key) if key else _offset(value, 3, zero="Z")


def _zone_name(value: datetime, _count: int) -> str:
    return value.tzname() or "UTC" if getattr(value.tzinfo, "key", None) else zone_id(value)


def _half_day(value: datetime) -> int:
    return value.hour % 12


_PRINT: Final[Mapping[str, Callable[[datetime, int], str]]] = {
    "G": lambda _value, count: "Anno Domini" if count == 4 else "AD",
    "y": _year,
    "u": _year,
    "Y": lambda value, count: _year(value.replace(year=value.isocalendar().year, day=1), count),
    "M": _month,
    "L": _month,
    "Q": _quarter,
    "w": lambda value, count: _padded(value.isocalendar().week, count),
    "D": lambda value, count: _padded(value.timetuple().tm_yday, count),
    "d": lambda value, count: _padded(value.day, count),
    "E": _weekday,
    "e": _weekday_number,
    "a": lambda value, _count: "PM" if value.hour >= 12 else "AM",
    "H": lambda value, count: _padded(value.hour, count),
    "k": lambda value, count: _padded(value.hour or 24, count),
    "h": lambda value, count: _padded(_half_day(value) or 12, count),
    "K": lambda value, count: _padded(_half_day(value), count),
    "m": lambda value, count: _padded(value.minute, count),
    "s": lambda value, count: _padded(value.second, count),
    "S": _fraction,
    "n": lambda value, count: _padded(value.microsecond * 1000, count),
    "A": lambda value, count: _padded(_since_midnight(value) // 1_000_000, count),
    "N": lambda value, count: _padded(_since_midnight(value), count),
    "X": lambda value, count: _offset(value, count, zero="Z"),
    "x": _offset,
    "Z": _plain_offset,
    "O": _named_offset,
    "V": zone_id,
    "z": _zone_name,
}


def _since_midnight(value: datetime) -> int:
    """Return the nanoseconds of the day."""
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000_000 + value.microsecond * 1000


def zone_of(name: object) -> tzinfo:
    """Return the zone called `name`: a region, Z, UTC, or an offset such as +01:00."""
    if not isinstance(name, str) or len(name) > PATTERN_CHARS_MAX:
        raise Refused("A time zone must be a text")
    prefix = next((mark for mark in _NAMED_OFFSET if name.startswith(mark)), "")
    rest = name.removeprefix(prefix)
    if name == "Z" or (prefix and not rest):
        return UTC
    if found := _OFFSET.fullmatch(rest):
        sign, hours, minutes, seconds = found.groups()
        size = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
        if size <= timedelta(hours=18):
            return timezone(-size if sign == "-" else size) if size else UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("A time zone is not known") from None


# Reading -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Read:
    """What has been read of a date so far."""

    numbers: dict[str, int]
    zone: tzinfo | None = None
    afternoon: bool | None = None


def _names(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    return tuple(_shortened(name, count) for name in names)


def _expression(letter: str, count: int, *, tight: bool) -> str:
    """Return the regular expression of a field; `tight`: digits follow, so its width is fixed."""
    if letter in "ML" and count >= 3:
        return "|".join(_names(MONTHS, count))
    if letter == "E" or (letter == "e" and count >= 3):
        return "|".join(_names(DAYS, max(count, 3)))
    texts = {"a": "AM|PM|am|pm", "G": "AD|Anno Domini", "V": r"[A-Za-z0-9_/+:-]+", "z": r"[A-Za-z0-9_/+:-]+"}
    if letter in texts:
        return texts[letter]
    if letter in "XxZO":
        return r"Z|(?:GMT|UTC)?(?:[+-][0-9]{2}(?::?[0-9]{2}){0,2})?"
    if letter == "S" or count == 2 or tight:
        return f"[0-9]{{{count}}}"
    return f"[0-9]{{{count},9}}"


@lru_cache(maxsize=256)
def _reader(pattern: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return the regular expression of a whole text, and the fields of its groups."""
    fields = fields_of(pattern)
    parts: list[str] = []
    groups: list[tuple[str, int]] = []
    for at, (letter, count, literal) in enumerate(fields):
        if not letter:
            parts.append(re2.escape(literal))
            continue
        tight = at + 1 < len(fields) and bool(fields[at + 1][0])
        parts.append(f"({_expression(letter, count, tight=tight)})")
        groups.append((letter, count))
    return "".join(parts), tuple(groups)


def parse_by(pattern: str, text: str, zone: tzinfo) -> datetime:
    """Return the date-time that `text` is by `pattern`; what it lacks is midnight, and `zone`."""
    expression, groups = _reader(pattern)
    found = patterns.compiled(expression).fullmatch(text)
    if found is None:
        raise Refused("A date does not have the given format")
    read = _Read({})
    for (letter, count), piece in zip(groups, found.groups(), strict=True):
        _take(read, letter, count, piece)
    return _assembled(read, zone)


def _take(read: _Read, letter: str, count: int, piece: str) -> None:
    if letter in "ML":
        read.numbers["M"] = int(piece) if piece.isdigit() else _names(MONTHS, count).index(piece) + 1
    elif letter == "a":
        read.afternoon = piece.upper() == "PM"
    elif letter in "XxZOVz":
        read.zone = zone_of(piece or "Z")
    elif letter in "yu":
        read.numbers["y"] = 2000 + int(piece) if count == 2 else int(piece)
    elif letter == "S":
        read.numbers["S"] = int(piece[:6].ljust(6, "0"))
    elif letter not in "GEe":
        read.numbers[letter] = int(piece)


def _assembled(read: _Read, zone: tzinfo) -> datetime:
    numbers = read.numbers
    if "y" not in numbers:
        raise Refused("A date has no year")
    hour = numbers.get("H", numbers.get("k", 0) % 24)
    if "h" in numbers or "K" in numbers:
        hour = numbers.get("h", numbers.get("K", 0)) % 12 + (12 if read.afternoon else 0)
    micros = numbers.get("S", numbers.get("n", 0) // 1000)
    try:
        day = date(numbers["y"], numbers.get("M", 1), numbers.get("d", 1))
        if "D" in numbers:
            day = date(numbers["y"], 1, 1) + timedelta(days=numbers["D"] - 1)
        return datetime(
            day.year, day.month, day.day, hour, numbers.get("m", 0), numbers.get("s", 0), micros,
            tzinfo=read.zone or zone,
        )  # fmt: skip
    except (ValueError, OverflowError):
        raise Refused("A date is out of its bounds") from None

"""Whether a cron expression and a timezone can be read."""

import re
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from runfold.flows.schema import rule

_NAMED: Final = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"})
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_OFFSET: Final = re.compile(r"(?:Z|(?:UTC|GMT|UT)?[+-](?:0?\d|1[0-8])(?::?[0-5]\d)?)")

_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, ("", *_MONTHS)),
    ("day of week", 0, 7, _DAYS),
)
"""Name, lowest and highest value, and the names of values."""


def check_cron(text: str, *, with_seconds: bool = False) -> None:
    """Accept a cron expression. Raises: PydanticCustomError, in the author's words."""
    if text.strip() in _NAMED:
        return
    parts = text.split()
    fields = _FIELDS if with_seconds else _FIELDS[1:]
    if len(parts) != len(fields):
        raise rule(f"invalid cron expression '{text}': it has {len(parts)} fields, not {len(fields)}")
    for part, (name, low, high, names) in zip(parts, fields, strict=True):
        if not all(_fits(item, low, high, names) for item in part.split(",")):
            raise rule(f"invalid cron expression '{text}': {name} `{part}` is not within {low} to {high}")


def _fits(item: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdecimal() and 0 < int(step[:4]) <= high + 1):
        return False
    if span == "*" or (span in ("?", "L", "LW") and high in (31, 7)):
        return True
    if "#" in span:
        span, _, nth = span.partition("#")
        return high == 7 and nth in ("1", "2", "3", "4", "5") and _number(span, low, high, names) is not None
    if high in (31, 7) and len(span) > 1 and span[-1] in "LW" and span[:-1].isdecimal():
        return _number(span[:-1], low, high, names) is not None
    first, dash, last = span.partition("-")
    ends = [_number(end, low, high, names) for end in ((first, last) if dash else (first,))]
    return all(end is not None for end in ends)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int | None:
    if text.upper() in names and text:
        return names.index(text.upper())
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else -1
    return number if low <= number <= high else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_timezone(text: str) -> str:
    """Return `text`, the name of a zone or an offset. Raises: PydanticCustomError, in the author's words."""
    if text not in _zones() and not _OFFSET.fullmatch(text):
        raise rule(f"timezone '{text}' is not a valid timezone")
    return text

"""
What people write for numbers, durations and dates, and what it means.

Takes `now` from the caller. Dates without a zone are UTC. The rule: a date that says no
more than a day means that whole day, so each text becomes a span from and to.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from runfold.flows.duration import parse_duration


class Span(NamedTuple):
    """From `first` up to `beyond`, which is no part of it."""

    first: datetime
    beyond: datetime


_TICK: Final = timedelta(microseconds=1)
_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_PIECE: Final = r"\d{1,12}(?:\.\d{1,6})?(?:ms|[smhdw])"
_PIECES: Final = re.compile(rf"(?:{_PIECE})+", re.ASCII | re.IGNORECASE)
_EACH: Final = re.compile(r"([\d.]+)(ms|[smhdw])", re.ASCII | re.IGNORECASE)
_RELATIVE: Final = re.compile(r"(?:now)?([-+])(\S+)", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?(Z|[-+]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}

WHOLE: Final = re.compile(r"[-+]?\d{1,18}", re.ASCII)
DECIMAL: Final = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)


def duration_of(text: str) -> timedelta:
    """Return the duration that a text such as 10s, 1m30s, 250ms or PT5S says. Raises: ValueError."""
    if _PIECES.fullmatch(text) is None:
        return parse_duration(text)
    try:
        return sum((float(number) * _UNITS[unit.lower()] for number, unit in _EACH.findall(text)), timedelta())
    except OverflowError as error:
        raise ValueError(f"{text} is too long") from error


def span_of(text: str, now: datetime) -> Span:
    """Return what a text such as 2024-12-05, -24h, now or today says. Raises: ValueError, OverflowError."""
    now = now.astimezone(UTC)
    plain = text.lower()
    if plain == "now":
        return Span(now, now)
    if plain in _DAYS:
        day = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=_DAYS[plain])
        return Span(day, day + timedelta(days=1))
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        sign, length = relative.groups()
        moment = now + duration_of(length) if sign == "+" else now - duration_of(length)
        return Span(moment, moment)
    return _absolute(text)


def _absolute(text: str) -> Span:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no date")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micros = ((fraction or "") + "000000")[:6]
    offset = "+00:00" if zone is None else zone.upper().replace("Z", "+00:00")
    iso = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}.{micros}{offset}"
    first = datetime.fromisoformat(iso)
    if month is None:
        beyond = first.replace(year=first.year + 1)
    elif day is None:
        beyond = (first + timedelta(days=31)).replace(day=1)
    elif fraction is not None:
        beyond = first + timedelta(microseconds=10 ** max(0, 6 - len(fraction)))
    else:
        unit = next(name for name, part in (("s", second), ("m", minute), ("h", hour), ("d", day)) if part is not None)
        beyond = first + _UNITS[unit]
    return Span(first.astimezone(UTC), beyond.astimezone(UTC))


def before(moment: datetime) -> datetime:
    """Return the last instant that is before `moment`."""
    return moment - _TICK


def after(moment: datetime) -> datetime:
    """Return the first instant that is after `moment`."""
    return moment + _TICK

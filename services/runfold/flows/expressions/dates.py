"""
Dates in templates: reading what may be a date, printing it by a named or own format, adding to it.

Named formats are Java's; a text without a zone is in the zone asked for, else in that of the clock.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from runfold.flows.expressions.date_patterns import format_by, offset_seconds, parse_by, zone_id, zone_of
from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.printing import print_value
from runfold.flows.expressions.values import ZonedDateTime

#: Formats that are patterns.
_PATTERNS: Final[Mapping[str, str]] = {
    "iso": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "sql_seq": "yyyy-MM-dd HH:mm:ss",
    "iso_date": "yyyy-MM-ddXXXXX",
    "iso_local_date": "yyyy-MM-dd",
    "iso_ordinal_date": "yyyy-DDDXXXXX",
    "full": "EEEE, MMMM d, yyyy 'at' h:mm:ss a z",
    "long": "MMMM d, yyyy 'at' h:mm:ss a z",
    "medium": "MMM d, yyyy, h:mm:ss a",
    "short": "M/d/yy, h:mm a",
    "rfc_1123_date_time": "EEE, d MMM yyyy HH:mm:ss Z",
}
_LOCAL_TIME: Final = "HH:mm:ss"
_RFC_1123 = re.compile(r"(?:[A-Z][a-z]{2}, )?(\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2})(:\d{2})? (GMT|[+-]\d{4})")
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2}){0,2})?(?:\[([\w/+:-]+)\])?"
)
_DELTAS: Final[Mapping[str, timedelta]] = {
    "MILLIS": timedelta(milliseconds=1),
    "MICROS": timedelta(microseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "HALF_DAYS": timedelta(hours=12),
}
_DAYS: Final[Mapping[str, int]] = {"DAYS": 1, "WEEKS": 7}
_MONTHS: Final[Mapping[str, int]] = {"MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1200}
AMOUNT_MAX: Final = 10**12


def read_date(value: object, zone: tzinfo, *, asked: bool, existing: str | None = None) -> datetime:
    """
    Return `value` as a date-time with a zone: a date, an epoch second, or a text.

    `zone` is that of values without one; `asked`: the others are moved to it too.
    """
    match value:
        case datetime():
            found = value if value.tzinfo is not None else value.replace(tzinfo=zone)
        case date():
            found = datetime.combine(value, time(), zone)
        case bool():
            raise Refused("A boolean is no date")
        case int():
            found = _from_epoch(value).astimezone(zone)
        case str():
            found = _read_text(value, zone, existing)
        case _:
            raise Refused("The input of the filter is no date")
    return found.astimezone(zone) if asked else found


def _from_epoch(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Refused("A date is out of its bounds") from None


def _read_text(text: str, zone: tzinfo, existing: str | None) -> datetime:
    if existing == "rfc_1123_date_time":
        return _read_rfc(text)
    if existing is not None and existing in _PATTERNS:
        return parse_by(_PATTERNS[existing], text, zone)
    if existing is not None and not existing.startswith("iso_"):
        return parse_by(existing, text, zone)
    return read_iso(text, zone)


def _read_rfc(text: str) -> datetime:
    found = _RFC_1123.fullmatch(text)
    if found is None:
        raise Refused("A date does not have the given format")
    start, seconds, offset = found.groups()
    return parse_by("d MMM yyyy HH:mm:ss Z", f"{start}{seconds or ':00'} {offset}", UTC)


def read_iso(text: str, zone: tzinfo | None) -> datetime:
    """Return the date-time of an ISO text; without an offset it is in `zone` (None: has none)."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise Refused("A text is no date")
    day, minute, second, fraction, offset, region = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    moved = "+00:00" if offset == "Z" else offset or ""
    try:
        value = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}.{micros}{moved}")
    except ValueError:
        raise Refused("A text is no date") from None
    if region:
        return ZonedDateTime.of(value.astimezone(zone_of(region)))
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def format_date(value: datetime, name: object) -> str:
    """Return `value` by a named format or a pattern (None: iso)."""
    if name is None:
        name = "iso"
    if not isinstance(name, str):
        raise Refused("A date format must be a text")
    if name in _NAMED:
        return _NAMED[name](value)
    return format_by(_PATTERNS.get(name, name), value)


def _iso_time(value: datetime) -> str:
    fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return format_by(_LOCAL_TIME, value) + fraction


def _iso_local(value: datetime) -> str:
    return f"{format_by('yyyy-MM-dd', value)}T{_iso_time(value)}"


def _iso_offset(value: datetime) -> str:
    return _iso_local(value) + format_by("XXXXX", value)


def _iso_zoned(value: datetime) -> str:
    region = getattr(value.tzinfo, "key", None)
    return _iso_offset(value) + (f"[{zone_id(value)}]" if region else "")


def _iso_week(value: datetime) -> str:
    year, week, day = value.isocalendar()
    return f"{year:04}-W{week:02}-{day}{format_by('XXXXX', value)}"


def _rfc(value: datetime) -> str:
    offset = format_by("xx", value) if offset_seconds(value) else "GMT"
    return f"{format_by('EEE, d MMM yyyy HH:mm:ss', value)} {offset}"


_NAMED: Final[Mapping[str, Callable[[datetime], str]]] = {
    "iso_local_time": _iso_time,
    "iso_local_date_time": _iso_local,
    "iso_offset_date_time": _iso_offset,
    "iso_zoned_date_time": _iso_zoned,
    "iso_date_time": _iso_zoned,
    "iso_time": lambda value: _iso_time(value) + format_by("XXXXX", value),
    "iso_offset_time": lambda value: _iso_time(value) + format_by("XXXXX", value),
    "iso_instant": lambda value: _iso_local(value.astimezone(UTC)) + "Z",
    "iso_week_date": _iso_week,
    "iso_ordinal_date": lambda value: format_by(_PATTERNS["iso_ordinal_date"], value),
    "rfc_1123_date_time": _rfc,
}


def add(value: datetime, amount: int, unit: str) -> datetime:
    """Return `value` moved by `amount` of Java's ChronoUnit `unit`."""
    if abs(amount) > AMOUNT_MAX:
        raise Refused("A date is out of its bounds")
    try:
        if unit in _DELTAS:
            # A duration passes on the clock that everyone shares; days and longer keep the local time.
            return (value.astimezone(UTC) + _DELTAS[unit] * amount).astimezone(value.tzinfo)
        if unit == "NANOS":
            return add(value, amount // 1000, "MICROS")
        if unit in _DAYS:
            return value + timedelta(days=_DAYS[unit] * amount)
        if unit in _MONTHS:
            return _add_months(value, _MONTHS[unit] * amount)
    except (OverflowError, ValueError):
        raise Refused("A date is out of its bounds") from None
    raise Refused("The unit of a date is not known")


def _add_months(value: datetime, months: int) -> datetime:
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    first = value.replace(day=1, year=year, month=month + 1)
    following = (first.replace(tzinfo=None) + timedelta(days=32)).replace(day=1)
    days = (following - first.replace(tzinfo=None)).days
    return first.replace(day=min(value.day, days))


def epoch(value: datetime) -> tuple[int, int]:
    """Return the whole seconds since 1970, and the microseconds after them."""
    micros = (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return divmod(micros, 1_000_000)


def text_argument(value: object) -> str | None:
    """Return a text argument, None if it was not given."""
    return None if value is None else print_value(value)

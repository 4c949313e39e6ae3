"""
How time is cut into a histogram's buckets.

Reads a span and a time zone. The rule: all boundaries are reckoned here and given to
the index, so summer time, weeks and gaps are the same everywhere.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from runfold.documents.instants import duration_text
from runfold.errors import BadRequest

BUCKETS_MAX: Final = 1000

BUCKETS_CHOSEN_MAX: Final = 36
"""An interval that we choose makes no more buckets: a day by hours, a month by days."""


class Calendar(StrEnum):
    """Intervals that begin at midnight where the reader is, weeks on Mondays; written as ISO periods."""

    DAY = "P1D"
    WEEK = "P1W"
    MONTH = "P1M"
    YEAR = "P1Y"


Interval = timedelta | Calendar

SECOND: Final = timedelta(seconds=1)

_CHOICE: Final[tuple[tuple[timedelta, Interval], ...]] = (
    *((length, length) for length in (timedelta(seconds=seconds) for seconds in (1, 5, 10, 30))),
    *((length, length) for length in (timedelta(minutes=minutes) for minutes in (1, 5, 10, 30))),
    *((length, length) for length in (timedelta(hours=hours) for hours in (1, 3, 6, 12))),
    (timedelta(days=1), Calendar.DAY),
    (timedelta(days=7), Calendar.WEEK),
    (timedelta(days=30), Calendar.MONTH),
)


def interval_for(span: timedelta) -> Interval:
    """Return the shortest interval that cuts `span` into few enough buckets to be looked at."""
    return next((interval for length, interval in _CHOICE if span <= length * BUCKETS_CHOSEN_MAX), Calendar.YEAR)


def interval_text(interval: Interval) -> str:
    """Return an interval as the API writes it: "PT1H", "P1D"."""
    return duration_text(interval) if isinstance(interval, timedelta) else str(interval)


def boundaries(low: datetime, high: datetime, interval: Interval, zone: tzinfo) -> tuple[datetime, ...]:
    """
    Return where buckets begin, in UTC, from at or before `low`, and the end of the last one, at or after `high`.

    Fixed intervals are counted from midnight of the first day in `zone`.

    Raises:
        BadRequest: There would be more than BUCKETS_MAX buckets.
    """
    if isinstance(interval, timedelta) and (interval < SECOND or interval % SECOND):
        raise BadRequest("An interval lasts one second or more, whole seconds")
    found: list[datetime] = []
    for start in _starts(low, interval, zone):
        found.append(start)
        if start >= high and start > low:
            return tuple(found)
        if len(found) > BUCKETS_MAX:
            break
    raise BadRequest(f"There would be more than {BUCKETS_MAX} buckets: take a longer interval or a shorter time")


def _starts(low: datetime, interval: Interval, zone: tzinfo) -> Iterator[datetime]:
    local = low.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if isinstance(interval, timedelta):
        first = _instant(day, zone)
        step = first + (low - first) // interval * interval
        while True:
            yield step
            step += interval
    day = _begin(day, interval)
    while True:
        yield _instant(day, zone)
        day = _next(day, interval)


def _instant(midnight: datetime, zone: tzinfo) -> datetime:
    return midnight.replace(tzinfo=zone).astimezone(UTC)


def _begin(day: datetime, interval: Calendar) -> datetime:
    match interval:
        case Calendar.DAY:
            return day
        case Calendar.WEEK:
            return day - timedelta(days=day.weekday())
        case Calendar.MONTH:
            return day.replace(day=1)
        case Calendar.YEAR:
            return day.replace(month=1, day=1)


def _next(day: datetime, interval: Calendar) -> datetime:
    match interval:
        case Calendar.DAY:
            return day + timedelta(days=1)
        case Calendar.WEEK:
            return day + timedelta(days=7)
        case Calendar.MONTH:
            return (day + timedelta(days=31)).replace(day=1)
        case Calendar.YEAR:
            return day.replace(year=day.year + 1)

"""Filters of dates."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final

from runfold.flows.expressions import dates
from runfold.flows.expressions.date_patterns import zone_of
from runfold.flows.expressions.filters.texts import count_of, text_of
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render

_PRINTING: Final = ("format", "timeZone", "existingFormat", "locale")


def zone_for(render: Render, name: object) -> tzinfo:
    """Return the zone called `name`; None: that of the clock."""
    return (render.engine.clock().tzinfo or UTC) if name is None else zone_of(name)


def read(render: Render, value: object, zone: object, existing: object) -> datetime:
    """Return the input of a date filter, in the zone asked for."""
    known = zone_for(render, zone)
    return dates.read_date(value, known, asked=zone is not None, existing=dates.text_argument(existing))


def date(
    render: Render,
    value: object,
    form: object = None,
    zone: object = None,
    existing: object = None,
    _locale: object = None,
) -> str:
    return dates.format_date(read(render, value, zone, existing), form)


def date_add(  # noqa: PLR0913, PLR0917 - the filter's arguments
    render: Render,
    value: object,
    amount: object,
    unit: object,
    form: object = None,
    zone: object = None,
    existing: object = None,
    _locale: object = None,
) -> str:
    moved = dates.add(read(render, value, zone, existing), count_of(amount, "amount"), text_of(unit).upper())
    return dates.format_date(moved, form)


def timestamp(render: Render, value: object, zone: object = None, existing: object = None) -> int:
    return dates.epoch(read(render, value, zone, existing))[0]


def timestamp_micro(render: Render, value: object, zone: object = None, existing: object = None) -> str:
    """Return seconds times 10^9, plus the microseconds: what flows of Kestra get (not what the name says)."""
    seconds, micros = dates.epoch(read(render, value, zone, existing))
    return str(seconds * 1_000_000_000 + micros)


def timestamp_nano(render: Render, value: object, zone: object = None, existing: object = None) -> str:
    seconds, micros = dates.epoch(read(render, value, zone, existing))
    return str(seconds * 1_000_000_000 + micros * 1000)


_ADDING: Final = ("amount", "unit", *_PRINTING)
_READING: Final = ("timeZone", "existingFormat")

FILTERS: Final[Mapping[str, Builtin]] = {
    "date": Builtin(date, _PRINTING, takes_render=True),
    "dateAdd": Builtin(date_add, _ADDING, 2, takes_render=True),
    "timestamp": Builtin(timestamp, _READING, takes_render=True),
    "timestampMicro": Builtin(timestamp_micro, _READING, takes_render=True),
    "timestampNano": Builtin(timestamp_nano, _READING, takes_render=True),
}

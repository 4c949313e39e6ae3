"""
The types of key-value pairs: from what was written to a typed value, and back for templates. Pure.

Values are kept in JSON form: dates and durations as ISO text beside their type.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from runfold.errors import BadRequest
from runfold.flows.duration import format_duration, parse_duration
from runfold.flows.temporal import format_instant, parse_date, parse_instant


class KvType(StrEnum):
    """What a pair holds."""

    STRING = "STRING"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    DATE = "DATE"
    DURATION = "DURATION"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class KvValue:
    """A value in JSON form, and what it means."""

    type: KvType
    value: Any


def of_json(value: Any) -> KvValue:
    """Return a value that has its type already; a text is a text, whatever it says."""
    match value:
        case bool():
            return KvValue(KvType.BOOLEAN, value)
        case int() | float():
            return KvValue(KvType.NUMBER, value)
        case str():
            return KvValue(KvType.STRING, value)
    return KvValue(KvType.JSON, value)


def of_text(text: str) -> KvValue:
    """Return what a text says: JSON, a date or a duration; else it is a text itself."""
    try:
        parsed = _json(text)
    except ValueError:
        return _dated(text)
    return KvValue(KvType.STRING, text) if parsed is None else of_json(parsed)


def of_type(kind: KvType, value: Any) -> KvValue:
    """Return `value`, typed or as text, as the type that was asked for. Raises: BadRequest."""
    try:
        return KvValue(kind, _CONVERTERS[kind](value))
    except (ValueError, OverflowError, TypeError) as error:
        raise BadRequest(f"The value is no {kind}") from error


def for_template(value: KvValue) -> Any:
    """Return a value as templates calculate with it."""
    reader = _READERS.get(value.type)
    return reader(value.value) if reader else value.value


def _dated(text: str) -> KvValue:
    for kind in (KvType.DATETIME, KvType.DATE, KvType.DURATION):
        try:
            return KvValue(kind, _CONVERTERS[kind](text))
        except (ValueError, OverflowError):
            continue
    return KvValue(KvType.STRING, text)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError from error


def _no_constant(_name: str) -> None:
    raise ValueError


def _number(value: Any) -> int | float:
    found = _json(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError  # noqa: TRY004 - the one error of all converters
    return found


def _boolean(value: Any) -> bool:
    found = value.lower() if isinstance(value, str) else value
    if found in ("true", "false"):
        return bool(found == "true")
    if not isinstance(found, bool):
        raise ValueError  # noqa: TRY004 - as above
    return found


def _string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _duration(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format_duration(timedelta(seconds=value))
    if not str(value).strip().upper().lstrip("+-").startswith("P"):
        raise ValueError
    return format_duration(parse_duration(str(value)))


_CONVERTERS: Final[Mapping[KvType, Callable[[Any], Any]]] = {
    KvType.STRING: _string,
    KvType.NUMBER: _number,
    KvType.BOOLEAN: _boolean,
    KvType.DATETIME: lambda value: format_instant(parse_instant(str(value))),
    KvType.DATE: lambda value: parse_date(str(value)).isoformat(),
    KvType.DURATION: _duration,
    KvType.JSON: lambda value: _json(value) if isinstance(value, str) else value,
}

_READERS: Final[Mapping[KvType, Callable[[Any], datetime | Any]]] = {
    KvType.DATETIME: parse_instant,
    KvType.DATE: parse_date,
    KvType.DURATION: parse_duration,
}

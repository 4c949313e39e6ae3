"""Instants, dates and times of day, read as ISO 8601 text and printed as Java prints them."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from runfold.flows.schema import rule

_ZONE_NAME = re.compile(r"\[[^\]]*\]$")
_NANOS = re.compile(r"(\.\d{6})\d{1,3}")


def parse_instant(text: str) -> datetime:
    """Return the instant, in UTC, that `text` with its Z or offset says. Raises: ValueError."""
    found = datetime.fromisoformat(_NANOS.sub(r"\1", _ZONE_NAME.sub("", text.strip())))
    if found.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"Text '{text[:100]}' could not be parsed: it needs a time and Z or an offset")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"Text '{text[:100]}' could not be parsed: out of range") from error


def parse_date(text: str) -> date:
    """Return the day that `text`, as yyyy-MM-dd, says. Raises: ValueError."""
    if len(text.strip()) != len("yyyy-MM-dd") or "W" in text.upper():
        raise ValueError(f"Text '{text[:100]}' could not be parsed: it must be yyyy-MM-dd")
    return date.fromisoformat(text.strip())


def parse_time(text: str) -> time:
    """Return the time of day that `text`, as HH:mm[:ss], says. Raises: ValueError."""
    found = time.fromisoformat(_NANOS.sub(r"\1", text.strip()))
    if ":" not in text or found.tzinfo is not None:
        raise ValueError(f"Text '{text[:100]}' could not be parsed: it must be HH:mm or HH:mm:ss")
    return found


def format_instant(instant: datetime) -> str:
    """Return an instant as ISO text in UTC, with as many decimals as it needs."""
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if instant.microsecond == 0:
        return f"{text}Z"
    digits = f"{instant.microsecond:06d}"
    return f"{text}.{digits[:3] if digits.endswith('000') else digits}Z"


def format_time(moment: time) -> str:
    """Return a time of day: seconds only where there are any."""
    if not moment.second and not moment.microsecond:
        return f"{moment:%H:%M}"
    text = f"{moment:%H:%M:%S}"
    digits = f"{moment.microsecond:06d}"
    return text if not moment.microsecond else f"{text}.{digits[:3] if digits.endswith('000') else digits}"


def _invalid(value: object, error: ValueError) -> PydanticCustomError:
    return rule(f"Text '{str(value)[:100]}' could not be parsed: {error}")


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return parse_instant(str(value))
    except ValueError as error:
        raise _invalid(value, error) from error


def _date(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return parse_date(str(value))
    except ValueError as error:
        raise _invalid(value, error) from error


def _time(value: object) -> time:
    if isinstance(value, time):
        return value
    try:
        return parse_time(str(value))
    except ValueError as error:
        raise _invalid(value, error) from error


Instant = Annotated[datetime, BeforeValidator(_instant), PlainSerializer(format_instant)]
Date = Annotated[date, BeforeValidator(_date)]
Time = Annotated[time, BeforeValidator(_time), PlainSerializer(format_time)]

"""
ISO-8601 durations to `timedelta` and back.

Takes what Java's Duration.parse takes (days to seconds, any sign, either case, a comma
or dot before at most nine digits) and, as people write them, weeks, months of 30 days
and years of 365.
"""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from runfold.flows.schema import Text, rule

_NUMBER = r"([-+]?\d{1,18})"
_ISO = re.compile(
    rf"([-+])?P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:([-+]?\d{{1,18}})(?:[.,](\d{{0,9}}))?S)?)?",
    re.ASCII | re.IGNORECASE,
)
_DAYS = (365, 30, 7, 1)
_SECONDS = (3600, 60, 1)


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` says. Raises: ValueError."""
    found = _ISO.fullmatch(text.strip())
    if found is None or text.strip()[-1] in "PpTt":
        raise ValueError(f"Text cannot be parsed to a Duration: {text[:100]}")
    sign, *days, _, hours, minutes, seconds, fraction = found.groups()
    try:
        total = timedelta(days=sum(int(number or 0) * size for number, size in zip(days, _DAYS, strict=True)))
        clock = zip((hours, minutes, seconds), _SECONDS, strict=True)
        total += timedelta(seconds=sum(int(number or 0) * size for number, size in clock))
        part = timedelta(microseconds=int(((fraction or "") + "000000")[:6]))
        total += -part if (seconds or "").startswith("-") else part
    except OverflowError as error:
        raise ValueError(f"Text cannot be parsed to a Duration: {text[:100]}, it is too long") from error
    return -total if sign == "-" else total


def format_duration(duration: timedelta) -> str:
    """Return `duration` as Java prints it: hours, minutes, seconds, e.g. PT49H0.5S."""
    if not duration:
        return "PT0S"
    total_us = duration // timedelta(microseconds=1)
    sign = "-" if total_us < 0 else ""
    seconds, microseconds = divmod(abs(total_us), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{sign}{hours}H" if hours else ""
    text += f"{sign}{minutes}M" if minutes else ""
    if seconds or microseconds:
        fraction = f".{microseconds:06d}".rstrip("0") if microseconds else ""
        text += f"{sign}{seconds}{fraction}S"
    return f"PT{text}"


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
        return parse_duration(str(value))
    except (ValueError, OverflowError) as error:
        raise rule(f"Text cannot be parsed to a Duration: {str(value)[:100]}") from error


Duration = Annotated[timedelta, BeforeValidator(_read), PlainSerializer(format_duration)]
"""A duration in a model: ISO text, or a number of seconds."""


def _template_or_duration(text: str) -> str:
    if "{" not in text and not text.strip().isdecimal():
        _read(text)
    return text


DurationText = Annotated[Text, AfterValidator(_template_or_duration)]
"""A duration that may be a template; kept as the author wrote it."""

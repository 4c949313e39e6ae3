"""
Dates and durations as the API writes them: the ISO texts that Java prints.

Reads and writes nothing. The rule: one form per value, so that texts can be compared.
"""

from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant_text(date: datetime) -> str:
    """Return `date` in UTC with `Z`; its fraction has 0, 3 or 6 digits."""
    utc = date if date.tzinfo is UTC else date.astimezone(UTC)
    text: str = msgspec.to_builtins(utc)  # a tenth of what isoformat() costs; each document has a dozen of them
    micros = utc.microsecond
    return f"{text[:-4]}Z" if micros and micros % 1000 == 0 else text


def date_of_text(text: str) -> datetime:
    """Return the date that a text of ours stands for."""
    return datetime.fromisoformat(text).astimezone(UTC)


def duration_text(duration: timedelta) -> str:
    """Return an ISO duration of hours, minutes and seconds: "PT1H30M", "PT0.205802S", "PT0S"."""
    sign = ""
    if duration.days < 0:
        sign, duration = "-", -duration
    return _duration(sign, duration.days * 86_400 + duration.seconds, f"{duration.microseconds:06d}")


def seconds_text(seconds: float) -> str:
    """Return an ISO duration for a timer's seconds, to the nanosecond: "PT0.007213673S"."""
    total = round(abs(seconds) * 1_000_000_000)
    whole, fraction = divmod(total, 1_000_000_000)
    return _duration("-" if seconds < 0 and total else "", whole, f"{fraction:09d}")


def _duration(sign: str, total_seconds: int, fraction: str) -> str:
    digits = fraction.rstrip("0")
    if total_seconds < 60:
        return f"PT{sign}{total_seconds}.{digits}S" if digits else f"PT{sign if total_seconds else ''}{total_seconds}S"
    hours, rest = divmod(total_seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{sign}{hours}H" if hours else ""
    text += f"{sign}{minutes}M" if minutes else ""
    if seconds or digits:
        text += f"{sign}{seconds}{'.' if digits else ''}{digits}S"
    return f"PT{text}"


def millis(duration: timedelta) -> int:
    """Return whole milliseconds, rounded down."""
    return (duration.days * 86_400 + duration.seconds) * 1000 + duration.microseconds // 1000


def micros_of(date: datetime) -> int:
    """Return microseconds since 1970."""
    return (date - _EPOCH) // _MICROSECOND


def date_of(micros: int) -> datetime:
    """Return the date that lies so many microseconds after 1970. Raises: OverflowError."""
    return _EPOCH + timedelta(microseconds=micros)

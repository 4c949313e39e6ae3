"""
Kestra's daily figures: counts by state and durations over time, in the form that its clients read.

Made from the index's histograms. The bucket's length follows from the span alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from runfold.documents.instants import instant_text, seconds_text
from runfold.documents.model import Kind
from runfold.documents.query import Filter, all_of
from runfold.documents.statistics import Bucket, Histogram
from runfold.documents.statistics.intervals import Calendar, Interval
from runfold.execution.state import State
from runfold.ports import Index
from runfold.webserver.parameters import Range

Json = dict[str, Any]

DEFAULT_SPAN: Final = timedelta(days=30)

_LENGTHS: Final[tuple[tuple[timedelta, str, Interval], ...]] = (
    (timedelta(days=365), "month", Calendar.MONTH),
    (timedelta(days=180), "week", Calendar.WEEK),
    (timedelta(days=1), "day", Calendar.DAY),
    (timedelta(hours=6), "hour", timedelta(hours=1)),
)
"""A span longer than the first is cut by the third, which is called the second."""

_COUNTED: Final = (
    State.CREATED,
    State.RUNNING,
    State.RESTARTED,
    State.KILLING,
    State.SUCCESS,
    State.WARNING,
    State.FAILED,
    State.KILLED,
    State.CANCELLED,
    State.QUEUED,
    State.PAUSED,
)
"""The states that clients know here, each with a count, be it 0."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, and how that is cut."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, given: Range, now: datetime) -> "Span":
        """Return the span that is asked for; of what is left open, the last 30 days."""
        end = given.end or now
        return cls(given.start or end - DEFAULT_SPAN, end)

    @property
    def cut(self) -> tuple[str, Interval]:
        """The name of the buckets' length, and the length."""
        length = self.end - self.start
        return next(
            ((name, interval) for least, name, interval in _LENGTHS if length > least), ("minute", timedelta(minutes=1))
        )


def daily(index: Index, kind: Kind, wanted: Filter, span: Span) -> list[Json]:
    """Return counts by state and figures of durations, bucket by bucket; `wanted` need not say when."""
    name, _ = span.cut
    return [_runs(bucket, name) for bucket in _buckets(index, kind, "startDate", wanted, span, "state", "durationMs")]


def daily_logs(index: Index, wanted: Filter, span: Span) -> list[Json]:
    """Return counts of log lines by level, bucket by bucket."""
    name, _ = span.cut
    return [
        {"timestamp": instant_text(bucket.start), "counts": dict(bucket.counts), "groupBy": name}
        for bucket in _buckets(index, Kind.LOGS, "timestamp", wanted, span, "level", None)
    ]


def aggregated_metrics(index: Index, wanted: Filter, span: Span, aggregation: str) -> Json:
    """Return the sum, avg, min or max of a metric's values, bucket by bucket."""
    name, _ = span.cut
    found = _buckets(index, Kind.METRICS, "timestamp", wanted, span, None, "value")
    values = ((bucket, getattr(bucket.figures, aggregation)) for bucket in found)
    return {
        "groupBy": name,
        "aggregations": [
            {"name": aggregation, "value": value or 0, "date": instant_text(bucket.start)} for bucket, value in values
        ],
    }


def _buckets(  # noqa: PLR0913, PLR0917 - what a histogram is
    index: Index, kind: Kind, date: str, wanted: Filter, span: Span, by: str | None, measure: str | None
) -> tuple[Bucket, ...]:
    within = all_of((wanted, Range(span.start, span.end).within(date)))
    _, interval = span.cut
    asked = Histogram(kind, date, within, span.start, span.end, interval, by=by, measure=measure)
    return index.histogram(asked).buckets


def _runs(bucket: Bucket, name: str) -> Json:
    counts: Mapping[str, int] = bucket.counts
    figures = bucket.figures
    durations = {part: _seconds_text(getattr(figures, part)) for part in ("min", "avg", "max", "sum")}
    return {
        "startDate": instant_text(bucket.start),
        "duration": durations | {"count": figures.count},
        "executionCounts": {str(state): counts.get(str(state), 0) for state in _COUNTED},
        "groupBy": name,
    }


def _seconds_text(milliseconds: float | None) -> str:
    return seconds_text(round(milliseconds or 0) / 1000)

"""
What is asked of many documents at once, and the JSON of the answers: values, figures over time, figures of groups.

Reads parameters, which name fields as documents or queries do. The rule: the three kinds
differ in two tables only (what groups are called, what is looked at if nothing is named).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runfold.documents.grammar.fields import BY_NAME, QUERY_FIELDS
from runfold.documents.instants import instant_text
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.query import Filter
from runfold.documents.statistics import (
    Bucket,
    Facet,
    FacetsAnswer,
    Group,
    HistogramAnswer,
    Order,
    Statistics,
    StatisticsAnswer,
    leaf_of,
)
from runfold.documents.statistics.figures import Figures
from runfold.documents.statistics.intervals import Calendar, Interval, interval_text
from runfold.errors import BadRequest
from runfold.flows.duration import parse_duration
from runfold.webserver.parameters import Range

AUTO: Final = "auto"
FIGURES: Final = ("count", "min", "avg", "p50", "p90", "p95", "p99", "max")
FINGERPRINT: Final = "errorFingerprint"

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "task": ("namespace", "flowId", "taskId"),
        "flow": ("namespace", "flowId"),
        "error": (FINGERPRINT,),
    }
)
"""What groups are called that no one field tells apart; all else goes by the field's name."""

DATES: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.TASKRUNS: "startDate", Kind.EXECUTIONS: "startDate", Kind.LOGS: "timestamp"}
)
"""The date that the parameters `startDate`, `endDate` and `timeRange` are of."""

PARTS: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.TASKRUNS: "state", Kind.EXECUTIONS: "state", Kind.LOGS: "level"}
)
"""What a histogram's buckets are parted by, and whose values are told, if nothing else is named."""

MEASURED: Final[Mapping[Kind, str | None]] = MappingProxyType(
    {Kind.TASKRUNS: "durationMs", Kind.EXECUTIONS: "durationMs", Kind.LOGS: None}
)
"""What a histogram's buckets tell figures of, if nothing else is named."""

GROUPED: Final[Mapping[Kind, str]] = MappingProxyType({Kind.TASKRUNS: "task", Kind.EXECUTIONS: "flow"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which documents a request is about. `range`: what its dates say."""

    kind: Kind
    filter: Filter
    range: Range
    now: datetime


def keyword_of(kind: Kind, name: str) -> str:
    """Return the document's field that a name means, one whose values can be counted. Raises: BadRequest."""
    return _field(kind, name, (FieldType.KEYWORD,), "has no values that could be counted")


def counted_of(kind: Kind, name: str) -> str:
    """Return the same, or the leaf that `label:team` means: what facets and groups go by. Raises: BadRequest."""
    carrier, colon, key = name.partition(":")
    asked = BY_NAME[kind].get(carrier.lower()) if colon else None
    leaf = name if asked is None else f"{asked.stored[0]}.{key}"
    return keyword_of(kind, name) if leaf_of(kind, leaf) is None else leaf


def _told(kind: Kind, field: str) -> str:
    """Return how answers call what groups go by: a leaf as queries write it."""
    leaf = leaf_of(kind, field)
    if leaf is None:
        return field
    return next(f"{asked.name}:{leaf[1]}" for asked in QUERY_FIELDS[kind] if asked.stored == leaf[:1])


def date_of(kind: Kind, name: str) -> str:
    """Return the document's field that a name means, a date. Raises: BadRequest."""
    return _field(kind, name, (FieldType.DATE,), "is no date")


def number_of(kind: Kind, name: str) -> str:
    """Return the document's field that a name means, a number. Raises: BadRequest."""
    return _field(kind, name, (FieldType.LONG, FieldType.DOUBLE), "is no number")


def group_fields(kind: Kind, names: Iterable[str]) -> tuple[str, ...]:
    """Return the fields that tell groups apart; a name may mean several. Raises: BadRequest."""
    found: dict[str, None] = {}
    for name in names:
        parts = _GROUPS.get(name, (name,))
        known = parts if set(parts) <= FIELDS[kind].keys() else (name,)
        found.update((counted_of(kind, part), None) for part in known)
    return tuple(found)


def _field(kind: Kind, name: str, types: tuple[FieldType, ...], refusal: str) -> str:
    fields = FIELDS[kind]
    if fields.get(name) in types:
        return name
    asked = BY_NAME[kind].get(name.lower())
    stored = [field for field in asked.stored if fields[field] in types] if asked else []
    if len(stored) == 1:
        return stored[0]
    raise BadRequest(f"Invalid field: {name[:100]!r} of {kind} {refusal}")


def order_of(text: str) -> Order:
    """Return the order of groups that a text names. Raises: BadRequest."""
    try:
        return Order(text)
    except ValueError as error:
        raise BadRequest(f"Invalid order: {text[:50]!r} is none of {', '.join(Order)}") from error


def interval_of(text: str) -> Interval | None:
    """Return the interval that a text says; None: to be chosen. Raises: BadRequest."""
    if text.lower() in {"", AUTO}:
        return None
    if text.upper() in frozenset(Calendar):
        return Calendar(text.upper())
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadRequest(
            f"Invalid interval: {text[:50]!r} is neither auto, nor a duration such as PT1H, nor one of "
            f"{', '.join(Calendar)}"
        ) from error


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name such as Europe/Berlin. Raises: BadRequest."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRequest(f"Invalid zone: {name[:50]!r} is no time zone such as Europe/Berlin") from error


def facets_json(answer: FacetsAnswer, names: Mapping[str, str]) -> Json:
    """Return facets under the names that they were asked by; `names`: what documents call them."""
    return {
        "total": answer.total,
        "facets": {name: _facet_json(answer.facets[field]) for name, field in names.items()},
    }


def _facet_json(facet: Facet) -> Json:
    values = [{"value": value, "count": count} for value, count in facet.values]
    return {"values": values, "other": facet.other}


def histogram_json(answer: HistogramAnswer, measure: str | None) -> Json:
    """Return a histogram."""
    return {
        "interval": None if answer.interval is None else interval_text(answer.interval),
        "buckets": [_bucket_json(bucket, measure) for bucket in answer.buckets],
    }


def _bucket_json(bucket: Bucket, measure: str | None) -> Json:
    figures = {} if measure is None else {measure: figures_json(bucket.figures)}
    return {"start": instant_text(bucket.start), "count": bucket.count, "counts": dict(bucket.counts), **figures}


def statistics_json(answer: StatisticsAnswer, wanted: Statistics) -> Json:
    """Return the figures of groups, of all, and what is not shown."""
    rest, names = answer.rest, [_told(wanted.kind, field) for field in wanted.by]
    return {
        "groups": [{"key": dict(zip(names, group.key, strict=True)), **_group_json(group)} for group in answer.groups],
        "total": _group_json(answer.total),
        "other": {"groups": rest.groups, "count": rest.count, "failed": rest.failed, "retried": rest.retried},
        "isComplete": answer.is_complete,
    }


def _group_json(group: Group) -> Json:
    return {
        "count": group.count,
        "failed": group.failed,
        "failureRate": round(group.failure_rate, 6),
        "retried": group.retried,
        **{name: figures_json(figures) for name, figures in group.figures.items()},
        "baselineMs": _rounded(group.baseline_ms),
        "slowdown": _rounded(group.slowdown),
        **({} if group.sample is None else {"sample": group.sample}),
    }


def figures_json(figures: Figures) -> Json:
    """Return figures; of no numbers all but the count is null."""
    return {name: _rounded(getattr(figures, name)) for name in FIGURES}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

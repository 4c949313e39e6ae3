"""
Questions about many documents at once, and their answers: facets, histograms, statistics.

`documents.statistics.plain` says what each means. The rule: an answer is small
whatever is asked; what does not fit into it is summed up as the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from runfold.documents.leaves import is_leaf_path
from runfold.documents.model import FIELDS, GROUPED_MAPS, Kind
from runfold.documents.query import All, Filter
from runfold.documents.statistics.figures import NO_FIGURES, Figures
from runfold.documents.statistics.intervals import Interval

VALUES_MAX: Final = 1000
FACETS_MAX: Final = 20
GROUPED_BY_MAX: Final = 5

BAND_VALUES_MAX: Final = 20
"""A bucket tells its largest parts; the rest is the bucket's count without them."""

GROUPS_MAX: Final = 10_000
"""So many groups are looked at, in the order of their keys; an answer says if there were more."""

FAILED: Final = "FAILED"
RETRIED_FROM: Final = 2
"""A task run with so many attempts was retried."""

_MEASURES: Final = {Kind.TASKRUNS: ("runMs", "queueMs"), Kind.EXECUTIONS: ("durationMs",), Kind.METRICS: ("value",)}

MEASURES: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType({kind: _MEASURES.get(kind, ()) for kind in Kind})
"""What statistics tell figures of."""


def leaf_of(kind: Kind, name: str) -> tuple[str, str] | None:
    """Return the map and the path that a name such as `labels.team` means; None: it means a field."""
    carrier, dot, path = name.partition(".")
    is_leaf = dot and carrier in GROUPED_MAPS and carrier in FIELDS[kind] and is_leaf_path(path)
    return (carrier, path) if is_leaf else None


@dataclass(frozen=True, slots=True)
class Facets:
    """
    How often each value of each of `fields` occurs: the `size` most frequent ones, ties by value.

    A field here and in `Statistics.by` may be a leaf of a map, `labels.team`: a document that has
    several values there is one of each.
    """

    kind: Kind
    fields: tuple[str, ...]
    filter: Filter = field(default_factory=All)
    size: int = 10


@dataclass(frozen=True, slots=True)
class Facet:
    """Values with their counts; `other`: documents with a value that is not among them."""

    values: tuple[tuple[str, int], ...] = ()
    other: int = 0


@dataclass(frozen=True, slots=True)
class FacetsAnswer:
    """`total`: documents that fit, with values or without."""

    total: int
    facets: Mapping[str, Facet]


@dataclass(frozen=True, slots=True)
class Histogram:
    """
    Counts over time.

    `date`: the field that says when. Buckets reach from `low` to before `high`, or as far as
    documents do; `filter` alone says which documents count. `interval` None: chosen by the span.
    `by`: each bucket is parted by this field. `measure`: each bucket has figures of it.
    """

    kind: Kind
    date: str
    filter: Filter = field(default_factory=All)
    low: datetime | None = None
    high: datetime | None = None
    interval: Interval | None = None
    zone: tzinfo = UTC
    by: str | None = None
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents from `start` on to the next bucket's start."""

    start: datetime
    count: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    figures: Figures = NO_FIGURES


@dataclass(frozen=True, slots=True)
class HistogramAnswer:
    """All buckets, empty ones too, the earliest first; none if there is neither a span nor a document."""

    interval: Interval | None = None
    buckets: tuple[Bucket, ...] = ()


class Order(StrEnum):
    """What comes first: the most, the slowest, the most often failed. Ties by key."""

    COUNT = "count"
    FAILED = "failed"
    FAILURE_RATE = "failureRate"
    RETRIED = "retried"
    P95 = "p95"
    SLOWDOWN = "slowdown"


@dataclass(frozen=True, slots=True)
class Statistics:
    """
    Figures per group: documents with the same values of all fields of `by`; without any, of all only.

    A document without one of them is in no group, only in the total. `order` P95 goes by the
    kind's first measure. `sample`: a field of which each group shows its first value.
    """

    kind: Kind
    by: tuple[str, ...]
    filter: Filter = field(default_factory=All)
    order: Order = Order.COUNT
    size: int = 20
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """
    What is said of a group, or of all.

    `figures`: by measure. `slowdown`: the median; `baseline_ms`: the average; both None for
    groups, or kinds, that have none.
    """

    key: tuple[str, ...] = ()
    count: int = 0
    failed: int = 0
    retried: int = 0
    figures: Mapping[str, Figures] = field(default_factory=dict)
    slowdown: float | None = None
    baseline_ms: float | None = None
    sample: str | None = None

    @property
    def failure_rate(self) -> float:
        """Of all in the group, ended or not."""
        return self.failed / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Groups that are not shown, and what they have together."""

    groups: int = 0
    count: int = 0
    failed: int = 0
    retried: int = 0


@dataclass(frozen=True, slots=True)
class StatisticsAnswer:
    """`total` is over all that fit. `is_complete` False: there are more than GROUPS_MAX groups, `rest` knows of no more."""

    groups: tuple[Group, ...]
    total: Group
    rest: Rest = Rest()
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """How many documents fit; not `is_exact`: so many at least."""

    total: int
    is_exact: bool = True


def ranked(groups: list[Group], order: Order, measure: str) -> list[Group]:
    """Return the groups in order; those without the figure come last."""

    def rank(group: Group) -> tuple[float, tuple[str, ...]]:
        return (-worth(group, order, measure), group.key)

    return sorted(groups, key=rank)


def worth(group: Group, order: Order, measure: str) -> float:
    """Return what a group is ranked by; less than any if it has no such figure."""
    match order:
        case Order.COUNT:
            return group.count
        case Order.FAILED:
            return group.failed
        case Order.FAILURE_RATE:
            return group.failure_rate
        case Order.RETRIED:
            return group.retried
        case Order.P95:
            found = group.figures[measure].p95
        case Order.SLOWDOWN:
            found = group.slowdown
    return float("-inf") if found is None else found

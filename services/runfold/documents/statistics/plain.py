"""
What facets, histograms and statistics mean, in plain Python: every index must answer like it.

Reads documents' bodies. The rule: a field that is not there has no value, and is counted
nowhere but in totals.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

from runfold.documents.leaves import leaves
from runfold.documents.model import FIELDS, Kind
from runfold.documents.query import matches
from runfold.documents.statistics import (
    BAND_VALUES_MAX,
    FAILED,
    GROUPS_MAX,
    MEASURES,
    RETRIED_FROM,
    Bucket,
    Facet,
    Facets,
    FacetsAnswer,
    Group,
    Histogram,
    HistogramAnswer,
    Rest,
    Statistics,
    StatisticsAnswer,
    leaf_of,
    ranked,
)
from runfold.documents.statistics.figures import figures, percentile
from runfold.documents.statistics.intervals import Interval, boundaries, interval_for

Body = Mapping[str, Any]

_MOMENT: Final = timedelta(microseconds=1)


def facets_of(wanted: Facets, bodies: Iterable[Body]) -> FacetsAnswer:
    """Return the facets of those bodies that fit."""
    fitting = [body for body in bodies if matches(wanted.filter, body)]
    return FacetsAnswer(
        len(fitting),
        {
            name: facet(Counter(value for body in fitting for value in _kinds_of(wanted.kind, body, name)), wanted.size)
            for name in wanted.fields
        },
    )


def facet(counts: Mapping[str, int], size: int) -> Facet:
    """Return the most frequent values, ties by value, and the rest's sum."""
    values = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:size]
    return Facet(tuple(values), sum(counts.values()) - sum(count for _, count in values))


def histogram_of(wanted: Histogram, bodies: Iterable[Body]) -> HistogramAnswer:
    """Return the histogram of those bodies that fit."""
    fitting = [body for body in bodies if wanted.date in body and matches(wanted.filter, body)]
    dates = [body[wanted.date] for body in fitting]
    interval, edges = cut(wanted, (min(dates), max(dates)) if dates else None)
    parts: list[list[Body]] = [[] for _ in edges[1:]]
    for body, date in zip(fitting, dates, strict=True):
        place = bisect_right(edges, date) - 1
        if 0 <= place < len(parts):
            parts[place].append(body)
    return HistogramAnswer(interval, tuple(_bucket(wanted, *entry) for entry in zip(edges, parts, strict=False)))


def cut(wanted: Histogram, found: tuple[datetime, datetime] | None) -> tuple[Interval | None, tuple[datetime, ...]]:
    """
    Return the interval and the boundaries of a histogram's buckets; no boundaries: there are no buckets.

    `found`: the earliest and the latest date of documents, which ends a span that is open.

    Raises:
        BadRequest: There would be too many buckets.
    """
    low = wanted.low or (found and found[0])
    high = wanted.high or (found and found[1] + _MOMENT)
    if low is None or high is None:
        return wanted.interval, ()
    interval = interval_for(high - low) if wanted.interval is None else wanted.interval
    return interval, boundaries(low, high, interval, wanted.zone)


def statistics_of(wanted: Statistics, bodies: Iterable[Body]) -> StatisticsAnswer:
    """Return the statistics of those bodies that fit."""
    fitting = [body for body in bodies if matches(wanted.filter, body)]
    members: dict[tuple[str, ...], list[Body]] = {}
    for body in fitting:
        for key in product(*(_kinds_of(wanted.kind, body, name) for name in wanted.by)) if wanted.by else ():
            members.setdefault(key, []).append(body)
    groups = [_group(wanted, key, members[key]) for key in sorted(members)[:GROUPS_MAX]]
    return summed_up(wanted, groups, _group(wanted, (), fitting), is_complete=len(members) <= GROUPS_MAX)


def summed_up(wanted: Statistics, groups: list[Group], total: Group, *, is_complete: bool) -> StatisticsAnswer:
    """Return the answer that shows the first of `groups` and sums up the others."""
    measure = next(iter(MEASURES[wanted.kind]), "")
    in_order = ranked(groups, wanted.order, measure)
    others = in_order[wanted.size :]
    rest = Rest(
        len(others),
        sum(group.count for group in others),
        sum(group.failed for group in others),
        sum(group.retried for group in others),
    )
    return StatisticsAnswer(tuple(in_order[: wanted.size]), total, rest, is_complete)


def _bucket(wanted: Histogram, start: datetime, bodies: Sequence[Body]) -> Bucket:
    counts = Counter(_values(bodies, wanted.by)) if wanted.by else Counter()
    measured = figures(sorted(_values(bodies, wanted.measure))) if wanted.measure else figures(())
    return Bucket(start, len(bodies), dict(facet(counts, BAND_VALUES_MAX).values), measured)


def _group(wanted: Statistics, key: tuple[str, ...], bodies: Sequence[Body]) -> Group:
    fields = FIELDS[wanted.kind]
    slowdowns = sorted(_values(bodies, "slowdown")) if "slowdown" in fields else []
    baselines = _values(bodies, "baselineMs") if "baselineMs" in fields else []
    return Group(
        key,
        count=len(bodies),
        failed=sum(body.get("state") == FAILED for body in bodies),
        retried=sum(body.get("attemptCount", 0) >= RETRIED_FROM for body in bodies),
        figures={name: figures(sorted(_values(bodies, name))) for name in MEASURES[wanted.kind]},
        slowdown=percentile(slowdowns, 50) if slowdowns else None,
        baseline_ms=sum(baselines) / len(baselines) if baselines else None,
        sample=min(_values(bodies, wanted.sample), default=None) if wanted.sample and key else None,
    )


def _kinds_of(kind: Kind, body: Body, name: str) -> Sequence[str]:
    """Return the values that a document is counted under: each once, of a leaf there may be several."""
    leaf = leaf_of(kind, name)
    if leaf is None:
        return () if body.get(name) is None else (body[name],)
    carrier, path = leaf
    return tuple(dict.fromkeys(leaves(body.get(carrier) or {}).get(path, ())))


def _values(bodies: Iterable[Body], name: str) -> list[Any]:
    return [body[name] for body in bodies if body.get(name) is not None]

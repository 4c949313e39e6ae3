"""
Facets, histograms and statistics by Elasticsearch's aggregations.

No scripts, and only what the smallest distribution has: ranges with boundaries that we
reckoned, composite groups that we rank. Counts are exact as long as a field has no more
than `SHARD_VALUES_MAX` values in a month; percentiles are approximate (`figures.RANK_TOLERANCE`).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from runfold.documents.instants import date_of, instant_text
from runfold.documents.model import FIELDS, Kind
from runfold.documents.query import Filter
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
    Statistics,
    StatisticsAnswer,
)
from runfold.documents.statistics.figures import PERCENTS, Figures
from runfold.documents.statistics.plain import cut, summed_up

Dsl = dict[str, Any]
Answer = Mapping[str, Any]

SHARD_VALUES_MAX: Final = 5000
"""So many values of a field each shard names, that sums over shards are right."""

PAGE_OF_GROUPS: Final = 1000
GROUPS: Final = "groups"

Ask = Callable[[Kind, Filter, Dsl], Answer]
"""Asks for aggregations over the documents that fit; answers with the response."""


def facets(ask: Ask, wanted: Facets) -> FacetsAnswer:
    """Return the facets."""
    # Numbered: a label's key may have characters that the name of an aggregation may not.
    asked = {f"f{place}": _terms(name, wanted.size) for place, name in enumerate(wanted.fields)}
    answer = ask(wanted.kind, wanted.filter, asked)
    found = answer.get("aggregations", {})
    return FacetsAnswer(
        _total(answer), {name: _facet(found.get(f"f{place}")) for place, name in enumerate(wanted.fields)}
    )


def histogram(ask: Ask, wanted: Histogram) -> HistogramAnswer:
    """Return the histogram. Raises: BadRequest: There would be too many buckets."""
    span = None if wanted.low and wanted.high else _span(ask, wanted)
    interval, edges = cut(wanted, span)
    if not edges:
        return HistogramAnswer(interval)
    texts = [instant_text(edge) for edge in edges]
    ranges = [{"from": begin, "to": end} for begin, end in pairwise(texts)]
    within: Dsl = {}
    if wanted.by:
        within["by"] = _terms(wanted.by, BAND_VALUES_MAX)
    if wanted.measure:
        within |= _measure(wanted.measure)
    buckets: Dsl = {"date_range": {"field": wanted.date, "ranges": ranges}, "aggs": within}
    answer = ask(wanted.kind, wanted.filter, {"buckets": buckets})
    found = answer.get("aggregations", {}).get("buckets", {}).get("buckets", ())
    if not found:
        return HistogramAnswer(interval, tuple(Bucket(edge) for edge in edges[:-1]))
    return HistogramAnswer(interval, tuple(_bucket(wanted, *entry) for entry in zip(edges, found, strict=False)))


def statistics(ask: Ask, wanted: Statistics) -> StatisticsAnswer:
    """Return the statistics."""
    within = _figures_of_group(wanted.kind)
    if not wanted.by:
        return StatisticsAnswer((), _whole(wanted, ask(wanted.kind, wanted.filter, within)))
    of_group = dict(within)
    if wanted.sample:
        # The first value by code point, whichever shard has it.
        of_group["sample"] = {"terms": {"field": wanted.sample, "size": 1, "order": {"_key": "asc"}}}
    # Asked in one go: what fits is sought once.
    answer = ask(wanted.kind, wanted.filter, {**within, **_page(wanted, of_group)})
    total = _whole(wanted, answer)
    groups: list[Group] = []
    for bucket in _buckets(ask, wanted, of_group, answer):
        if len(groups) == GROUPS_MAX:
            return summed_up(wanted, groups, total, is_complete=False)
        key = tuple(bucket["key"][f"k{place}"] for place in range(len(wanted.by)))
        groups.append(_group(wanted.kind, key, bucket["doc_count"], bucket))
    return summed_up(wanted, groups, total, is_complete=True)


def _whole(wanted: Statistics, answer: Answer) -> Group:
    return _group(wanted.kind, (), _total(answer), answer.get("aggregations", {}))


def _buckets(ask: Ask, wanted: Statistics, within: Dsl, answer: Answer) -> Iterator[Answer]:
    """Yield all groups by key; `answer` has their first page, the others are asked for."""
    for _ in range(GROUPS_MAX // PAGE_OF_GROUPS + 1):
        page = answer.get("aggregations", {}).get(GROUPS, {})
        yield from page.get("buckets", ())
        if "after_key" not in page or len(page["buckets"]) < PAGE_OF_GROUPS:
            return
        answer = ask(wanted.kind, wanted.filter, _page(wanted, within, {"after": page["after_key"]}))


def _page(wanted: Statistics, within: Dsl, after: Answer | None = None) -> Dsl:
    sources = [{f"k{place}": {"terms": {"field": name}}} for place, name in enumerate(wanted.by)]
    composite = {"sources": sources, "size": PAGE_OF_GROUPS, **(after or {})}
    return {GROUPS: {"composite": composite, "aggs": within}}


def _figures_of_group(kind: Kind) -> Dsl:
    fields = FIELDS[kind]
    within: Dsl = {}
    if "state" in fields:
        within["failed"] = {"filter": {"term": {"state": FAILED}}}
    if "attemptCount" in fields:
        within["retried"] = {"filter": {"range": {"attemptCount": {"gte": RETRIED_FROM}}}}
    if "baselineMs" in fields:
        within["baseline"] = {"avg": {"field": "baselineMs"}}
    if "slowdown" in fields:
        within["slowdown"] = {"percentiles": {"field": "slowdown", "percents": [50]}}
    for name in MEASURES[kind]:
        within |= _measure(name)
    return within


def _group(kind: Kind, key: tuple[str, ...], count: int, found: Answer) -> Group:
    slowdown = found.get("slowdown", {}).get("values", {}).get("50.0")
    samples = found.get("sample", {}).get("buckets", ())
    return Group(
        key,
        count,
        found.get("failed", {}).get("doc_count", 0),
        found.get("retried", {}).get("doc_count", 0),
        {name: _figures(name, found) for name in MEASURES[kind]},
        slowdown,
        found.get("baseline", {}).get("value"),
        samples[0]["key"] if samples else None,
    )


def _terms(name: str, size: int) -> Dsl:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": name, "size": size, "shard_size": max(size, SHARD_VALUES_MAX), "order": order}}


def _facet(found: Answer | None) -> Facet:
    if found is None:
        return Facet()
    return Facet(tuple((entry["key"], entry["doc_count"]) for entry in found["buckets"]), found["sum_other_doc_count"])


def _measure(name: str) -> Dsl:
    return {
        f"{name}:stats": {"stats": {"field": name}},
        f"{name}:percents": {"percentiles": {"field": name, "percents": PERCENTS}},
    }


def _figures(name: str, found: Answer) -> Figures:
    stats = found.get(f"{name}:stats", {})
    if not stats.get("count"):
        return Figures()
    percents = found[f"{name}:percents"]["values"]
    ranked = (percents[f"{percent}.0"] for percent in PERCENTS)
    return Figures(stats["count"], stats["sum"], stats["min"], stats["max"], stats["avg"], *ranked)


def _bucket(wanted: Histogram, start: datetime, found: Answer) -> Bucket:
    counts = dict(_facet(found["by"]).values) if wanted.by else {}
    return Bucket(start, found["doc_count"], counts, _figures(wanted.measure, found) if wanted.measure else Figures())


def _span(ask: Ask, wanted: Histogram) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest date, to the millisecond below: no boundary lies within one."""
    asked = {name: {name: {"field": wanted.date}} for name in ("min", "max")}
    found = ask(wanted.kind, wanted.filter, asked).get("aggregations", {})
    if not found or found["min"]["value"] is None:
        return None
    low, high = (date_of(int(found[name]["value"]) * 1000) for name in ("min", "max"))
    return low, high


def _total(answer: Answer) -> int:
    total: int = answer["hits"].get("total", {"value": 0})["value"]
    return total

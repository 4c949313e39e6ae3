"""Facets, histograms and statistics on both sides of `Index`: what plain Python says of the same documents."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.leaves import is_leaf_path, leaves
from runfold.documents.model import FIELDS, Document, FieldType, Kind
from runfold.documents.query import PAGED_MAX, All, Exists, Filter, Is, matches
from runfold.documents.statistics import (
    GROUPS_MAX,
    MEASURES,
    Bucket,
    Count,
    Facet,
    Facets,
    Group,
    Histogram,
    HistogramAnswer,
    Order,
    Statistics,
    worth,
)
from runfold.documents.statistics.figures import PERCENTS, RANK_TOLERANCE, Figures, percentile
from runfold.documents.statistics.intervals import BUCKETS_MAX, Calendar
from runfold.documents.statistics.plain import facets_of, histogram_of, statistics_of
from runfold.errors import BadRequest
from runfold.ports import Index
from tests.contracts.dice import DAWN, KEYS, Dice

DOCUMENTS = 400
REQUESTS = 40
ZONES = (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"))
LABELS = [path for path in KEYS if is_leaf_path(path)] + ["a.a", "team.a", "no such label"]
INTERVALS = (None, timedelta(hours=1), timedelta(hours=7), timedelta(minutes=90), *Calendar)

Bodies = Sequence[Any]


class Spread(Dice):
    """Documents over weeks in which clocks change, with numbers as run times have them."""

    def date(self) -> datetime:
        return DAWN + timedelta(days=50) + timedelta(microseconds=self.random.randrange(20 * 86_400 * 10**6))

    def value(self, name: str, field_type: FieldType) -> Any:
        match field_type:
            case FieldType.KEYWORD if name == "state":
                return self.random.choice(("FAILED", "SUCCESS", "SUCCESS", "RUNNING"))
            case FieldType.LONG if name == "attemptCount":
                return self.random.choice((0, 1, 1, 2, 3))
            case FieldType.LONG:
                return int(self.random.lognormvariate(6, 2))
            case FieldType.DOUBLE:
                return self.random.choice((0.0, 0.25, 1.5, 45.0, self.random.random()))
            case _:
                return super().value(name, field_type)

    def keywords(self, kind: Kind, count: int) -> tuple[str, ...]:
        names = [name for name, field_type in FIELDS[kind].items() if field_type is FieldType.KEYWORD]
        return tuple(self.random.sample(names, min(count, len(names))))

    def groupable(self, kind: Kind, count: int) -> tuple[str, ...]:
        """Return fields by which groups are made: of kinds that have labels, often one of them."""
        names = self.keywords(kind, count)
        if "labels" not in FIELDS[kind] or not names or self.random.random() < 0.5:
            return names
        return self.mixed((*names[1:], f"labels.{self.random.choice(LABELS)}"))

    def mixed(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.random.sample(names, len(names)))

    def which(self, kind: Kind) -> Filter:
        return self.random.choice((All(), Exists("id"), self.filter(kind, 2), self.filter(kind, 1)))


@pytest.fixture(params=["embedded", "embedded-many", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Both sides; the embedded one also as it reads when documents are many."""
    if request.param == "elasticsearch":
        yield request.getfixturevalue("elastic")
        return
    if request.param == "embedded-many":
        monkeypatch.setattr("runfold.adapters.sqlite_ways.FEW", 1)
    opened = SqliteIndex()
    yield opened
    opened.close()


def filled(index: Index, kind: Kind, seed: int) -> tuple[Spread, Bodies]:
    dice = Spread(seed)
    documents = [dice.document(kind, number) for number in range(DOCUMENTS)]
    assert index.put(documents) == {}
    index.refresh()
    return dice, [document.body for document in documents]


def numbers(bodies: Bodies, name: str | None) -> list[float]:
    return sorted(body[name] for body in bodies if name in body)


def agree(index: Index, answered: Figures, expected: Figures, ordered: Sequence[float]) -> None:
    """Find figures equal; of Elasticsearch, percentiles may lie as far off as it is said."""
    for entry in fields(Figures):
        got, wanted = getattr(answered, entry.name), getattr(expected, entry.name)
        if wanted is None or not entry.name.startswith("p"):
            assert got == wanted or math.isclose(got, wanted, rel_tol=1e-9), (entry.name, answered, expected)
    for percent in PERCENTS if ordered else ():
        got = getattr(answered, f"p{percent}")
        assert is_percentile(index, got, ordered, percent), (percent, answered, expected)


def is_percentile(index: Index, got: float | None, ordered: Sequence[float], percent: int) -> bool:
    if not ordered:
        return got is None
    if isinstance(index, SqliteIndex):
        return math.isclose(got or 0, percentile(ordered, percent), rel_tol=1e-12)
    rank = -(-len(ordered) * percent // 100) - 1
    off = math.ceil(len(ordered) * RANK_TOLERANCE) + 1
    low, high = ordered[max(rank - off, 0)], ordered[min(rank + off, len(ordered) - 1)]
    return got is not None and low - 1e-9 <= got <= high + 1e-9


def agree_on_group(index: Index, kind: Kind, answered: Group, expected: Group, bodies: Bodies) -> None:
    for name in ("key", "count", "failed", "retried", "sample"):
        assert getattr(answered, name) == getattr(expected, name), (name, answered, expected)
    assert answered.failure_rate == expected.failure_rate
    assert (answered.baseline_ms is None) == (expected.baseline_ms is None)
    assert math.isclose(answered.baseline_ms or 0, expected.baseline_ms or 0, rel_tol=1e-9)
    assert is_percentile(index, answered.slowdown, numbers(bodies, "slowdown"), 50)
    assert list(answered.figures) == list(MEASURES[kind])
    for name, found in answered.figures.items():
        agree(index, found, expected.figures[name], numbers(bodies, name))


def members(wanted: Statistics, bodies: Bodies, key: tuple[str, ...]) -> Bodies:
    fitting = [body for body in bodies if matches(wanted.filter, body)]
    return [body for body in fitting if not key or all(map(has, repeat(body), wanted.by, key))]


def has(body: Any, name: str, value: str) -> bool:
    carrier, _, path = name.partition(".")
    return value in leaves(body.get(carrier) or {}).get(path, ()) if path else body.get(name) == value


def test_random_filters_have_every_form_there_is():
    dice = Dice(1)
    seen: set[type] = set()

    def look(wanted: Filter) -> None:
        seen.add(type(wanted))
        for part in getattr(wanted, "parts", None) or filter(None, [getattr(wanted, "part", None)]):
            look(part)

    for _ in range(500):
        look(dice.filter(Kind.TASKRUNS, 3))
    assert seen == set(get_args(Filter))


@pytest.mark.parametrize("kind", list(Kind))
def test_values_are_counted_and_the_rest_is_summed_up(index: Index, kind: Kind):
    dice, bodies = filled(index, kind, 1)
    some_rest = 0
    for _ in range(REQUESTS):
        names = dice.groupable(kind, dice.random.choice((1, 2, 5)))
        wanted = Facets(kind, names, dice.which(kind), dice.random.choice((1, 2, 5, 100)))
        answered = index.facets(wanted)
        assert answered == facets_of(wanted, bodies), wanted
        some_rest += sum(facet.other for facet in answered.facets.values())
    assert some_rest


def histograms(dice: Spread, kind: Kind, date: str) -> Iterator[Histogram]:
    measures = [None, *(name for name, found in FIELDS[kind].items() if found in {FieldType.LONG, FieldType.DOUBLE})]
    for _ in range(REQUESTS):
        low, high = sorted((dice.date(), dice.date() + timedelta(seconds=1)))
        yield Histogram(
            kind,
            date,
            dice.which(kind),
            dice.random.choice((None, low)),
            dice.random.choice((None, high)),
            dice.random.choice(INTERVALS),
            dice.random.choice(ZONES),
            dice.random.choice((None, "namespace", "state" if "state" in FIELDS[kind] else "flowId")),
            dice.random.choice(measures),
        )


@pytest.mark.parametrize(("kind", "date"), [(Kind.TASKRUNS, "startDate"), (Kind.METRICS, "timestamp")])
def test_a_histogram_has_every_bucket_with_what_fell_into_it(index: Index, kind: Kind, date: str):
    dice, bodies = filled(index, kind, 2)
    filled_buckets = 0
    for wanted in histograms(dice, kind, date):
        expected, answered = histogram_of(wanted, bodies), index.histogram(wanted)
        assert answered.interval == expected.interval, wanted
        assert [strip(bucket) for bucket in answered.buckets] == [strip(bucket) for bucket in expected.buckets], wanted
        for number, (got, right) in enumerate(zip(answered.buckets, expected.buckets, strict=True)):
            end = expected.buckets[number + 1].start if number + 1 < len(expected.buckets) else None
            inside = [body for body in bodies if date in body and is_inside(body[date], right.start, end)]
            fitting = [body for body in inside if matches(wanted.filter, body)][: right.count or None]
            if end is not None:
                agree(index, got.figures, right.figures, numbers(fitting, wanted.measure))
            filled_buckets += bool(right.figures.count)
    assert filled_buckets > REQUESTS


def strip(bucket: Bucket) -> Bucket:
    return replace(bucket, figures=Figures(bucket.figures.count))


def is_inside(date: datetime, start: datetime, end: datetime | None) -> bool:
    return start <= date and (end is None or date < end)


def test_days_are_those_of_the_readers_time_zone_when_the_clocks_change(index: Index):
    moments = [datetime(2026, 3, day, hour, 30, tzinfo=UTC) for day in (28, 29, 30) for hour in (21, 22, 23)]
    index.put([taskrun(f"t{number}", startDate=moment) for number, moment in enumerate(moments)])
    index.refresh()
    berlin = ZoneInfo("Europe/Berlin")
    answered = index.histogram(Histogram(Kind.TASKRUNS, "startDate", interval=Calendar.DAY, zone=berlin))
    starts = [bucket.start.astimezone(berlin).isoformat() for bucket in answered.buckets]
    assert starts == [f"2026-03-{day}T00:00:00+0{offset}:00" for day, offset in ((28, 1), (29, 1), (30, 2), (31, 2))]
    assert [bucket.count for bucket in answered.buckets] == [2, 2, 3, 2]


def test_an_interval_is_chosen_and_gaps_are_filled(index: Index):
    index.put([taskrun("a", startDate=DAWN), taskrun("b", startDate=DAWN + timedelta(hours=20))])
    index.refresh()
    answered = index.histogram(Histogram(Kind.TASKRUNS, "startDate"))
    assert answered.interval == timedelta(hours=1)
    assert [bucket.count for bucket in answered.buckets] == [1, *[0] * 19, 1]


@pytest.mark.parametrize("kind", [Kind.TASKRUNS, Kind.EXECUTIONS, Kind.LOGS])
@pytest.mark.parametrize("order", list(Order))
def test_groups_are_told_in_order_with_the_total_and_the_rest(index: Index, kind: Kind, order: Order):
    if order in {Order.P95, Order.SLOWDOWN} and kind is not Kind.TASKRUNS:
        return
    dice, bodies = filled(index, kind, 3)
    measure = next(iter(MEASURES[kind]), "")
    for size in (3, 1000) * 3:
        by = dice.groupable(kind, dice.random.choice((0, 1, 2, 3)))
        sample = dice.random.choice((None, *dice.keywords(kind, 1)))
        wanted = Statistics(kind, by, dice.which(kind), order, size, sample)
        answered, expected = index.statistics(wanted), statistics_of(wanted, bodies)
        everything = {group.key: group for group in statistics_of(replace(wanted, size=1000), bodies).groups}
        agree_on_group(index, kind, answered.total, expected.total, members(wanted, bodies, ()))
        for group in answered.groups:
            agree_on_group(index, kind, group, everything[group.key], members(wanted, bodies, group.key))
        assert answered.is_complete
        assert answered.rest.groups == expected.rest.groups
        if order not in {Order.P95, Order.SLOWDOWN} or isinstance(index, SqliteIndex):
            assert answered.rest == expected.rest
            assert [group.key for group in answered.groups] == [group.key for group in expected.groups], wanted
        worths = [worth(group, order, measure) for group in answered.groups]
        assert worths == sorted(worths, reverse=True)


def taskrun(document_id: str, **values: Any) -> Document:
    return Document(Kind.TASKRUNS, document_id, 1, DAWN, {"id": document_id, **values})


def test_percentiles_of_many_run_times_lie_where_they_should(index: Index):
    dice = Spread(4)
    times = [int(dice.random.lognormvariate(7, 1.5)) for _ in range(5000)]
    index.put([taskrun(f"t{number}", runMs=time, taskId=f"k{number % 3}") for number, time in enumerate(times)])
    index.refresh()
    answered = index.statistics(Statistics(Kind.TASKRUNS, ("taskId",)))
    for group in (*answered.groups, answered.total):
        ordered = sorted(times[int(group.key[0][1:]) :: 3] if group.key else times)
        for percent in PERCENTS:
            assert is_percentile(index, getattr(group.figures["runMs"], f"p{percent}"), ordered, percent)


def test_more_groups_than_can_be_ranked_are_said_to_be_more(index: Index):
    index.put([taskrun(f"t{number:05}", taskId=f"k{number:05}", state="FAILED") for number in range(GROUPS_MAX + 1)])
    index.refresh()
    answered = index.statistics(Statistics(Kind.TASKRUNS, ("taskId",)))
    assert not answered.is_complete
    assert (answered.total.count, answered.total.failed) == (GROUPS_MAX + 1, GROUPS_MAX + 1)
    assert [group.key for group in answered.groups] == [(f"k{number:05}",) for number in range(20)]
    assert answered.rest.groups == GROUPS_MAX - 20
    assert index.count(Kind.TASKRUNS, All()) == Count(GROUPS_MAX + 1)
    assert index.count(Kind.TASKRUNS, All(), is_exact=False) == Count(PAGED_MAX, is_exact=False)


def test_counts_are_those_of_what_fits(index: Index):
    dice, bodies = filled(index, Kind.TASKRUNS, 5)
    for turn in range(REQUESTS):
        wanted = dice.filter(Kind.TASKRUNS, 3)
        expected = Count(sum(matches(wanted, body) for body in bodies))
        assert index.count(Kind.TASKRUNS, wanted, is_exact=turn % 2 == 0) == expected, wanted


def test_an_empty_index_has_empty_answers(index: Index):
    assert index.count(Kind.TASKRUNS, All()) == Count(0)
    facets = index.facets(Facets(Kind.TASKRUNS, ("state", "error")))
    assert (facets.total, facets.facets) == (0, {"state": Facet(), "error": Facet()})
    assert index.histogram(Histogram(Kind.TASKRUNS, "startDate")) == HistogramAnswer()
    wanted = Histogram(Kind.TASKRUNS, "startDate", low=DAWN, high=DAWN + timedelta(hours=2), by="state")
    assert [bucket.count for bucket in index.histogram(wanted).buckets] == [0] * len(histogram_of(wanted, ()).buckets)
    statistics = index.statistics(Statistics(Kind.TASKRUNS, ("taskId",)))
    assert (statistics.groups, statistics.total.count, statistics.total.figures["runMs"]) == ((), 0, Figures())


@pytest.mark.parametrize(
    "wanted",
    [
        Facets(Kind.TASKRUNS, ()),
        Facets(Kind.TASKRUNS, ("runMs",)),
        Facets(Kind.TASKRUNS, ("labels",)),
        Facets(Kind.TASKRUNS, ("labels.",)),
        Facets(Kind.TASKRUNS, ("outputs.uri",)),
        Facets(Kind.LOGS, ("labels.team",)),
        Statistics(Kind.TASKRUNS, ("state",), sample="labels.team"),
        Histogram(Kind.TASKRUNS, "startDate", by="labels.team"),
        Facets(Kind.TASKRUNS, ("state",), Is("nothing", ("x",))),
        Facets(Kind.TASKRUNS, ("state",), size=0),
        Facets(Kind.TASKRUNS, ("state",) * 21),
        Histogram(Kind.TASKRUNS, "state"),
        Histogram(Kind.TASKRUNS, "startDate", by="runMs"),
        Histogram(Kind.TASKRUNS, "startDate", measure="state"),
        Histogram(Kind.TASKRUNS, "startDate", low=DAWN, high=DAWN),
        Histogram(Kind.TASKRUNS, "startDate", low=datetime(2026, 1, 1)),  # noqa: DTZ001 -- the fault is the point
        Histogram(Kind.TASKRUNS, "startDate", low=DAWN, high=DAWN + timedelta(days=1), interval=timedelta(0)),
        Histogram(
            Kind.TASKRUNS,
            "startDate",
            low=DAWN,
            high=DAWN + timedelta(seconds=BUCKETS_MAX + 1),
            interval=timedelta(seconds=1),
        ),
        Statistics(Kind.TASKRUNS, ("state",) * 6),
        Statistics(Kind.TASKRUNS, ("startDate",)),
        Statistics(Kind.TASKRUNS, ("state",), size=1001),
        Statistics(Kind.TASKRUNS, ("state",), sample="runMs"),
        Statistics(Kind.LOGS, ("level",), order=Order.P95),
        Statistics(Kind.EXECUTIONS, ("state",), order=Order.SLOWDOWN),
    ],
)
def test_a_question_that_can_not_be_answered_is_refused(index: Index, wanted: Facets | Histogram | Statistics):
    ask = {Facets: index.facets, Histogram: index.histogram, Statistics: index.statistics}[type(wanted)]
    with pytest.raises(BadRequest):
        ask(wanted)


def test_who_has_a_label_twice_is_in_both_groups_and_once_in_the_total(index: Index):
    teams = ({"team": ["red", "blue", "red"]}, {"team": "red", "system": {"from": "api"}}, {"TEAM": "red"}, {})
    index.put([taskrun(f"t{number}", labels=labels, runMs=number) for number, labels in enumerate(teams)])
    index.refresh()
    answered = index.statistics(Statistics(Kind.TASKRUNS, ("labels.team",)))
    assert [(group.key, group.count, group.figures["runMs"].sum) for group in answered.groups] == [
        (("red",), 2, 1),
        (("blue",), 1, 0),
    ]
    assert answered.total.count == len(teams)
    facets = index.facets(Facets(Kind.TASKRUNS, ("labels.team", "labels.system.from"), size=1)).facets
    assert facets == {"labels.team": Facet((("red", 2),), 1), "labels.system.from": Facet((("api", 1),))}


def test_groups_go_by_labels_as_they_are_now(index: Index):
    index.put([taskrun("a", labels={"team": "red"})])
    index.put([replace(taskrun("a", labels={"team": "blue"}), version=2)])
    index.refresh()
    assert [group.key for group in index.statistics(Statistics(Kind.TASKRUNS, ("labels.team",))).groups] == [("blue",)]

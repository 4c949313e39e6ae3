"""How time is cut, and what a percentile is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runfold.documents.statistics.figures import PERCENTS, Figures, figures, percentile
from runfold.documents.statistics.intervals import (
    BUCKETS_CHOSEN_MAX,
    BUCKETS_MAX,
    Calendar,
    Interval,
    boundaries,
    interval_for,
    interval_text,
)
from runfold.errors import BadRequest

LOW = datetime(2026, 3, 28, 13, 7, 5, 123_456, tzinfo=UTC)
ZONES = [UTC, *map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe"))]

instants = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(microseconds=1), timedelta(days=9000))


@given(instants, spans, st.sampled_from(ZONES))
def test_buckets_follow_each_other_and_cover_the_span(low: datetime, span: timedelta, zone: ZoneInfo):
    found = boundaries(low, low + span, interval_for(span), zone)
    assert list(found) == sorted(set(found))
    assert found[0] <= low < found[1]
    assert found[-2] < low + span <= found[-1]
    assert len(found) <= BUCKETS_CHOSEN_MAX + 3
    assert all(edge.microsecond == 0 for edge in found)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=20), "PT1S"),
        (timedelta(hours=1), "PT5M"),
        (timedelta(hours=24), "PT1H"),
        (timedelta(days=7), "PT6H"),
        (timedelta(days=30), "P1D"),
        (timedelta(days=90), "P1W"),
        (timedelta(days=365), "P1M"),
        (timedelta(days=20_000), "P1Y"),
    ],
)
def test_the_interval_that_is_chosen_suits_the_span(span: timedelta, text: str):
    assert interval_text(interval_for(span)) == text


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        (timedelta(hours=6), ["2026-03-28T12:00+01:00", "2026-03-28T18:00+01:00", "2026-03-29T00:00+01:00"]),
        (timedelta(hours=1), ["2026-03-28T14:00+01:00", "2026-03-28T15:00+01:00", "2026-03-28T16:00+01:00"]),
        (Calendar.DAY, ["2026-03-28T00:00+01:00", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"]),
        (Calendar.WEEK, ["2026-03-23T00:00+01:00", "2026-03-30T00:00+02:00", "2026-04-06T00:00+02:00"]),
        (Calendar.MONTH, ["2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00", "2026-05-01T00:00+02:00"]),
        (Calendar.YEAR, ["2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00", "2028-01-01T00:00+01:00"]),
    ],
)
def test_buckets_begin_at_the_readers_midnight(interval: Interval, starts: list[str]):
    berlin = ZoneInfo("Europe/Berlin")
    found = boundaries(LOW, datetime.fromisoformat(starts[-1]), interval, berlin)
    assert [edge.astimezone(berlin).isoformat(timespec="minutes") for edge in found] == starts


def test_more_buckets_than_anyone_can_look_at_are_refused():
    second = timedelta(seconds=1)
    assert len(boundaries(LOW, LOW + second * (BUCKETS_MAX - 1), second, UTC)) == BUCKETS_MAX + 1
    for interval in (second, timedelta(0), timedelta(seconds=1.5), -second):
        with pytest.raises(BadRequest):
            boundaries(LOW, LOW + second * (BUCKETS_MAX + 1), interval, UTC)


@given(st.lists(st.integers(-(10**6), 10**9), min_size=1, max_size=300), st.sampled_from(PERCENTS))
def test_a_percentile_is_the_smallest_number_that_so_many_are_not_above(numbers: list[int], percent: int):
    found = percentile(sorted(numbers), percent)
    assert sum(number <= found for number in numbers) * 100 >= percent * len(numbers)
    assert sum(number < found for number in numbers) * 100 < percent * len(numbers)


def test_figures_of_numbers_and_of_none():
    assert figures(()) == Figures()
    assert figures(range(1, 101)) == Figures(100, 5050, 1, 100, 50.5, 50, 90, 95, 99)

"""Query parameters: each form that is documented is read, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runfold.documents.model import Kind
from runfold.documents.query import matches
from runfold.errors import BadRequest
from runfold.webserver.parameters import (
    Range,
    below,
    child_filter,
    instant_of,
    labels_filter,
    level_filter,
    range_of,
    scope_filter,
    sorts_of,
    states_filter,
)

NOW = datetime(2024, 12, 5, 10, tzinfo=UTC)
NAMES = ["q", "scope", "namespace", "flowId", "executionId", "taskId", "state", "startDate", "endDate", "timeRange",
         "labels", "triggerExecutionId", "childFilter", "sort", "page", "size"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-05T10:11:12.345Z", datetime(2024, 12, 5, 10, 11, 12, 345000, UTC)),
        ("2024-12-05T10:11:12.345678901z", datetime(2024, 12, 5, 10, 11, 12, 345678, UTC)),
        ("2024-12-05T10:11:12+02:00", datetime(2024, 12, 5, 8, 11, 12, tzinfo=UTC)),
        ("2024-12-05T10:11:12 02:00", datetime(2024, 12, 5, 8, 11, 12, tzinfo=UTC)),
        ("2024-12-05T10:11-0130", datetime(2024, 12, 5, 11, 41, tzinfo=UTC)),
        ("2024-12-05Z", datetime(2024, 12, 5, tzinfo=UTC)),
        ("2024-12-05T10:11", datetime(2024, 12, 5, 10, 11).astimezone()),
    ],
)
def test_dates_are_read_in_each_documented_form(text, expected):
    assert instant_of("startDate", text) == expected


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_every_instant_in_every_zone_is_read_as_itself(date, offset_minutes):
    instant = date.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert instant_of("startDate", instant.isoformat()) == instant


@given(st.text(max_size=30))
def test_any_other_text_is_refused_and_never_an_accident(text):
    for read in (
        lambda: instant_of("startDate", text),
        lambda: range_of(None, None, text, NOW),
        lambda: labels_filter([text]),
        lambda: states_filter([text]),
        lambda: child_filter(text),
        lambda: scope_filter([text]),
        lambda: level_filter(text),
        lambda: sorts_of(Kind.TASKRUNS, [text], ()),
    ):
        with suppress(BadRequest):
            read()


def test_a_time_range_counts_back_from_now():
    assert range_of(None, None, "P1DT2H", NOW) == Range(NOW - timedelta(hours=26), None)
    assert range_of("", "2024-12-05T10:00:00Z", "PT1H", NOW) == Range(NOW - timedelta(hours=1), NOW)


def test_a_label_is_split_at_its_first_colon():
    wanted = labels_filter(["url:http://x:1"])
    assert matches(wanted, {"labels": {"url": ["http://x:1"]}})
    assert not matches(wanted, {"labels": {"url": ["http"]}})


def test_a_namespace_holds_those_below_it_and_no_neighbour():
    wanted = below("a.b")
    assert [name for name in ("a.b", "a.b.c", "a.bc", "a") if matches(wanted, {"namespace": name})] == ["a.b", "a.b.c"]


def test_a_level_means_itself_and_the_graver_ones():
    assert [number for number in range(5) if matches(level_filter("info"), {"levelNumber": number})] == [2, 3, 4]


def test_both_scopes_are_no_wish():
    assert scope_filter(["USER", "SYSTEM"]) is None
    assert scope_filter(["USER,SYSTEM"]) is None
    assert scope_filter([]) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=20), max_size=4))
def test_no_query_string_is_the_servers_fault(shared_world, parameters):
    for path in ("/taskruns/search", "/executions/search", "/logs/search", "/flows/search"):
        answer = shared_world.get(path, **parameters)
        assert answer.status_code in {200, 422}, (path, parameters, answer.text)

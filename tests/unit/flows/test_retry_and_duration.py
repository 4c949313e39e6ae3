"""When the next attempt is due, and how durations read and print."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.flows.flow_types import log, task, texts

from runfold.flows.duration import format_duration, parse_duration
from runfold.flows.retry import RetryBase, next_attempt

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def retry(body: str) -> RetryBase:
    found = task(log("a", f", retry: {{{body}}}")).retry
    assert found is not None
    return found


def due(body: str, attempts: int, *, ended_s: float = 0, fraction: float = 0.0) -> float | None:
    found = next_attempt(retry(body), attempts, T0, T0 + timedelta(seconds=ended_s), fraction)
    return None if found is None else (found - T0).total_seconds() - ended_s


def test_a_constant_retry_waits_the_same_time():
    assert [due("type: constant, interval: PT2S", n) for n in (1, 2, 3)] == [2, 2, 2]


def test_an_exponential_retry_waits_longer_up_to_its_limit():
    body = "type: exponential, interval: PT1S, maxInterval: PT10S"
    assert [due(body, n) for n in (1, 2, 3, 4, 5, 6, 5000)] == [1, 2, 4, 8, 10, 10, 10]
    assert [due(f"{body}, delayFactor: 3", n) for n in (1, 2, 3)] == [1, 3, 9]


def test_a_random_retry_waits_somewhere_between_its_bounds():
    body = "type: random, minInterval: PT1S, maxInterval: PT3S"
    assert [due(body, 1, fraction=fraction) for fraction in (0.0, 0.5)] == [1, 2]


@pytest.mark.parametrize("key", ["maxAttempt", "maxAttempts"])
def test_max_attempt_counts_the_first_attempt_too(key):
    body = f"type: constant, interval: PT1S, {key}: 3"
    assert [due(body, n) is not None for n in (1, 2, 3)] == [True, True, False]


def test_max_duration_counts_from_the_first_start():
    body = "type: constant, interval: PT2S, maxDuration: PT10S"
    assert due(body, 1, ended_s=8) == 2
    assert due(body, 1, ended_s=8.1) is None


def test_without_bounds_it_retries_forever():
    assert due("type: constant, interval: PT1S", 10**9) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "type: constant, interval: PT10S, maxDuration: PT1S",
            "'interval' must be less than 'maxDuration' but is PT10S",
        ),
        (
            "type: exponential, interval: PT3S, maxInterval: PT2S",
            "'interval' must be less than 'maxInterval' but is PT3S",
        ),
        (
            "type: random, minInterval: PT3S, maxInterval: PT2S",
            "'minInterval' must be less than 'maxInterval' but is PT3S",
        ),
        (
            "type: random, minInterval: PT1S, maxInterval: PT5S, maxDuration: PT3S",
            "'maxInterval' must be less than 'maxDuration' but is PT5S",
        ),
        ("type: constant, interval: PT1S, maxAttempt: 0", "must be greater than or equal to 1"),
        ("type: constant", "must not be null"),
        ("type: sometimes", "Invalid type: sometimes"),
        ("type: exponential, interval: PT1S, maxInterval: PT2S, delayFactor: .nan", "delayFactor"),
    ],
)
def test_wrong_retries_are_refused(body, message):
    assert message in texts(f"tasks:\n  - {log('a', f', retry: {{{body}}}')}\n")[0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1S", 1),
        ("pt0.5s", 0.5),
        ("PT1,25S", 1.25),
        ("-PT1M", -60),
        ("PT-1.5S", -1.5),
        ("P1DT1H", 90_000),
        ("P2W", 1_209_600),
        ("+PT1H30M", 5400),
        ("PT0.123456789S", 0.123456),
    ],
)
def test_durations_read_as_java_reads_them(text, seconds):
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "1S", "PT1", "PT1.S.", "1 hour", "PT1H1H", "P" + "9" * 18 + "D"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="Text cannot be parsed to a Duration"):
        parse_duration(text)


@given(st.timedeltas())
def test_a_printed_duration_reads_as_itself(duration):
    assert parse_duration(format_duration(duration)) == duration


def test_durations_print_as_java_prints_them():
    assert format_duration(timedelta(days=2, hours=1, seconds=0.5)) == "PT49H0.5S"
    assert format_duration(timedelta()) == "PT0S"
    assert format_duration(timedelta(seconds=-1.5)) == "PT-1.5S"

"""Baselines: what task runs' documents say beside earlier runs of the same task."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.baseline import SAMPLES_MIN
from runfold.documents.model import Document, Kind
from runfold.documents.statistics import Statistics, StatisticsAnswer
from runfold.indexer import baselines
from runfold.indexer.baselines import ASKED_MIN, ASKED_PER, WINDOW_MAX, Baselines

DATE = datetime(2026, 5, 4, tzinfo=UTC)


class Counting(SqliteIndex):
    """Counts the questions."""

    asked = 0

    def statistics(self, wanted: Statistics) -> StatisticsAnswer:
        self.asked += 1
        return super().statistics(wanted)


@pytest.fixture
def index() -> Iterator[Counting]:
    opened = Counting()
    yield opened
    opened.close()


def run(number: int, run_ms: int | None, **body: Any) -> Document:
    began = body.setdefault("startDate", DATE + timedelta(seconds=number))
    ended = {} if run_ms is None else {"runMs": run_ms, "endDate": began + timedelta(milliseconds=run_ms)}
    state = "RUNNING" if run_ms is None else "SUCCESS"
    fields = {"namespace": "n", "flowId": "f", "taskId": "t", "state": state, "runningDate": began, **ended, **body}
    present = {name: value for name, value in fields.items() if value is not None}
    return Document(Kind.TASKRUNS, f"t{number}", 1, began, {"id": f"t{number}", **present})


def store(index: SqliteIndex, documents: Sequence[Document]) -> None:
    assert index.put(documents) == {}


def said(document: Document) -> tuple[Any, Any, Any]:
    return tuple(document.body.get(name) for name in ("baselineMs", "slowdown", "overdueAt"))


def test_an_ended_run_tells_how_slow_it_was_and_a_running_one_when_it_is_overdue(index: Counting):
    store(index, [run(number, 100 + number) for number in range(100)])
    slow, running, waiting = Baselines(index).compare(
        [run(101, 388), run(102, None), run(103, None, state="CREATED", runningDate=None)]
    )
    assert said(slow) == (194, 2.0, None)
    assert said(running) == (194, None, DATE + timedelta(seconds=102, milliseconds=194))
    assert said(waiting) == (194, None, None)


def test_of_few_runs_nothing_is_said_until_there_are_enough(index: Counting):
    known = Baselines(index)
    for number in range(SAMPLES_MIN):
        (document,) = known.compare([run(number, 100)])
        assert said(document) == (None, None, None)
        store(index, [document])
    assert said(*known.compare([run(99, 50)])) == (100, 0.5, None)


def test_only_good_runs_of_the_same_task_count(index: Counting):
    others: list[dict[str, Any]] = [{"state": "FAILED"}, {"state": "KILLED"}, {"taskId": "u"}, {"flowId": "g"}]
    others += [{"namespace": "n.m"}, {"startDate": DATE - WINDOW_MAX}]
    for turn, other in enumerate(others):
        store(index, [run(1000 * turn + number, 5, **other) for number in range(20)])
    store(index, [run(9000 + number, 70, state="WARNING", startDate=DATE) for number in range(SAMPLES_MIN)])
    assert said(*Baselines(index).compare([run(1, 70)])) == (70, 1.0, None)


def test_another_indexer_knows_the_same(index: Counting):
    store(index, [run(number, 100) for number in range(50)])
    first, second = (Baselines(index).compare([run(60, 50)]) for _ in range(2))
    assert first == second
    assert first[0].body["baselineMs"] == 100


def test_the_index_is_asked_again_after_a_tenth_more_runs_or_an_hour(index: Counting):
    store(index, [run(number, 100) for number in range(1000)])
    known = Baselines(index)
    for number in range(1000, 1100):
        known.compare([run(number, 100)])
    assert index.asked == 1
    known.compare([run(1100, 100)])
    assert index.asked == 2
    known.compare([run(1101 + number, 100) for number in range(10)])
    known.compare([run(1200, None, startDate=DATE + timedelta(hours=3))])
    assert index.asked == 3
    known.compare([run(1300, None, startDate=DATE + timedelta(hours=6))])
    assert index.asked == 3, "no run has ended since"


def test_thousands_of_unknown_tasks_do_not_hold_the_indexer_up(index: Counting):
    known = Baselines(index)
    known.compare([run(number, 1, taskId=f"t{number}") for number in range(ASKED_PER * 3)])
    assert index.asked == 3
    known.compare([run(number, 1, taskId=f"t{number}") for number in range(ASKED_PER // 2)])
    assert index.asked == 3 + ASKED_MIN, "a small batch asks for some, too"


def test_a_task_that_nothing_is_known_of_is_asked_for_before_others(index: Counting):
    known = Baselines(index)
    known.compare([run(0, 1, taskId="a"), run(1, 1, taskId="b")])
    store(index, [run(number, 100, taskId="new") for number in range(SAMPLES_MIN)])
    runs = [run(100 + number, 1, taskId=task) for number in range(SAMPLES_MIN) for task in ("a", "b")]
    known.compare(runs)  # now both are due again
    *_, new = known.compare([run(200, 1, taskId="a"), run(201, 1, taskId="b"), run(202, 200, taskId="new")])
    assert said(new) == (100, 2.0, None)


def test_tasks_not_seen_for_long_are_forgotten(index: Counting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(baselines, "TASKS_MAX", 2)
    known = Baselines(index)
    for task in ("a", "b", "a", "c", "a", "b"):
        known.compare([run(1, None, taskId=task)])
    assert index.asked == 4, "b was forgotten for c, and asked for again"


def test_a_task_that_runs_often_is_compared_with_its_latest_runs(index: Counting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(baselines, "SAMPLES_ENOUGH", 100)
    days = [DATE + timedelta(days=day / 100) for day in range(3000)]
    store(index, [run(number, 100 if number < 2500 else 900, startDate=day) for number, day in enumerate(days)])
    known = Baselines(index)
    known.compare([run(9000, 900, startDate=days[-1])])
    for number in range(400):
        known.compare([run(9001 + number, 900, startDate=days[-1])])
    assert said(*known.compare([run(9999, 900, startDate=days[-1])])) == (900, 1.0, None)
    assert known._known["n", "f", "t"].window < timedelta(days=3), "it does not read a month"


def test_what_is_no_task_run_is_left_as_it_is(index: Counting):
    execution = Document(Kind.EXECUTIONS, "ex", 1, DATE, {"id": "ex"})
    assert Baselines(index).compare([execution]) == [execution]
    assert Baselines(index).compare([run(1, None, startDate=datetime(1970, 1, 2, tzinfo=UTC))])

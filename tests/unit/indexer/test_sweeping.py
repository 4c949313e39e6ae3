"""Retention: what is older than its namespace's rule goes, piece by piece, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.documents.project import Position, project_execution, project_log
from runfold.documents.query import Query
from runfold.execution.claims import Delete, LogEntry
from runfold.execution.model import Execution
from runfold.execution.state import Entry, State
from runfold.indexer.sweeping import PERIOD, Sweep, Turn
from runfold.settings import Retention
from runfold.topology import CLAIMS

NOW = datetime(2026, 5, 4, tzinfo=UTC)
DAY = timedelta(days=1)


class World:
    def __init__(self) -> None:
        self.broker = SqliteBroker(None)
        self.index = SqliteIndex()
        self.now = NOW
        self.count = 0

    def sweep(self, *rules: Retention) -> Sweep:
        return Sweep(self.index, self.broker, rules, lambda: self.now)

    def ended(self, execution_id: str, namespace: str, days_ago: int, state: State = State.SUCCESS) -> None:
        history = (Entry(State.CREATED, NOW - 30 * DAY), Entry(state, NOW - days_ago * DAY))
        self.index.put([project_execution(Execution(execution_id, namespace, "f", 1, history, seq=3))])

    def line(self, namespace: str, days_ago: float) -> None:
        self.count += 1
        entry = LogEntry(namespace, "f", "ex", NOW - days_ago * DAY, "INFO", "x")
        self.index.put([project_log(entry, Position(0, self.count))])

    def asked(self) -> set[str]:
        claims = [msgspec.json.decode(record.value, type=Delete) for record in self.broker.history(CLAIMS)]
        return {claim.execution_id for claim in claims}

    def run(self, sweep: Sweep, steps: int = 50) -> None:
        for _ in range(steps):
            sweep.step()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.index.close()
    world.broker.close()


def test_the_rule_with_the_longest_namespace_counts_as_a_whole(world: World):
    for namespace in ("a", "a.b", "a.b.c", "a.bc", "other"):
        for days in (1, 4, 8):
            world.ended(f"{namespace}-{days}", namespace, days)
    world.run(
        world.sweep(
            Retention(namespace="a", executions=3 * DAY),
            Retention(namespace="a.b", executions=7 * DAY),
            Retention(namespace="a.b.c", logs=DAY),
        )
    )
    assert world.asked() == {"a-4", "a-8", "a.bc-4", "a.bc-8", "a.b-8"}


def test_a_rule_without_a_namespace_is_for_all_that_have_no_other(world: World):
    world.ended("1", "a", 4)
    world.ended("2", "b.c", 4)
    world.run(world.sweep(Retention(executions=3 * DAY), Retention(namespace="b")))
    assert world.asked() == {"1"}


def test_what_has_not_ended_stays_however_old_it_is(world: World):
    world.ended("1", "a", 20, State.RUNNING)
    world.ended("2", "a", 20, State.FAILED)
    world.run(world.sweep(Retention(executions=3 * DAY)))
    assert world.asked() == {"2"}


def test_old_log_lines_go_an_hour_of_them_at_a_step(world: World):
    for hour in range(10):
        world.line("a", 5 + hour / 12)
    world.line("a", 1)
    sweep = world.sweep(Retention(namespace="a", logs=3 * DAY))
    sweep.step()
    assert 0 < world.index.search(Query(Kind.LOGS)).total < 11
    world.run(sweep)
    assert world.index.search(Query(Kind.LOGS)).total == 1


def test_one_sweep_ends_and_the_next_one_waits_for_its_time(world: World):
    sweep = world.sweep(Retention(executions=3 * DAY))
    world.run(sweep)
    world.ended("1", "a", 4)
    world.run(sweep)
    assert world.asked() == set()
    world.now += PERIOD
    world.run(sweep)
    assert world.asked() == {"1"}


def test_without_rules_everything_is_kept(world: World):
    world.ended("1", "a", 29)
    world.line("a", 300)
    world.now += 1000 * DAY
    world.run(world.sweep())
    assert world.asked() == set()
    assert world.index.search(Query(Kind.LOGS)).total == 1


def test_of_several_indexers_the_one_with_the_first_partition_sweeps():
    turn = Turn()
    turn.assigned([1, 2])
    assert not turn.is_ours()
    turn.assigned([0])
    assert turn.is_ours()
    turn.revoked([0, 1])
    assert not turn.is_ours()

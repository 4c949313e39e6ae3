"""What the embedded broker forgets, and what it must not."""

from pathlib import Path

import pytest

from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.ports import Message, Reading

HOUR_S = 3600.0


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def opened(path: Path) -> tuple[SqliteBroker, Clock]:
    clock = Clock()
    return SqliteBroker(path / "log.db", retention_s=HOUR_S, now_s=clock), clock


def test_old_records_go_once_every_group_has_read_them(tmp_path: Path) -> None:
    broker, clock = opened(tmp_path)
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(1200)])
    quick = broker.log(Reading(("claims",), group="quick"))
    slow = broker.log(Reading(("claims",), group="slow"))
    quick.commit(quick.poll(1200, 0.0), [])
    clock.now_s += 2 * HOUR_S
    assert broker.sweep() == 0

    slow.commit(slow.poll(700, 0.0), [])
    assert broker.sweep() == 700
    assert broker.sweep() == 0

    assert [int(record.value or b"") for record in slow.poll(1200, 0.0)] == list(range(700, 1200))
    broker.close()


def test_young_records_stay(tmp_path: Path) -> None:
    broker, clock = opened(tmp_path)
    broker.publish([Message("claims", "k", b"1"), Message("claims", "k", b"2")])
    clock.now_s += HOUR_S / 2
    assert broker.sweep() == 0
    broker.close()


def test_facts_are_kept_for_ever(tmp_path: Path) -> None:
    broker, clock = opened(tmp_path)
    broker.publish([Message("facts", "k", b"1"), Message("facts", "k", b"2")])
    clock.now_s += 10_000 * HOUR_S
    broker.sweep()
    assert len(list(broker.history("facts"))) == 2
    broker.close()


def facts(*keys: str) -> list[Message]:
    return [Message("facts", key, f"{key}{number}".encode()) for number, key in enumerate(keys)]


def kept(broker: SqliteBroker) -> list[str]:
    return [(record.value or b"").decode() for record in broker.history("facts")]


@pytest.mark.parametrize("path", ["log.db", None])
def test_facts_of_what_has_ended_go_after_their_limit_whole_or_not_at_all(tmp_path: Path, path: str | None) -> None:
    clock = Clock()
    broker = SqliteBroker(path and tmp_path / path, now_s=clock, facts_retention_s=24 * HOUR_S)
    broker.publish([Message("executions", key, b"{}") for key in ("running", "ended", "goes on", "forgotten")])
    broker.publish([Message("queues", "queue", b"{}")])
    broker.publish(facts("running", "ended", "goes on", "queue", "ended", "never seen"))
    broker.publish([Message("executions", key, None) for key in ("ended", "goes on", "forgotten")])
    clock.now_s += 23 * HOUR_S
    broker.sweep()
    assert len(kept(broker)) == 6

    clock.now_s += 2 * HOUR_S
    broker.publish(facts("goes on", "queue", "last"))
    broker.sweep()

    assert kept(broker) == ["running0", "goes on2", "goes on0", "queue1", "last2"]
    broker.close()


def test_facts_that_a_group_has_not_read_stay(tmp_path: Path) -> None:
    clock = Clock()
    broker = SqliteBroker(tmp_path / "log.db", now_s=clock, facts_retention_s=24 * HOUR_S)
    broker.publish(facts("a", "b", "c"))
    slow = broker.log(Reading(("facts",), group="slow"))
    clock.now_s += 25 * HOUR_S
    broker.publish(facts("last"))
    broker.sweep()
    assert len(kept(broker)) == 4

    slow.commit(slow.poll(2, 0.0), [])
    broker.sweep()
    assert kept(broker) == ["c2", "last0"]
    broker.close()


def test_many_old_facts_go_in_small_batches_beside_those_that_stay(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("runfold.adapters.sqlite_sweep.FACTS_WINDOW_MAX", 700)
    clock = Clock()
    broker = SqliteBroker(tmp_path / "log.db", now_s=clock, facts_retention_s=24 * HOUR_S)
    broker.publish([Message("executions", "running", b"{}")])
    broker.publish(facts(*("running" if number % 3 == 0 else f"e{number}" for number in range(3000))))
    clock.now_s += 25 * HOUR_S
    broker.publish(facts("last"))

    assert broker.sweep() == 2000
    assert broker.sweep() == 0
    assert kept(broker) == [f"running{number}" for number in range(0, 3000, 3)] + ["last0"]
    broker.close()


def test_offsets_go_on_after_a_sweep_and_a_restart(tmp_path: Path) -> None:
    broker, clock = opened(tmp_path)
    broker.publish([Message("claims", "k", b"0") for _ in range(5)])
    clock.now_s += 2 * HOUR_S
    assert broker.sweep() == 4
    broker.close()

    broker, _ = opened(tmp_path)
    broker.publish([Message("claims", "k", b"1")])
    assert [record.offset for record in broker.history("claims")] == [4, 5]
    broker.close()


def test_a_tombstone_goes_when_every_group_has_seen_it_and_a_live_key_never(tmp_path: Path) -> None:
    broker, clock = opened(tmp_path)
    indexer = broker.log(Reading(("executions",), group="indexer"))
    broker.publish([Message("executions", "ended", b"1"), Message("executions", "live", b"1")])
    broker.publish([Message("executions", "ended", None), Message("executions", "last", b"1")])
    clock.now_s += 2 * HOUR_S
    broker.sweep()
    assert {record.key for record in broker.history("executions")} == {"ended", "live", "last"}

    indexer.commit(indexer.poll(10, 0.0), [])
    broker.sweep()

    assert {record.key for record in broker.history("executions")} == {"live", "last"}
    broker.close()

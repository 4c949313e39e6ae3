"""What the worker promises about records, reports, kills, timeouts and shutdown."""

import threading
import time
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from tests.unit.worker.rig import LOG, RETURN, SLEEP, T0, Gate, Rig, Waits

from runfold import topology
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.errors import Unavailable
from runfold.execution.claims import TaskEnded, TaskReleased, TaskStarted
from runfold.execution.state import State
from runfold.ports import Log, Message, Reading, Record
from runfold.worker import service

QUICK = {"type": RETURN, "format": "x"}


@pytest.fixture
def rig() -> Iterator[Rig]:
    Gate.OPEN = {}
    Gate.STARTS = []
    Waits.ENDS = []
    yield Rig()
    for gate in Gate.OPEN.values():
        gate.set()


def gate(name: str = "g") -> dict[str, str]:
    Gate.OPEN[name] = threading.Event()
    return {"type": "test.Gate", "gate": name}


def runs(rig: Rig, *gates: str) -> None:
    rig.until(lambda: set(gates) <= set(Gate.STARTS))


def kinds(rig: Rig) -> list[type]:
    return [type(claim) for claim in rig.claims()]


class FlakyLog:
    """A log whose broker is away when the test says so; the answer to a commit may get lost."""

    def __init__(self, log: Log, broker: "FlakyBroker", reading: Reading) -> None:
        self._log = log
        self._broker = broker
        self.reading = reading

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        self._broker.limits.append(limit)
        return self._log.poll(limit, timeout_s)

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        if self._broker.is_away:
            raise Unavailable("away")
        self._log.commit(read, written)
        self._broker.commits.append((len(read), len(written)))

    def wake(self) -> None:
        self._log.wake()

    def close(self) -> None:
        self._log.close()


class FlakyBroker:
    """The in-memory broker, watched."""

    def __init__(self) -> None:
        self._broker = SqliteBroker(None)
        self.is_away = False
        self.limits: list[int] = []
        self.commits: list[tuple[int, int]] = []
        self.logs: list[FlakyLog] = []

    def log(self, reading: Reading) -> FlakyLog:
        log = FlakyLog(self._broker.log(reading), self, reading)
        self.logs.append(log)
        return log

    def __getattr__(self, name: str) -> object:
        return getattr(self._broker, name)


def revoke(broker: FlakyBroker) -> None:
    """Tell the worker that its partition went to another one."""
    reading = next(log.reading for log in broker.logs if log.reading.group is not None)
    assert reading.assignment is not None
    reading.assignment.revoked([0])


def leave(broker: FlakyBroker) -> None:
    """Tell the worker that its partition is about to go to another one."""
    reading = next(log.reading for log in broker.logs if log.reading.group is not None)
    assert reading.assignment is not None
    reading.assignment.leaving([0])
    reading.assignment.revoked([0])


# Reports -------------------------------------------------------------------------------------


def test_an_attempt_is_reported_as_started_only_when_it_takes_longer_than_100_ms(rig: Rig) -> None:
    rig.send(gate(), taskrun_id="tr", token=4)
    runs(rig, "g")
    rig.clock.advance(0.099)
    rig.step()
    assert rig.claims() == []

    rig.clock.advance(0.001)
    rig.step()
    rig.step()
    (claim,) = rig.claims()
    assert isinstance(claim, TaskStarted)
    assert (claim.id, claim.worker_id, claim.at) == ("tr.4.started", "w1", T0)

    rig.clock.advance(5)
    Gate.OPEN["g"].set()
    rig.until(rig.ended)
    (ended,) = rig.ended()
    assert (ended.state, (ended.ended_at - ended.started_at).total_seconds()) == (State.SUCCESS, 5.1)
    assert kinds(rig) == [TaskStarted, TaskEnded]


def test_an_attempt_that_ends_sooner_reports_once(rig: Rig) -> None:
    rig.send(gate())
    runs(rig, "g")
    Gate.OPEN["g"].set()
    rig.until(rig.claims)
    rig.clock.advance(1)
    rig.step()

    assert kinds(rig) == [TaskEnded]


def test_the_log_of_a_running_attempt_is_seen_before_its_end(rig: Rig) -> None:
    rig.send(gate())
    rig.until(rig.logs)

    assert rig.lines() == [("INFO", "at the gate")]
    assert rig.ended() == []


def test_the_log_of_an_attempt_is_written_before_its_end_is_reported() -> None:
    broker = FlakyBroker()
    written: list[str] = []
    rig = Rig(broker)
    log = broker.logs[-1]
    commit = log.commit
    log.commit = lambda read, messages: (written.extend(m.topic for m in messages), commit(read, messages))[1]  # type: ignore[method-assign]
    rig.send(QUICK)
    rig.step()

    attempt = [topic for topic in written if topic != topology.WORKERS]
    assert attempt == [topology.LOGS, topology.METRICS, topology.METRICS, topology.CLAIMS]


def test_what_a_step_wrote_goes_in_one_commit() -> None:
    broker = FlakyBroker()
    rig = Rig(broker)
    rig.step()
    broker.commits.clear()
    for _ in range(100):
        rig.send(QUICK)
    rig.step()

    assert broker.commits == [(100, 400)]


def test_a_large_step_is_written_in_bounded_commits_and_confirmed_by_the_last() -> None:
    broker = FlakyBroker()
    rig = Rig(broker)
    rig.step()
    broker.commits.clear()
    rig.send({"type": LOG, "message": ["x"] * 4500})
    rig.step()

    assert broker.commits == [(0, 2000), (0, 2000), (1, 501)]


# Confirming ----------------------------------------------------------------------------------


def test_work_without_a_report_comes_again_after_a_crash(rig: Rig) -> None:
    rig.send(gate(), taskrun_id="tr")
    runs(rig, "g")
    rig.new_worker()
    rig.until(lambda: Gate.STARTS == ["g", "g"])


def test_work_that_was_reported_as_started_does_not_come_again(rig: Rig) -> None:
    rig.send(gate(), taskrun_id="tr")
    runs(rig, "g")
    rig.clock.advance(0.2)
    rig.step()
    rig.new_worker()
    rig.send(QUICK, taskrun_id="next")
    rig.until(rig.ended)

    assert Gate.STARTS == ["g"]


def test_what_stands_behind_work_without_a_report_is_not_confirmed_either(rig: Rig) -> None:
    rig.send(gate(), taskrun_id="first")
    rig.send(QUICK, taskrun_id="second")
    rig.until(rig.ended)
    rig.new_worker()
    rig.until(lambda: len(rig.ended()) == 2)

    assert [claim.id for claim in rig.ended()] == ["second.1.ended", "second.1.ended"]


def test_nothing_is_lost_or_run_twice_when_the_broker_is_away_for_a_while() -> None:
    broker = FlakyBroker()
    rig = Rig(broker)
    rig.send({"type": LOG, "message": "once"}, taskrun_id="a")
    broker.is_away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            rig.step()
    broker.is_away = False
    rig.send({"type": LOG, "message": "twice"}, taskrun_id="b")
    rig.step()

    assert [claim.id for claim in rig.ended()] == ["a.1.ended", "b.1.ended"]
    assert [line for _, line in rig.lines()] == ["once", "twice"]


def test_work_that_comes_twice_runs_once(rig: Rig) -> None:
    work = rig.send({"type": LOG, "message": "x"}, taskrun_id="tr")
    rig.send_raw(msgspec.json.encode(work))
    rig.step()
    rig.send_raw(msgspec.json.encode(work))
    rig.step()

    assert [line for _, line in rig.lines()] == ["x"]
    assert len(rig.claims()) == 1


def test_a_double_of_work_that_runs_is_confirmed_with_its_report_only(rig: Rig) -> None:
    work = rig.send(gate(), taskrun_id="tr")
    runs(rig, "g")
    rig.send_raw(msgspec.json.encode(work))
    rig.step()
    rig.clock.advance(0.2)
    rig.step()
    Gate.OPEN["g"].set()
    rig.until(rig.ended)
    rig.new_worker()
    rig.send(QUICK, taskrun_id="next")
    rig.until(lambda: len(rig.ended()) == 2)

    assert Gate.STARTS == ["g"]


def test_work_that_came_again_while_it_runs_is_not_lost_by_a_crash_before_its_report() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    broker = FlakyBroker()
    rig = Rig(broker)
    work = rig.send(gate(), taskrun_id="tr")
    runs(rig, "g")
    revoke(broker)
    rig.send_raw(msgspec.json.encode(work))
    rig.step()
    rig.new_worker()
    rig.until(lambda: Gate.STARTS == ["g", "g"])
    Gate.OPEN["g"].set()


def test_the_same_task_run_with_a_new_token_runs_again(rig: Rig) -> None:
    rig.send(QUICK, taskrun_id="tr", token=1)
    rig.send(QUICK, taskrun_id="tr", token=2)
    rig.step()

    assert [claim.id for claim in rig.ended()] == ["tr.1.ended", "tr.2.ended"]


def test_waiting_work_whose_partition_went_to_another_worker_does_not_run() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    broker = FlakyBroker()
    rig = Rig(broker, slots=1)
    rig.send(gate("first"))
    rig.send(gate("second"))
    runs(rig, "first")
    revoke(broker)
    Gate.OPEN["first"].set()
    rig.until(rig.ended)
    rig.step()

    assert Gate.STARTS == ["first"]


def test_what_has_begun_is_confirmed_when_its_partition_leaves_and_begins_at_no_other_worker() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    broker = FlakyBroker()
    rig = Rig(broker, slots=1)
    for name in ("running", "waiting before", "waiting behind"):
        if name == "waiting behind":
            rig.send(QUICK, taskrun_id="quick")
        rig.send(gate(name), taskrun_id=name)
    rig.until(rig.ended)
    runs(rig, "running")

    leave(broker)
    rig.new_worker()
    rig.until(lambda: "waiting behind" in Gate.STARTS)

    assert [claim.taskrun_id for claim in rig.claims() if isinstance(claim, TaskStarted)][:1] == ["running"]
    assert [claim.taskrun_id for claim in rig.claims() if isinstance(claim, TaskReleased)] == ["waiting before"]
    assert [claim.taskrun_id for claim in rig.ended()] == ["quick"]
    assert Gate.STARTS == ["running", "waiting behind"]
    for name in Gate.STARTS:
        Gate.OPEN[name].set()


# Slots ---------------------------------------------------------------------------------------


def test_no_more_attempts_run_than_there_are_slots_and_brief_ones_pass() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    rig = Rig(slots=2)
    for name in ("a", "b", "c"):
        rig.send(gate(name))
    rig.send(QUICK, taskrun_id="quick")
    rig.until(rig.ended)
    assert [claim.taskrun_id for claim in rig.ended()] == ["quick"]
    runs(rig, "a", "b")
    assert "c" not in Gate.STARTS

    Gate.OPEN["a"].set()
    runs(rig, "c")
    Gate.OPEN["b"].set()
    Gate.OPEN["c"].set()
    rig.until(lambda: len(rig.ended()) == 4)


def test_nothing_is_read_while_as_much_waits_as_the_worker_holds() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    broker = FlakyBroker()
    rig = Rig(broker, slots=1)
    for _ in range(service.BATCH_MAX + 50):
        rig.send({"type": SLEEP, "duration": "PT10M"})
    for _ in range(4):
        rig.step()

    assert broker.limits[-2] == 0  # the last poll is that of the kill orders
    rig.worker.close(0)
    assert len(rig.released()) == service.BATCH_MAX + 1


# Timeout -------------------------------------------------------------------------------------


def test_an_attempt_whose_time_is_up_fails_and_its_later_result_is_dropped(rig: Rig) -> None:
    rig.send({**gate(), "timeout": "PT1S"})
    runs(rig, "g")
    rig.clock.advance(1.001)
    rig.until(rig.ended)
    (claim,) = rig.ended()
    assert (claim.state, claim.error) == (State.FAILED, "Timeout after 00:00:01.000")
    assert rig.lines()[-2:] == [
        ("ERROR", "Timeout after 00:00:01.000"),
        ("TRACE", "TimedOut: Timeout after 00:00:01.000"),
    ]

    Gate.OPEN["g"].set()
    rig.send(QUICK, taskrun_id="next")
    rig.until(lambda: len(rig.ended()) > 1)
    rig.step()
    assert [ended.taskrun_id for ended in rig.ended()] == [claim.taskrun_id, "next"]


def test_a_result_that_comes_after_its_time_counts_as_timeout(rig: Rig) -> None:
    before = set(threading.enumerate())
    rig.send({**gate(), "timeout": "PT1S"})
    runs(rig, "g")
    rig.clock.advance(2)
    Gate.OPEN["g"].set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)  # the result is there before the worker looks at the time
    rig.step()

    assert rig.ended()[0].error == "Timeout after 00:00:01.000"


def test_a_task_that_waits_is_interrupted_by_its_timeout(rig: Rig) -> None:
    rig.send({"type": "test.Waits", "timeout": "{{ inputs.limit }}"}, variables={"inputs": {"limit": "PT1H1M1.5S"}})
    rig.until(rig.logs)
    rig.clock.advance(3662)
    rig.until(lambda: Waits.ENDS)

    assert Waits.ENDS == ["TimedOut"]
    assert rig.ended()[0].error == "Timeout after 01:01:01.500"


def test_a_timeout_that_is_no_duration_fails_the_attempt(rig: Rig) -> None:
    rig.send({**gate(), "timeout": "{{ inputs.limit }}"}, variables={"inputs": {"limit": "soon"}})
    rig.until(rig.ended)

    assert rig.ended()[0].state == State.FAILED
    assert "`soon` is no duration" in rig.ended()[0].error
    assert Gate.STARTS == []


def test_a_thread_that_does_not_stop_gives_its_slot_to_the_next() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    rig = Rig(slots=1)
    rig.send({**gate("deaf"), "timeout": "PT1S"})
    rig.send(gate("next"))
    runs(rig, "deaf")
    rig.clock.advance(2)
    runs(rig, "next")
    Gate.OPEN["deaf"].set()
    Gate.OPEN["next"].set()
    rig.until(lambda: len(rig.ended()) == 2)


# Kill ----------------------------------------------------------------------------------------


def test_a_kill_interrupts_what_runs_and_reports_it_at_once(rig: Rig) -> None:
    rig.send({"type": "test.Waits"}, execution_id="e1", taskrun_id="a")
    rig.send(gate(), execution_id="e2", taskrun_id="b")
    rig.until(lambda: len(rig.logs()) == 2)
    rig.kill("e1")
    rig.step()

    assert [(claim.taskrun_id, claim.state) for claim in rig.ended()] == [("a", State.KILLED)]
    rig.until(lambda: Waits.ENDS)
    assert Waits.ENDS == ["Killed"]
    rig.step()
    assert len(rig.ended()) == 1


def test_a_kill_does_not_wait_for_a_task_that_does_not_listen(rig: Rig) -> None:
    rig.send(gate())
    runs(rig, "g")
    rig.kill("e1")
    rig.step()

    assert [claim.state for claim in rig.ended()] == [State.KILLED]


def test_work_of_a_killed_execution_is_answered_without_running(rig: Rig) -> None:
    rig.kill("e1")
    rig.send({"type": LOG, "message": "never"}, execution_id="e1")
    rig.send(gate(), execution_id="e1")
    rig.send({"type": LOG, "message": "other"}, execution_id="e2")
    rig.step()

    assert [(claim.execution_id, claim.state) for claim in rig.ended()] == [
        ("e1", State.KILLED),
        ("e2", State.SUCCESS),
        ("e1", State.KILLED),
    ]
    assert Gate.STARTS == []
    assert [line for _, line in rig.lines()] == ["other"]


def test_work_that_waits_for_a_slot_is_answered_by_a_kill_at_once() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    rig = Rig(slots=1)
    rig.send(gate("a"), execution_id="e1")
    rig.send(gate("b"), execution_id="e2", taskrun_id="b")
    runs(rig, "a")
    rig.kill("e2")
    rig.step()

    assert [(claim.taskrun_id, claim.state) for claim in rig.ended()] == [("b", State.KILLED)]
    assert Gate.STARTS == ["a"]
    Gate.OPEN["a"].set()


# What nobody can read ------------------------------------------------------------------------


def test_a_record_that_nobody_can_read_goes_to_the_dead_letters_and_the_next_is_served(rig: Rig) -> None:
    rig.send_raw(b"no json")
    rig.send(QUICK, taskrun_id="next")
    rig.step()

    (letter,) = rig.dead_letters()
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("tasks.default", 0, 0)
    assert (letter["key"], letter["value"]) == ("k", "no json")
    assert letter["error"]
    assert [claim.taskrun_id for claim in rig.claims()] == ["next"]
    rig.new_worker()
    rig.step()
    assert len(rig.dead_letters()) == 1


def test_a_broken_record_that_says_whose_it_is_fails_its_attempt(rig: Rig) -> None:
    rig.send_raw(b'{"executionId":"e1","taskRunId":"tr","token":2,"namespace":5}')
    rig.step()

    (claim,) = rig.ended()
    assert (claim.execution_id, claim.id, claim.state) == ("e1", "tr.2.ended", State.FAILED)
    assert "can't be read" in claim.error
    assert len(rig.dead_letters()) == 1


def test_a_kill_order_that_nobody_can_read_does_not_stop_the_worker(rig: Rig) -> None:
    rig.broker.publish([Message(topology.KILLS, "k", b"{}")])
    rig.send(QUICK)
    rig.step()

    assert len(rig.ended()) == 1
    assert rig.dead_letters()[0]["topic"] == "kills"


# Heartbeat and shutdown ----------------------------------------------------------------------


def test_a_worker_beats_at_once_and_then_at_its_interval(rig: Rig) -> None:
    rig.step()
    rig.step()
    (first,) = rig.heartbeats()
    assert (first.worker_id, first.at, first.group, first.slots) == ("w1", T0, "default", 32)
    assert (first.running, first.host, first.stopping) == (0, "box", False)

    rig.send(gate())
    runs(rig, "g")
    rig.clock.advance(1.9)
    rig.step()
    rig.clock.advance(0.2)
    rig.step()
    latest = rig.heartbeats()[-1]
    assert (latest.running, (latest.at - T0).total_seconds()) == (1, 2.1)


def test_a_worker_that_stops_waits_for_what_runs(rig: Rig) -> None:
    rig.send(gate())
    runs(rig, "g")
    threading.Timer(0.05, Gate.OPEN["g"].set).start()
    rig.worker.close(60)

    assert [claim.state for claim in rig.ended()] == [State.SUCCESS]
    assert rig.released() == []
    assert rig.heartbeats()[-1].stopping


def test_a_worker_that_stops_gives_back_what_does_not_end_in_time(rig: Rig) -> None:
    rig.send({"type": "test.Waits"}, taskrun_id="tr", token=3)
    rig.until(rig.logs)
    rig.worker.close(0)

    (claim,) = rig.claims()
    assert isinstance(claim, TaskReleased)
    assert claim.id == "tr.3.released"
    deadline_s = time.monotonic() + 5
    while not Waits.ENDS and time.monotonic() < deadline_s:
        time.sleep(0.001)
    assert Waits.ENDS == ["Released"]


def test_after_a_clean_stop_nothing_comes_again_and_nothing_is_missing() -> None:
    Gate.OPEN, Gate.STARTS = {}, []
    rig = Rig(slots=1)
    rig.send(gate("runs"), taskrun_id="runs")
    rig.send(gate("waits"), taskrun_id="waits")
    rig.send(QUICK, taskrun_id="quick")
    runs(rig, "runs")
    rig.worker.close(0)
    assert sorted(claim.id for claim in rig.claims()) == ["quick.1.ended", "runs.1.released", "waits.1.released"]

    rig.new_worker()
    rig.send(QUICK, taskrun_id="next")
    rig.until(lambda: len(rig.ended()) == 2)
    assert [claim.taskrun_id for claim in rig.ended()] == ["quick", "next"]
    assert Gate.STARTS == ["runs"]
    Gate.OPEN["runs"].set()


def test_a_kill_during_the_shutdown_is_obeyed(rig: Rig) -> None:
    rig.send({"type": "test.Waits"}, taskrun_id="tr")
    rig.until(rig.logs)
    rig.kill("e1")
    rig.worker.close(60)

    assert [claim.state for claim in rig.ended()] == [State.KILLED]


def test_a_waiting_step_goes_on_when_woken(rig: Rig) -> None:
    rig.step()
    begun_s = time.monotonic()
    threading.Timer(0.02, rig.worker.wake).start()
    rig.worker.step()

    assert time.monotonic() - begun_s < service.IDLE_S * 0.9

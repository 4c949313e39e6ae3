"""The live tail: what it shows, in which order, and how much it keeps."""

import itertools
import random

import pytest
from tests.unit.webserver.conftest import World, execution, log, taskrun

from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.errors import Unavailable
from runfold.execution.state import State
from runfold.ports import Message
from runfold.topology import EXECUTIONS, LOGS, TASKRUNS
from runfold.webserver import tail as tail_module
from runfold.webserver.tail import SETTLE_STEPS_MAX, Tail
from runfold.webserver.view import LOGS_MAX, View

R, S, C = State.RUNNING, State.SUCCESS, State.CREATED


def steps(world: World, count: int = 2) -> None:
    for _ in range(count):
        world.tail.step()


def test_an_end_is_never_shown_before_the_task_runs_that_came_with_it(still_world):
    # The worst order: the poll that brings the execution's end has not brought its task run yet.
    still_world.executor_says(taskrun("e1", 0, C, R, seq=2), execution("e1", C, R, S, seq=3, taskrun_count=1))
    steps(still_world, 3)
    assert still_world.tail.execution("e1") is None
    still_world.executor_says(taskrun("e1", 0, C, R, S, seq=3))
    steps(still_world, 1)
    assert [run.state for run in still_world.tail.get("e1").taskruns] == [S]
    assert still_world.tail.execution("e1").state is S


def test_a_running_execution_is_shown_one_poll_after_it_came(still_world):
    still_world.executor_says(execution("e1", C, R, seq=1))
    steps(still_world, 1)
    assert still_world.tail.execution("e1") is None
    steps(still_world, 1)
    assert still_world.tail.execution("e1").state is R


def test_an_end_whose_task_runs_never_come_is_shown_all_the_same(still_world):
    still_world.executor_says(execution("e1", C, R, S, seq=3, taskrun_count=7))
    steps(still_world, SETTLE_STEPS_MAX + 2)
    assert still_world.tail.execution("e1").state is S


def test_snapshots_in_any_order_and_twice_leave_the_newest(still_world):
    snapshots = [execution("e1", C, R, seq=seq) for seq in range(1, 20)]
    snapshots += [taskrun("e1", 0, C, R, seq=seq) for seq in range(1, 20)]
    dice = random.Random(7)
    shown = []
    for _ in range(200):
        still_world.executor_says(dice.choice(snapshots))
        steps(still_world, 2)
        seen = still_world.tail.get("e1")
        shown.append((seen.execution.seq if seen.execution else 0, seen.taskruns[0].seq if seen.taskruns else 0))
    for earlier, later in itertools.pairwise(shown):
        assert earlier[0] <= later[0]
        assert earlier[1] <= later[1]
    assert shown[-1] == (19, 19)


def test_what_the_executor_said_is_not_overwritten_by_what_was_expected(still_world):
    still_world.executor_says(execution("e1", C, R, seq=1))
    steps(still_world)
    still_world.tail.expect(execution("e1", C, seq=0))
    assert still_world.tail.execution("e1").state is R
    still_world.tail.expect(execution("e2", C, seq=0))
    assert still_world.tail.execution("e2").state is C
    still_world.executor_says(execution("e2", C, R, seq=1))
    steps(still_world)
    assert still_world.tail.execution("e2").state is R


def test_an_unreadable_record_and_a_tombstone_harm_nothing_else(still_world):
    still_world.executor_says(execution("e1", C, R, seq=1))
    steps(still_world)
    still_world.broker.publish(
        [
            Message(EXECUTIONS, "x", b"{not json"),
            Message(TASKRUNS, "x", b'{"id": 7}'),
            Message(LOGS, "x", b"\xff"),
            Message(EXECUTIONS, "e1", None),
        ]
    )
    still_world.executor_says(execution("e2", C, R, seq=1))
    steps(still_world, 3)
    assert still_world.tail.execution("e1").state is R
    assert still_world.tail.execution("e2").state is R


def test_the_view_stays_within_its_bounds_and_lets_ended_executions_go_first():
    view = View(executions_max=3, taskruns_max=10)
    view.put_execution(execution("running", C, R))
    for at in range(10):
        view.put_execution(execution(f"ended{at}", C, R, S))
        view.shrink(())
    assert view.execution("running") is not None
    assert [at for at in range(10) if view.execution(f"ended{at}")] == [8, 9]
    for at in range(30):
        view.put_taskrun(taskrun(f"e{at % 3}", at, C))
        view.shrink(())
    assert sum(len(view.get(f"e{at}").taskruns) for at in range(3) if view.get(f"e{at}")) <= 10


def test_an_execution_that_someone_watches_is_not_forgotten():
    view = View(executions_max=2)
    for at in range(5):
        view.put_execution(execution(f"e{at}", C, R, S))
        view.shrink({"e0"})
    assert view.execution("e0") is not None
    assert view.execution("e1") is None


def test_an_execution_of_very_many_task_runs_drives_out_none_but_itself():
    view = View(executions_max=100, taskruns_max=50)
    for at in range(20):
        view.put_execution(execution(f"small{at}", C, R, S))
        view.put_taskrun(taskrun(f"small{at}", 0, C, R, S))
    for at in range(500):
        view.put_taskrun(taskrun("huge", at, C))
        view.shrink({"huge"})
        kept = [view.get(f"small{small}") for small in range(20)]
        assert all(seen.is_complete for seen in kept)
        assert len(view.get("huge").taskruns if view.get("huge") else ()) <= 30


def test_the_newest_log_lines_of_an_execution_are_kept(still_world):
    still_world.executor_says(*(log("e1", f"line {at}") for at in range(LOGS_MAX + 5)))
    steps(still_world)
    lines = still_world.tail.get("e1").logs
    assert (len(lines), lines[0].entry.message) == (LOGS_MAX, "line 5")


def test_too_many_watchers_are_refused_and_those_who_leave_make_room(monkeypatch):
    monkeypatch.setattr(tail_module, "WATCHERS_MAX", 1)
    broker = SqliteBroker(None)
    tail = Tail(broker)
    with tail.watching("e1", lambda: None), pytest.raises(Unavailable), tail.watching("e2", lambda: None):
        pass
    with tail.watching("e2", lambda: None):
        pass
    tail.close()
    broker.close()


def test_a_task_run_that_a_restart_took_away_is_in_no_answer(world):
    world.indexed(execution("e1", C, R, seq=1), taskrun("e1", 0, C, R, seq=1), taskrun("e1", 1, C, R, seq=1))
    world.executor_says(taskrun("e1", 1, C, R, seq=2, is_removed=True))
    world.eventually(lambda: world.tail.taskrun("e1-1", "e1") is not None)
    assert [run["id"] for run in world.get("/executions/e1").json()["taskRunList"]] == ["e1-0"]
    assert [run["id"] for run in world.get("/taskruns/search").json()["results"]] == ["e1-0"]
    assert world.get("/taskruns/e1-1").status_code == 404

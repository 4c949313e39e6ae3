"""The page of one task run over HTTP: every attempt, what is around it, how slow it was, its log."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.unit.webserver.conftest import NOW, World, execution, log, taskrun, with_labels

from runfold.documents.baseline import compared
from runfold.documents.project import Position, project_log, project_taskrun
from runfold.execution.model import Attempt, Metric
from runfold.execution.state import Entry, State

R, S, C, F, T = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED, State.RETRYING


def at(seconds: float):
    return NOW + timedelta(seconds=seconds)


def attempt(began_s: float, ended_s: float, state: State, worker: str, **fields) -> Attempt:
    return Attempt((Entry(C, at(began_s)), Entry(R, at(began_s)), Entry(state, at(ended_s))), worker, **fields)


TRIED = replace(
    taskrun("e1", 2, C, id="inner", task_id="load", parent_taskrun_id="loop", value="eu", iteration=1, seq=9),
    histories=(
        *(Entry(C, at(0)), Entry(R, at(2)), Entry(F, at(5)), Entry(T, at(5))),
        *(Entry(C, at(15)), Entry(R, at(16)), Entry(S, at(18))),
    ),
    attempts=(
        attempt(2, 5, F, "w1", error="File 17 is gone"),
        attempt(
            16, 18, S, "w2", metrics=(Metric("rows", "counter", 7.0, {"table": "a"}),), inputs={"uri": "x", "n": 1}
        ),
    ),
    trigger_execution_id="e0",
)


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    shared_world.indexed(
        execution("e1", C, R, labels=with_labels("team:blue")),
        taskrun("e1", 0, C, R, id="all", task_id="all"),
        taskrun("e1", 1, C, R, id="loop", task_id="loop", parent_taskrun_id="all"),
        taskrun("e1", 3, C, R, id="running", worker_id="w9"),
    )
    lines = [
        log("e1", "first", taskrun_id="inner", attempt_number=0),
        log("e1", "refused", "ERROR", taskrun_id="inner", attempt_number=0, timestamp=at(1)),
        log("e1", "second", taskrun_id="inner", attempt_number=1, timestamp=at(2)),
        log("e1", "of another", taskrun_id="all"),
    ]
    documents = [project_log(line, Position(0, place)) for place, line in enumerate(lines)]
    shared_world.index.put([compared(project_taskrun(TRIED), 8_000), *documents])
    return shared_world


def details(world: World, taskrun_id: str) -> dict:
    answer = world.get(f"/taskruns/{taskrun_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["details"]


def test_every_attempt_tells_how_long_it_waited_and_ran_where_and_why_it_failed(runs):
    assert details(runs, "inner")["attempts"] == [
        {
            "number": 0, "state": "FAILED", "workerId": "w1", "error": "File 17 is gone", "logCount": 2,
            "queuedAt": "2024-12-05T10:00:00Z", "startedAt": "2024-12-05T10:00:02Z", "endedAt": "2024-12-05T10:00:05Z",
            "queueMs": 2000, "runMs": 3000,
        },
        {
            "number": 1, "state": "SUCCESS", "workerId": "w2", "logCount": 1, "inputs": {"uri": "x", "n": 1},
            "queuedAt": "2024-12-05T10:00:15Z", "startedAt": "2024-12-05T10:00:16Z", "endedAt": "2024-12-05T10:00:18Z",
            "queueMs": 1000, "runMs": 2000,
        },
    ]  # fmt: skip


def test_details_tell_what_is_around_a_task_run_and_how_slow_it_was(runs):
    found = details(runs, "inner")
    assert found["parents"] == [{"id": "all", "taskId": "all"}, {"id": "loop", "taskId": "loop"}]
    assert found["metrics"] == [{"attempt": 1, "name": "rows", "tags": {"table": "a"}, "value": 7.0, "type": "counter"}]
    assert found["labels"] == [{"key": "team", "value": "blue"}]
    assert (found["flowRevision"], found["triggerExecutionId"], found["seq"]) == (1, "e0", 9)
    assert (found["runMs"], found["baselineMs"], found["slowdown"]) == (16_000, 8000, 2.0)
    assert found["error"] == "File 17 is gone"
    assert found["inputs"] == {"uri": "x", "n": 1}


def test_task_runs_are_found_by_what_they_were_given_and_it_can_be_exported(runs):
    assert [hit["id"] for hit in runs.get("/taskruns/search", query="input.uri=x").json()["results"]] == ["inner"]
    assert runs.get("/taskruns/search", query="input:n=2").json()["total"] == 0
    exported = runs.get("/taskruns/export", query="id:inner", columns="id,inputs.n,input.uri")
    assert exported.text == "id,inputs.n,input.uri\r\ninner,1,x\r\n"


def test_the_task_run_itself_stands_there_as_in_searches(runs):
    (hit,) = runs.get("/taskruns/search", query="id:inner").json()["results"]
    body = runs.get("/taskruns/inner").json()
    del body["details"]
    assert body == hit


def test_an_attempt_under_way_is_told_too_and_a_flowable_has_none(runs):
    assert details(runs, "running")["attempts"] == [
        {
            "number": 0, "state": "RUNNING", "workerId": "w9", "logCount": 0, "queueMs": 1000,
            "queuedAt": "2024-12-05T10:00:00Z", "startedAt": "2024-12-05T10:00:01Z",
        }
    ]  # fmt: skip
    assert details(runs, "loop")["attempts"] == []


def test_what_the_tail_knows_counts_and_keeps_the_baseline_of_the_index(world):
    running = taskrun("e1", 0, C, R, id="x", seq=3, dispatches=1)
    world.index.put([compared(project_taskrun(running), 500)])
    overdue = details(world, "x")
    assert (overdue["overdueAt"], "slowdown" in overdue) == ("2024-12-05T10:00:01.500Z", False)
    world.executor_says(replace(taskrun("e1", 0, C, R, id="x", seq=4), dispatches=2, answered=1, worker_id="w3"))
    world.eventually(lambda: world.tail.taskrun("x", "e1") is not None)
    assert details(world, "x")["attempts"][0]["workerId"] == "w3"
    world.executor_says(taskrun("e1", 0, C, R, S, id="x", seq=5))
    world.eventually(lambda: world.tail.taskrun("x", "e1").seq == 5)
    found = details(world, "x")
    assert (found["baselineMs"], found["slowdown"], "overdueAt" in found) == (500, 2.0, False)


def test_the_log_of_a_task_run_is_by_attempt_and_by_level(runs):
    def messages(**parameters) -> list[str]:
        return [line["message"] for line in runs.get("/taskruns/inner/logs", **parameters).json()]

    assert messages() == ["first", "refused", "second"]
    assert messages(attempt=0) == ["first", "refused"]
    assert messages(attempt=0, minLevel="WARN") == ["refused"]
    assert messages(attempt=7) == []
    assert runs.get("/taskruns/inner/logs", attempt=-1).status_code == 422
    assert runs.get("/taskruns/inner/logs", minLevel="LOUD").status_code == 422
    assert runs.get("/taskruns/nobody/logs").status_code == 404


def test_lines_that_the_index_does_not_have_yet_are_in_the_log_of_a_task_run(world):
    world.indexed(taskrun("e1", 0, C, R, id="x"))
    world.executor_says(log("e1", "just now", taskrun_id="x"))
    world.eventually(lambda: world.tail.get("e1") is not None)
    assert [line["message"] for line in world.get("/taskruns/x/logs").json()] == ["just now"]

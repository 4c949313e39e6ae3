"""Many at once: chosen, tried, done, and told item by item."""

import pytest
from tests.unit.webserver.conftest import FLOW, World, execution, taskrun

from runfold.execution.state import State
from runfold.webserver import jobs as jobs_module
from runfold.webserver.routes import jobs as routes

C, R, F, S, P = State.CREATED, State.RUNNING, State.FAILED, State.SUCCESS, State.PAUSED


@pytest.fixture
def runs(world: World) -> World:
    world.client.post("/api/v1/flows", content=FLOW)
    world.indexed(
        execution("going", C, R),
        execution("done", C, R, S),
        taskrun("going", 0, C, R),
        taskrun("going", 1, C, R),
        taskrun("done", 0, C, R, S),
    )
    return world


def bulk(world: World, kind: str = "executions", **body):
    answer = world.client.post(f"/api/v1/{kind}/bulk", json=body)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def test_a_dry_run_says_what_would_happen_to_each_and_does_nothing(runs: World) -> None:
    answer = bulk(runs, action="kill", ids=["going", "done", "nobody"], dryRun=True)

    assert (answer["count"], answer["ok"], answer["refused"]) == (3, 1, 2)
    assert {found["id"]: found.get("would") or found["message"] for found in answer["results"]} == {
        "going": "Kill execution going",
        "done": "The execution has ended: it is SUCCESS",
        "nobody": "not found",
    }
    assert runs.claims() == []


def test_what_is_done_is_told_item_by_item_and_signed(runs: World) -> None:
    answer = bulk(runs, action="kill", ids=["going", "done"], note="gone wrong", actor="ada")

    assert [(found["id"], found["ok"]) for found in answer["results"]] == [("going", True), ("done", False)]
    (claim,) = runs.claims()
    assert (claim["type"], claim["executionId"]) == ("Kill", "going")
    assert (claim["actor"], claim["note"]) == ("ada", "gone wrong")


def test_all_that_a_search_finds_is_chosen_by_the_very_same_parameters(runs: World) -> None:
    for where in ({"query": "state:RUNNING"}, {"state": ["RUNNING"]}, {"filters[state][EQUALS]": "RUNNING"}):
        answer = bulk(runs, action="kill", where=where, dryRun=True)
        assert [found["id"] for found in answer["results"]] == ["going"]
        assert answer["total"] == 1
    assert bulk(runs, action="replay", where={}, dryRun=True)["total"] == 2


def test_an_execution_is_killed_once_however_many_of_its_task_runs_are_chosen(runs: World) -> None:
    answer = bulk(runs, "taskruns", action="kill", where={"query": "state:RUNNING"})

    assert [(found["id"], found["executionId"], found["ok"]) for found in answer["results"]] == [
        ("going-0", "going", True),
        ("going-1", "going", True),
    ]
    assert [claim["executionId"] for claim in runs.claims()] == ["going"]


def test_many_are_a_job_whose_progress_can_be_asked_for(runs: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AT_ONCE_MAX", 1)
    answer = bulk(runs, action="kill", where={}, note="all of them")

    job = answer["job"]["id"]
    runs.eventually(lambda: "endedAt" in runs.get(f"/jobs/{job}").json())
    told = runs.get(f"/jobs/{job}").json()
    assert (told["total"], told["done"], told["ok"], told["refused"]) == (2, 2, 1, 1)
    assert [claim["note"] for claim in runs.claims()] == ["all of them"]
    assert [each["id"] for each in runs.get("/jobs").json()] == [job]
    assert runs.get("/jobs/none").status_code == 404


def test_no_more_jobs_run_than_the_server_bears(runs: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AT_ONCE_MAX", 0)
    monkeypatch.setattr(jobs_module, "RUNNING_MAX", 0)

    answer = runs.client.post("/api/v1/executions/bulk", json={"action": "kill", "where": {}})

    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"action": "bless", "ids": []}, "none of kill"),
        ({"action": "kill"}, "either"),
        ({"action": "kill", "ids": [], "where": {}}, "either"),
        ({"action": "kill", "where": {"query": "stat:X"}}, "stat"),
        ({"action": "kill", "where": {"state": "NONE"}}, "state"),
        ({"action": "kill", "where": {"stat": "FAILED"}}, "no parameter 'stat'"),
        ({"action": "changeState", "ids": []}, "parameters.state"),
        ({"action": "changeState", "ids": [], "parameters": {"state": "RUNNING"}}, "terminal"),
        ({"action": "labels", "ids": [], "parameters": {"labels": {}}}, "parameters.labels"),
    ],
)
def test_what_can_not_be_meant_is_refused(runs: World, body: dict, says: str) -> None:
    answer = runs.client.post("/api/v1/executions/bulk", json=body)

    assert answer.status_code == 422
    assert says in answer.json()["message"]

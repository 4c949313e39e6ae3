"""The same for many executions: by their ids, and by the very search that people see."""

import pytest
from tests.unit.webserver.conftest import FLOW, World, execution, taskrun, with_labels

from runfold.execution.state import State

C, R, S, F, P, Q = State.CREATED, State.RUNNING, State.SUCCESS, State.FAILED, State.PAUSED, State.QUEUED


@pytest.fixture
def hello(world: World) -> World:
    assert world.client.post("/api/v1/flows", content=FLOW).status_code == 200
    return world


def known(world: World, *ids_and_states: tuple[str, tuple[State, ...]]) -> None:
    """Let engine and index know executions, each with one task run in the same state."""
    for execution_id, states in ids_and_states:
        run_states = states if states[-1] is not Q else (C,)
        snapshots = (
            execution(execution_id, *states, seq=3, taskrun_count=1, labels=with_labels("team:red")),
            taskrun(execution_id, 0, *run_states, seq=3, task_id="say"),
        )
        world.indexed(*snapshots)
        world.executor_says(*snapshots)
    last = ids_and_states[-1][0]
    world.eventually(lambda: world.tail.get(last) is not None and world.tail.get(last).is_complete)


def claimed(world: World, kind: str) -> set[str]:
    return {claim["executionId"] for claim in world.claims() if claim["type"] == kind}


@pytest.mark.parametrize(
    ("method", "path", "state", "kind", "parameters"),
    [
        ("POST", "pause", (C, R), "Pause", {}),
        ("POST", "resume", (C, R, P), "Resume", {}),
        ("POST", "unqueue", (C, Q), "ForceRun", {}),
        ("POST", "force-run", (C, R, P), "ForceRun", {}),
        ("POST", "restart", (C, R, F), "Restart", {}),
        ("POST", "change-status", (C, R, F), "ChangeStatus", {"newStatus": "SUCCESS"}),
        ("DELETE", "kill", (C, R), "Kill", {}),
    ],
)
def test_an_action_reaches_all_that_the_search_finds_and_no_others(hello, method, path, state, kind, parameters):
    known(hello, ("a", state), ("b", state), ("c", (C, R, S)))
    shown = hello.get("/executions/search", state=str(state[-1]), labels="team:red").json()
    query = {"state": str(state[-1]), "labels": "team:red", **parameters}
    answer = hello.client.request(method, f"/api/v1/executions/{path}/by-query", params=query)
    assert (answer.status_code, answer.json()) == (200, {"count": shown["total"]})
    assert claimed(hello, kind) == {"a", "b"}


def test_replayed_executions_are_new_ones(hello):
    known(hello, ("a", (C, R, F)), ("b", (C, R, F)))
    answer = hello.client.post("/api/v1/executions/replay/by-query", params={"flowId": "hello"})
    assert answer.json() == {"count": 2}
    starts = [claim for claim in hello.claims() if claim["type"] == "Start"]
    assert {claim["parentId"] for claim in starts} == {"a", "b"}
    assert {claim["executionId"] for claim in starts}.isdisjoint({"a", "b"})


@pytest.mark.parametrize(
    ("method", "path", "parameters", "reason"),
    [
        ("POST", "pause", {}, "execution not in state RUNNING"),
        ("POST", "resume", {}, "execution not in state PAUSED"),
        ("POST", "unqueue", {}, "execution not in state QUEUED"),
        ("POST", "force-run", {}, "execution in a terminated state"),
        ("POST", "restart", {}, "execution not in state FAILED"),
        ("DELETE", "kill", {}, "execution already finished"),
    ],
)
def test_if_one_can_not_take_it_nothing_is_done_to_any(hello, method, path, parameters, reason):
    known(hello, ("r", (C, R)), ("p", (C, R, P)), ("q", (C, Q)), ("f", (C, R, F)), ("s", (C, R, S)))
    for route, body in (("by-query", None), ("by-ids", ["r", "p", "q", "f", "s"])):
        answer = hello.client.request(method, f"/api/v1/executions/{path}/{route}", params=parameters, json=body)
        assert answer.status_code == 400
        assert answer.json()["message"] == f"invalid bulk {path}"
        assert {each["message"] for each in answer.json()["invalids"]} == {reason}
        assert "s" in {each["invalidValue"] for each in answer.json()["invalids"]}
    assert hello.claims() == []


def test_labels_are_merged_into_many_executions(hello):
    known(hello, ("a", (C, R, S)), ("b", (C, R, F)))
    labels = [{"key": "checked", "value": "yes"}]
    body = {"executionsId": ["a"], "executionLabels": labels}
    assert hello.client.post("/api/v1/executions/labels/by-ids", json=body).json() == {"count": 1}
    answer = hello.client.post("/api/v1/executions/labels/by-query", params={"state": "FAILED"}, json=labels)
    assert answer.json() == {"count": 1}
    claims = [claim for claim in hello.claims() if claim["type"] == "SetLabels"]
    assert {claim["executionId"]: [each["key"] for each in claim["labels"]] for claim in claims} == {
        "a": ["team", "checked"],
        "b": ["team", "checked"],
    }


def test_what_fails_after_the_check_is_told_by_its_id(hello):
    known(hello, ("a", (C, R, F)))
    hello.indexed(execution("b", C, R, F, seq=3))  # nothing in it failed
    hello.executor_says(execution("b", C, R, F, seq=3))
    hello.eventually(lambda: hello.tail.execution("b") is not None)
    answer = hello.client.post("/api/v1/executions/restart/by-ids", json=["a", "b"])
    assert (answer.status_code, answer.json()["count"]) == (400, 1)
    assert [each["invalidValue"] for each in answer.json()["invalids"]] == ["b"]
    assert claimed(hello, "Restart") == {"a"}


def test_a_status_that_is_no_end_and_an_unknown_action_are_refused(hello):
    known(hello, ("a", (C, R, F)))
    path = "/api/v1/executions/change-status/by-query"
    assert hello.client.post(path, params={"newStatus": "RUNNING"}).status_code == 422
    assert hello.client.post("/api/v1/executions/explode/by-query").status_code == 404
    assert hello.client.post("/api/v1/executions/explode/by-ids", json=["a"]).status_code == 404

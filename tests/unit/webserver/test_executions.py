"""Executions over HTTP."""

import threading
from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import FLOW, NOW, World, execution, log, taskrun, with_labels

from runfold.documents.project import Position, project_log
from runfold.execution.model import Trigger
from runfold.execution.state import State

R, S, C, K = State.RUNNING, State.SUCCESS, State.CREATED, State.KILLED


@pytest.fixture
def hello(world: World) -> World:
    assert world.client.post("/api/v1/flows", content=FLOW).status_code == 200
    return world


def start(world: World, fields: dict | None = None, path: str = "company.team/hello", **options):
    parts = [(name, (None, value.encode())) for name, value in (fields or {}).items()]
    return world.client.post(f"/api/v1/executions/{path}", files=parts or [("__none", (None, b""))], **options)


def test_a_started_execution_is_answered_in_state_created_with_typed_inputs_and_all_labels(hello):
    answer = start(hello, {"who": "Ada", "count": "7"}, params=[("labels", "env:test:a")])
    assert answer.status_code == 200
    body = answer.json()
    assert body["state"]["current"] == "CREATED"
    assert body["inputs"] == {"who": "Ada", "count": 7}
    assert body["labels"] == [
        {"key": "team", "value": "blue"},
        {"key": "env", "value": "test:a"},
        {"key": "system.correlationId", "value": body["id"]},
    ]
    (claim,) = hello.claims()
    assert (claim["type"], claim["executionId"], claim["flowRevision"]) == ("Start", body["id"], 1)
    assert claim["inputs"] == {"who": "Ada", "count": 7}


def test_an_execution_is_there_right_after_its_creation_although_no_engine_runs(hello):
    body = start(hello, {"who": "Ada"}).json()
    assert hello.get(f"/executions/{body['id']}").json() == body


def test_wrong_inputs_are_all_told_and_nothing_is_started(hello):
    answer = start(hello, {"count": "11"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["message"].startswith("Invalid entity: ")
    assert "Invalid input for `count`, it must be less than `10`, but received `11`" in body["message"]
    assert [error["path"] for error in body["_embedded"]["errors"]] == ["who", "count"]
    assert hello.claims() == []


def test_inputs_as_json_are_refused_and_not_quietly_left_out(hello):
    answer = hello.client.post("/api/v1/executions/company.team/hello", json={"who": "Ada"})
    assert (answer.status_code, "form" in answer.json()["message"]) == (422, True)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("system.username:me", "System labels can only be set by Kestra itself, offending label: system.username=me."),
        ("nocolon", "key:value"),
        ("key: ", "not blank"),
    ],
)
def test_labels_that_callers_may_not_set_are_refused(hello, label, text):
    answer = start(hello, {"who": "Ada"}, params={"labels": label})
    assert answer.status_code == 422
    assert text in answer.json()["message"]


def test_a_correlation_id_that_was_given_is_kept(hello):
    labels = start(hello, {"who": "Ada"}, params={"labels": "system.correlationId:mine"}).json()["labels"]
    assert [label["value"] for label in labels if label["key"] == "system.correlationId"] == ["mine"]


def test_unknown_disabled_and_broken_flows_cannot_be_started(hello):
    assert start(hello, path="company.team/nope").status_code == 404
    assert start(hello, {"who": "x"}, params={"revision": 9}).status_code == 404
    hello.client.put("/api/v1/flows/company.team/hello", content=FLOW + "disabled: true\n")
    answer = start(hello, {"who": "x"})
    assert (answer.status_code, answer.json()["message"][:14]) == (409, "Illegal state:")
    assert start(hello, {"who": "x"}, params={"revision": 1}).json()["flowRevision"] == 1


def test_the_same_idempotency_key_starts_one_execution(hello):
    first, second = (start(hello, {"who": "Ada"}, headers={"Idempotency-Key": "order-7"}).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert len(hello.claims()) == 1
    assert start(hello, {"who": "Ada"}, headers={"Idempotency-Key": "order-8"}).json()["id"] != first["id"]


def test_a_start_that_waits_answers_with_the_end(hello):
    def play():
        hello.eventually(lambda: len(hello.claims()) == 1)
        execution_id = hello.claims()[0]["executionId"]
        hello.executor_says(execution(execution_id, C, R, seq=1))
        hello.executor_says(
            taskrun(execution_id, 0, C, R, S, seq=2), execution(execution_id, C, R, S, seq=2, taskrun_count=1)
        )

    engine = threading.Thread(target=play)
    engine.start()
    body = start(hello, {"who": "Ada"}, params={"wait": "true"}).json()
    engine.join()
    assert body["state"]["current"] == "SUCCESS"
    assert [run["state"]["current"] for run in body["taskRunList"]] == ["SUCCESS"]


def test_a_scheduled_start_carries_its_date(hello):
    body = start(hello, {"who": "Ada"}, params={"scheduleDate": "2030-01-01T10:00:00+01:00"}).json()
    assert body["scheduleDate"] == "2030-01-01T09:00:00Z"
    assert start(hello, {"who": "Ada"}, params={"scheduleDate": "soon"}).status_code == 422


def test_inputs_can_be_validated_without_starting_anything(hello):
    answer = start(hello, {"count": "99"}, path="company.team/hello/validate")
    assert answer.status_code == 200
    who, count = answer.json()["inputs"]
    assert (who["input"]["id"], who["enabled"]) == ("who", True)
    assert "missing required input" in who["errors"][0]["message"]
    assert "but received `99`" in count["errors"][0]["message"]
    assert hello.claims() == []


def test_a_read_merges_tail_and_index_by_the_newest_snapshot_of_each_entity(world):
    # The index knows an old execution, a new first task run and an old second one; the tail the rest.
    world.indexed(
        execution("e1", C, R, seq=1),
        taskrun("e1", 0, C, R, S, seq=5),
        taskrun("e1", 1, C, seq=2),
        taskrun("e1", 2, C, R, seq=3),
    )
    world.executor_says(
        taskrun("e1", 0, C, R, seq=4),
        taskrun("e1", 1, C, R, S, seq=7),
        execution("e1", C, R, S, seq=7, taskrun_count=3),
    )
    world.eventually(lambda: world.get("/executions/e1").json()["state"]["current"] == "SUCCESS")
    runs = world.get("/executions/e1").json()["taskRunList"]
    assert [run["state"]["current"] for run in runs] == ["SUCCESS", "SUCCESS", "RUNNING"]
    assert world.get("/taskruns/e1-0").json()["state"]["current"] == "SUCCESS"
    assert world.get("/taskruns/e1-1").json()["state"]["current"] == "SUCCESS"


def test_a_run_that_the_tail_saw_whole_is_read_although_the_index_is_away(world):
    world.executor_says(taskrun("e1", 0, C, R, S, seq=2), execution("e1", C, R, S, seq=2, taskrun_count=1))
    world.eventually(lambda: world.tail.execution("e1") is not None)
    world.index.close()
    assert world.get("/executions/e1").json()["state"]["current"] == "SUCCESS"
    answer = world.get("/executions/search")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_an_unknown_execution_is_not_found_in_kestras_shape(world):
    answer = world.get("/executions/nope")
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Not Found: There is no execution nope",
        "_links": {"self": {"href": "/api/v1/executions/nope", "templated": False}},
        "_embedded": {"errors": [{"message": "There is no execution nope"}]},
    }


def test_a_kill_is_a_claim_and_a_finished_execution_is_killed_for_its_children_only(world):
    world.indexed(execution("e1", C, R), execution("e2", C, R, S))
    kill = world.client.delete
    assert kill("/api/v1/executions/e1/kill").status_code == 202
    assert kill("/api/v1/executions/e2/kill", params={"isOnKillCascade": "false"}).status_code == 409
    assert kill("/api/v1/executions/e2/kill").status_code == 202
    assert kill("/api/v1/executions/e3/kill").status_code == 404
    claims = world.claims()
    assert [(claim["type"], claim["executionId"]) for claim in claims] == [("Kill", "e1"), ("Kill", "e2")]
    assert claims[0]["id"] != claims[1]["id"]


def test_the_search_takes_every_parameter(world):
    child = Trigger("t", "x.Subflow", {"executionId": "e1"})
    world.indexed(
        execution("e1", C, R, labels=with_labels("team:blue", "env:a")),
        execution("e2", C, R, S, namespace="company.team.sub", trigger=child),
        execution("e3", C, R, S, namespace="company.teams", flow_id="other"),
        execution("e4", C, namespace="system"),
    )

    def found(**parameters):
        answer = world.get("/executions/search", sort="id:asc", **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["results"])
        return [run["id"] for run in answer.json()["results"]]

    assert found() == ["e1", "e2", "e3", "e4"]
    assert found(namespace="company.team") == ["e1", "e2"]
    assert found(flowId="other") == ["e3"]
    assert found(state=["SUCCESS", "created"]) == ["e2", "e3", "e4"]
    assert found(labels=["team:blue", "env:a"]) == ["e1"]
    assert found(labels=["team:blue", "team:red"]) == []
    assert found(triggerExecutionId="e1") == ["e2"]
    assert found(childFilter="CHILD") == ["e2"]
    assert found(childFilter="MAIN") == ["e1", "e3", "e4"]
    assert found(scope="USER") == ["e1", "e2", "e3"]
    assert found(scope="SYSTEM") == ["e4"]
    assert found(q="oth") == ["e3"]
    assert found(startDate="2024-12-05T10:00:01Z") == []
    assert found(endDate="2024-12-05T10:00:00Z") == ["e1", "e2", "e3", "e4"]
    assert found(timeRange="PT1S") == ["e1", "e2", "e3", "e4"]
    assert [
        run["id"] for run in world.get("/executions", namespace="company.team", flowId="hello").json()["results"]
    ] == ["e1"]
    assert world.get("/executions").status_code == 422


def test_a_page_beyond_the_last_is_empty_and_still_says_the_total(world):
    world.indexed(*(execution(f"e{at}") for at in range(5)))
    body = world.get("/executions/search", size=2, page=9).json()
    assert (body["results"], body["total"], body["totalIsExact"]) == ([], 5, True)


def test_log_lines_come_from_tail_and_index_without_doubles(world):
    lines = [log("e1", f"line {at}", timestamp=NOW + timedelta(seconds=at)) for at in range(4)]
    world.executor_says(*lines, log("e1", "bad", "ERROR", timestamp=NOW + timedelta(seconds=9)), log("e2", "other"))
    world.eventually(lambda: len(world.get("/logs/e1").json()) == 5)
    world.index.put([project_log(line, Position(0, at)) for at, line in enumerate(lines[:3])])
    assert [line["message"] for line in world.get("/logs/e1").json()] == ["line 0", "line 1", "line 2", "line 3", "bad"]
    assert [line["message"] for line in world.get("/logs/e1", minLevel="warn").json()] == ["bad"]
    assert world.get("/logs/e1", taskId="nope").json() == []
    assert len(world.get("/logs/e1", taskId="t0", attempt=0).json()) == 5
    assert world.get("/logs/e1", minLevel="LOUD").status_code == 422
    text = world.get("/logs/e1/download")
    assert text.text.splitlines()[0] == "2024-12-05T10:00:00Z INFO line 0"
    assert text.headers["content-disposition"] == 'attachment; filename="e1.log"'
    found = world.get("/logs/search", q="line").json()
    assert (found["total"], found["results"][0]["message"]) == (3, "line 2")


def test_labels_of_an_execution_that_still_runs_are_not_set(world):
    world.executor_says(execution("running", C, R))
    world.eventually(lambda: world.tail.get("running") is not None)
    answer = world.client.post("/api/v1/executions/running/labels", json=[{"key": "a", "value": "b"}])
    assert answer.status_code == 400
    assert answer.json()["message"] == "Bad Request: The execution is not terminated"


def test_pairs_of_nothing_are_left_out_of_labels_and_half_ones_are_refused(world):
    assert world.client.post("/api/v1/flows", content=FLOW).status_code == 200
    world.executor_says(execution("ended", C, R, S))
    world.eventually(lambda: world.tail.get("ended") is not None)
    path = "/api/v1/executions/ended/labels"
    given = [{"key": None, "value": None}, {"key": "", "value": ""}, {"key": "a", "value": "b"}]
    assert world.client.post(path, json=given).json()["labels"] == [{"key": "a", "value": "b"}]
    assert world.client.post(path, json=[{"key": "a", "value": None}]).status_code == 422

"""Deleting over HTTP: gone at once for whoever asks here, although engine and index follow later."""

import msgspec
import pytest
from tests.unit.webserver.conftest import FLOW, NOW, World, execution, log, taskrun

from runfold.documents.model import Kind
from runfold.documents.project import Position, project_log
from runfold.documents.query import Query
from runfold.execution.model import Deletion
from runfold.execution.state import State

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED


@pytest.fixture
def hello(world: World) -> World:
    assert world.client.post("/api/v1/flows", content=FLOW).status_code == 200
    return world


def claims_of(world: World, kind: str) -> list[dict]:
    return [claim for claim in world.claims() if claim["type"] == kind]


def test_a_deleted_execution_is_nowhere_right_after_the_answer(hello):
    ended, run = execution("a", C, R, S, seq=3, taskrun_count=1), taskrun("a", 0, C, R, S, seq=3)
    hello.indexed(ended, run)
    hello.executor_says(ended, run, log("a", "hello"))
    hello.eventually(lambda: hello.tail.execution("a") is not None and hello.tail.get("a").logs)
    answer = hello.client.delete("/api/v1/executions/a", params={"deleteMetrics": "false"})
    assert (answer.status_code, answer.content) == (204, b"")
    for path in ("/executions/a", "/taskruns/a-0", "/executions/a/events"):
        assert hello.get(path).status_code == 404, path
    assert hello.get("/logs/a").json() == []
    for path in ("/executions/search", "/taskruns/search"):
        found = hello.get(path).json()
        assert (found["results"], found["total"]) == ([], 0), path
    (claim,) = claims_of(hello, "Delete")
    wanted = {"executionId": "a", "namespace": "company.team", "flowId": "hello", "flowRevision": 1, "seq": 3}
    assert claim.items() >= {**wanted, "state": "SUCCESS", "metrics": False, "isForced": True}.items()


def test_a_second_deletion_and_one_of_an_unknown_execution_find_nothing(hello):
    hello.indexed(execution("a", C, R, S))
    assert hello.client.delete("/api/v1/executions/a").status_code == 204
    assert hello.client.delete("/api/v1/executions/a").status_code == 404
    assert hello.client.delete("/api/v1/executions/unknown").status_code == 404
    assert len(claims_of(hello, "Delete")) == 1


def test_snapshots_still_under_way_do_not_bring_a_deleted_execution_back(hello):
    hello.indexed(execution("a", C, R, seq=2))
    hello.client.delete("/api/v1/executions/a")
    hello.executor_says(execution("a", C, R, S, seq=3), taskrun("a", 0, C, seq=3), log("a", "late"))
    hello.executor_says(execution("b"))
    hello.eventually(lambda: hello.tail.execution("b") is not None)
    assert hello.get("/executions/a").status_code == 404
    assert hello.get("/logs/a").json() == []


def test_what_another_server_deleted_is_gone_here_once_the_engine_says_so(hello):
    hello.indexed(execution("a", C, R, S, seq=3), taskrun("a", 0, C, R, S, seq=3))
    hello.executor_says(execution("a", S, seq=4, deletion=Deletion(NOW)))
    hello.eventually(lambda: hello.get("/executions/a").status_code == 404)
    assert hello.get("/taskruns/search").json()["results"] == []
    assert hello.client.post("/api/v1/executions/a/restart").status_code == 404


def test_by_ids_deletes_all_or_says_which_can_not_be_and_deletes_none(hello):
    hello.indexed(execution("a", C, R, S), execution("b", C, F), execution("c", C, R))
    answer = hello.client.request("DELETE", "/api/v1/executions/by-ids", json=["a", "c", "unknown"])
    assert answer.status_code == 400
    assert answer.json()["message"] == "invalid bulk delete"
    assert {each["invalidValue"]: each["message"] for each in answer.json()["invalids"]} == {
        "c": "execution not in a terminated state",
        "unknown": "execution not found",
    }
    assert claims_of(hello, "Delete") == []
    assert hello.get("/executions/a").status_code == 200
    answer = hello.client.request("DELETE", "/api/v1/executions/by-ids", json=["a", "b"])
    assert (answer.status_code, answer.json()) == (200, {"count": 2})
    answer = hello.client.request(
        "DELETE", "/api/v1/executions/by-ids", json=["c"], params={"includeNonTerminated": "true"}
    )
    assert answer.json() == {"count": 1}
    assert [claim["executionId"] for claim in claims_of(hello, "Delete")] == ["a", "b", "c"]


def test_by_query_deletes_exactly_what_the_search_finds(hello):
    hello.indexed(*(execution(f"a{number}", C, F) for number in range(12)), execution("b", C, R, S))
    shown = hello.get("/executions/search", state="FAILED").json()["total"]
    answer = hello.client.delete("/api/v1/executions/by-query", params={"state": "FAILED", "deleteLogs": "false"})
    assert answer.json() == {"count": shown} == {"count": 12}
    assert [found["id"] for found in hello.get("/executions/search", size=100).json()["results"]] == ["b"]
    assert {claim["logs"] for claim in claims_of(hello, "Delete")} == {False}


def test_an_execution_whose_deletion_comes_to_nothing_because_it_was_restarted_is_seen_again(hello):
    hello.indexed(execution("a", C, R, S, seq=3))
    hello.client.request("DELETE", "/api/v1/executions/by-ids", json=["a"])
    assert hello.get("/executions/a").status_code == 404
    hello.executor_says(execution("a", C, R, S, State.RESTARTED, seq=4))
    hello.eventually(lambda: hello.get("/executions/a").status_code == 200)


def test_log_lines_that_fit_are_deleted_wherever_they_are(hello):
    lines = [log("a", "one", "INFO"), log("a", "two", "ERROR"), log("b", "three", "ERROR")]
    hello.index.put([project_log(line, Position(0, offset)) for offset, line in enumerate(lines[:1])])
    hello.executor_says(*lines)
    hello.eventually(lambda: hello.tail.get("b") is not None)
    assert hello.client.delete("/api/v1/logs/a", params={"minLevel": "ERROR"}).status_code == 204
    assert {line["message"] for line in hello.get("/logs/a").json()} == {"one"}
    assert len(hello.get("/logs/b").json()) == 1


def test_log_lines_of_a_flow_or_of_one_of_its_triggers_are_deleted(hello):
    lines = [log("a", "one"), log("a", "two", trigger_id="daily"), msgspec.structs.replace(log("b", "x"), flow_id="o")]
    hello.index.put([project_log(line, Position(0, offset)) for offset, line in enumerate(lines)])
    hello.client.delete("/api/v1/logs/company.team/hello", params={"triggerId": "daily"})
    assert hello.index.search(Query(Kind.LOGS)).total == 2
    hello.client.delete("/api/v1/logs/company.team/hello")
    assert [each.body["flowId"] for each in hello.index.search(Query(Kind.LOGS)).documents] == ["o"]

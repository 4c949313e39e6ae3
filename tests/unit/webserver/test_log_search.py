"""The search in log lines over HTTP: every field filters, and of one execution nothing is missing."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW, World, log

from runfold.documents.project import Position, project_log

NEWEST = timedelta(minutes=5)


@pytest.fixture(scope="module")
def lines(shared_world: World) -> World:
    found = [
        log("e1", "all is well", taskrun_id="r1"),
        log("e1", "connection refused by orders", "ERROR", taskrun_id="r1", attempt_number=1),
        log("e1", "slow answer", "WARN", task_id="t1", taskrun_id="r2", timestamp=NOW - timedelta(hours=2)),
        log("e2", "connection lost", "DEBUG", thread="worker-7"),
        log("e2", "by a trigger", task_id=None, attempt_number=None, trigger_id="nightly"),
    ]
    shared_world.index.put([project_log(line, Position(0, place)) for place, line in enumerate(found)])
    return shared_world


def messages(world: World, **parameters) -> list[str]:
    answer = world.get("/logs/search", **{"sort": "position", **parameters})
    assert answer.status_code == 200, answer.text
    return [line["message"] for line in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("connection", [1, 3]),
        ('"connection refused"', [1]),
        ("connect order", [1]),
        ("text:worker", [3]),
        ("level:ERROR", [1]),
        ("level:>=WARN", [1, 2]),
        ("-level:DEBUG,INFO", [1, 2]),
        ("execution:e2", [3, 4]),
        ("task:t1", [2]),
        ("taskrun:r1 attempt:1", [1]),
        ("taskrun:r1 attempt:0", [0]),
        ("attempt:>0", [1]),
        ("trigger:nightly", [4]),
        ("-trigger:* date:<-1h", [2]),
        ("namespace:company.* flow:hello date:>-1h", [0, 1, 3, 4]),
        ("level:ERROR OR thread", [1]),
    ],
)
def test_every_field_of_queries_filters_log_lines(lines, query, places):
    every = ["all is well", "connection refused by orders", "slow answer", "connection lost", "by a trigger"]
    assert messages(lines, query=query) == [every[place] for place in places]


def test_a_hit_tells_its_place_and_the_lines_of_an_execution_are_as_they_were_recorded(lines):
    found = lines.get("/logs/search", query="execution:e1", sort="position:desc").json()["results"]
    assert [line["position"] for line in found] == [2, 1, 0]
    assert all("position" not in line for line in lines.get("/logs/e1").json())


def test_parameters_say_the_same_as_queries(lines):
    assert messages(lines, taskRunId="r1", attempt=1) == ["connection refused by orders"]
    assert messages(lines, taskId="t1", minLevel="WARN") == ["slow answer"]
    assert messages(lines, executionId="e1", q="refused") == ["connection refused by orders"]
    assert messages(lines, **{"filters[taskrun][EQUALS]": "r2"}) == ["slow answer"]


@pytest.mark.parametrize("parameters", [{"executionId": "e1"}, {"query": "execution:e1"}])
def test_lines_that_the_index_does_not_have_yet_are_among_the_hits_of_one_execution(world, parameters):
    stored = [log("e1", f"stored {number}", timestamp=NOW + timedelta(seconds=number)) for number in range(3)]
    world.executor_says(*stored)
    world.eventually(lambda: world.tail.get("e1") is not None and len(world.tail.get("e1").logs) == 3)
    world.index.put([project_log(line.entry, line.position) for line in world.tail.get("e1").logs])
    world.executor_says(log("e1", "just now", "ERROR", timestamp=NOW + NEWEST), log("e2", "of another"))
    world.eventually(lambda: len(world.tail.get("e1").logs) == 4)

    answer = world.get("/logs/search", size=2, **parameters).json()
    assert [line["message"] for line in answer["results"]] == ["just now", "stored 2"]
    assert answer["total"] == 4
    following = world.get("/logs/search", size=2, cursor=answer["next"], **parameters).json()
    assert [line["message"] for line in following["results"]] == ["stored 1", "stored 0"]
    assert "next" not in following
    assert [hit["message"] for hit in world.get("/logs/search", minLevel="ERROR", **parameters).json()["results"]] == [
        "just now"
    ]
    oldest_first = world.get("/logs/search", sort="date:asc", **parameters).json()["results"]
    assert [line["message"] for line in oldest_first] == ["stored 0", "stored 1", "stored 2", "just now"]

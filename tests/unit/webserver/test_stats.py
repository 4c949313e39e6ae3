"""Figures over time and by flow, as Kestra's clients read them."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW, World, execution, log, taskrun

from runfold.documents.project import Position, project_log, project_metric
from runfold.execution.claims import MetricEntry
from runfold.execution.state import State

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED
HOUR = {"startDate": "2024-12-05T09:00:00Z", "endDate": "2024-12-05T10:30:00Z"}


def metric(value: float, name: str = "rows", minutes: int = 0, task_id: str = "t0") -> MetricEntry:
    at = NOW + timedelta(minutes=minutes)
    return MetricEntry("company.team", "hello", "e1", task_id, "e1-0", "counter", name, value, at)


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    shared_world.indexed(
        execution("e1", C, R, S),
        execution("e2", C, R, F),
        execution("e3", C, R, flow_id="bye", namespace="other"),
        taskrun("e1", 0, C, R, S),
        taskrun("e1", 1, C, R, F),
    )
    entries = [metric(3), metric(5), metric(7, minutes=3), metric(1, name="bytes", task_id="t1")]
    shared_world.index.put([project_metric(entry, Position(0, at)) for at, entry in enumerate(entries)])
    lines = [log("e1", "a"), log("e1", "b", "ERROR"), log("e2", "c", "ERROR")]
    shared_world.index.put([project_log(line, Position(0, at)) for at, line in enumerate(lines)])
    return shared_world


def post(world: World, path: str, **body):
    answer = world.client.post(f"/api/v1/stats{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_executions_are_counted_by_state_and_gaps_are_filled(runs: World) -> None:
    buckets = post(runs, "/executions/daily", **HOUR)

    assert {bucket["groupBy"] for bucket in buckets} == {"minute"}
    assert len(buckets) >= 90
    (full,) = [bucket for bucket in buckets if sum(bucket["executionCounts"].values())]
    assert full["startDate"] == "2024-12-05T10:00:00Z"
    assert full["executionCounts"] | {"SUCCESS": 1, "FAILED": 1, "RUNNING": 1} == full["executionCounts"]
    assert len(full["executionCounts"]) == 11
    assert full["duration"]["max"] == "PT2S"
    empty = buckets[0]
    assert empty["duration"] == {"min": "PT0S", "avg": "PT0S", "max": "PT0S", "sum": "PT0S", "count": 0}


def test_task_runs_are_counted_like_executions_and_filters_hold(runs: World) -> None:
    counts = [bucket["executionCounts"] for bucket in post(runs, "/taskruns/daily", **HOUR, state=["FAILED"])]

    assert sum(count["FAILED"] for count in counts) == 1
    assert sum(count["SUCCESS"] for count in counts) == 0


@pytest.mark.parametrize(("days", "name"), [(0.2, "minute"), (1, "hour"), (30, "day"), (200, "week"), (400, "month")])
def test_the_buckets_length_follows_from_the_span(runs: World, days: float, name: str) -> None:
    start = (NOW - timedelta(days=days)).isoformat()
    buckets = post(runs, "/executions/daily", startDate=start, endDate=NOW.isoformat())

    assert {bucket["groupBy"] for bucket in buckets} == {name}


def test_without_dates_the_last_thirty_days_are_told(runs: World) -> None:
    buckets = post(runs, "/executions/daily")

    assert buckets[0]["startDate"] == "2024-11-05T00:00:00Z"
    assert sum(sum(bucket["executionCounts"].values()) for bucket in buckets) == 3


def test_a_span_that_ends_before_it_begins_is_refused(runs: World) -> None:
    body = {"startDate": HOUR["endDate"], "endDate": HOUR["startDate"]}

    assert runs.client.post("/api/v1/stats/taskruns/daily", json=body).status_code == 422


def test_log_lines_are_counted_by_level(runs: World) -> None:
    assert [bucket["counts"] for bucket in post(runs, "/logs/daily", **HOUR) if bucket["counts"]] == [
        {"ERROR": 2, "INFO": 1}
    ]
    errors = post(runs, "/logs/daily", **HOUR, logLevel="ERROR")
    assert [bucket["counts"] for bucket in errors if bucket["counts"]] == [{"ERROR": 2}]


def test_executions_are_counted_by_flow_and_by_namespace(runs: World) -> None:
    by_flow = post(runs, "/executions/daily/group-by-flow", **HOUR)
    assert {ns: list(flows) for ns, flows in by_flow.items()} == {"company.team": ["hello"], "other": ["bye"]}

    named = post(
        runs, "/executions/daily/group-by-flow", flows=[{"namespace": "other", "id": "bye"}], namespaceOnly=True
    )
    assert list(named["other"]) == ["*"]

    assert post(runs, "/executions/daily/group-by-namespace", **HOUR) == {
        "company.team": {"counts": {"FAILED": 1, "SUCCESS": 1}, "total": 2},
        "other": {"counts": {"RUNNING": 1}, "total": 1},
    }
    latest = post(runs, "/executions/latest/group-by-flow", flows=[{"namespace": "other", "flowId": "bye"}])
    assert [found["id"] for found in latest] == ["e3"]


def test_flows_and_triggers_are_counted(still_world: World) -> None:
    source = (
        "id: timed\nnamespace: a.b\ntasks:\n  - {id: t, type: io.kestra.plugin.core.debug.Return}\n"
        "triggers:\n  - {id: every, type: io.kestra.plugin.core.trigger.Schedule, cron: '* * * * *'}\n"
    )
    still_world.client.post("/api/v1/flows", content=source)

    assert post(still_world, "/summary") == {"flows": 1, "triggers": 1}
    assert post(still_world, "/summary", namespace="a") == {"flows": 1, "triggers": 1}
    assert post(still_world, "/summary", namespace="b") == {"flows": 0, "triggers": 0}


def test_metrics_are_named_and_added_up_over_time(runs: World) -> None:
    assert runs.get("/metrics/names/company.team/hello").json() == ["bytes", "rows"]
    assert runs.get("/metrics/names/company.team/hello/t1").json() == ["bytes"]
    assert runs.get("/metrics/tasks/company.team/hello").json() == ["t0", "t1"]

    def values(path: str, aggregation: str) -> list[float]:
        answer = runs.get(f"/metrics/aggregates/company.team/hello/{path}", aggregation=aggregation, **HOUR).json()
        assert answer["groupBy"] == "minute"
        return [entry["value"] for entry in answer["aggregations"] if entry["value"]]

    assert values("rows", "sum") == [8, 7]
    assert values("t0/rows", "max") == [5, 7]
    assert values("t1/rows", "max") == []
    assert runs.get("/metrics/aggregates/company.team/hello/rows", aggregation="mode").status_code == 422


def test_the_measurements_of_an_execution_are_listed(runs: World) -> None:
    answer = runs.get("/metrics/e1", taskId="t0").json()

    assert [entry["value"] for entry in answer["results"]] == [3, 5, 7]

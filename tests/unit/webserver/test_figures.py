"""Values, figures over time and figures of groups over HTTP: of what a search finds, asked for in its own words."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW, World, execution, log, taskrun, with_labels

from runfold.documents.baseline import compared
from runfold.documents.project import Position, project_log, project_taskrun
from runfold.execution.model import Attempt
from runfold.execution.state import Entry, State
from runfold.webserver.app import described

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED
HOUR = {"startDate": "2024-12-05T09:00:00Z", "endDate": "2024-12-05T11:00:00Z"}


def timed(number: int, run_s: float, state: State = S, minutes: int = 0, **fields):
    start = NOW + timedelta(minutes=minutes)
    made = taskrun("e1", number, C, id=f"r{number}", **fields)
    history = (
        Entry(C, start),
        Entry(R, start + timedelta(seconds=1)),
        Entry(state, start + timedelta(seconds=1 + run_s)),
    )
    return type(made)(**{name: getattr(made, name) for name in made.__struct_fields__} | {"histories": history})


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    tried = tuple(Attempt((Entry(F, NOW),)) for _ in range(2))
    shared_world.indexed(
        timed(0, 1, task_id="load", worker_id="w1", labels=with_labels("team:blue")),
        timed(1, 2, task_id="load", worker_id="w1"),
        timed(2, 3, F, task_id="load", error="File 17 is gone", attempts=tried),
        timed(3, 9, F, minutes=65, task_id="send", error="File 18 is gone", namespace="company.team.sub"),
        timed(4, 1, F, task_id="send", error="Refused", namespace="other", flow_id="bye"),
        execution("e1", C, R, S),
        execution("e2", C, R, F, flow_id="bye", trigger=None),
        execution("e3", C, R),
    )
    slow = compared(project_taskrun(timed(5, 8, task_id="slow", seq=2)), 2_000)
    lines = [log("e1", "a"), log("e1", "b", "ERROR"), log("e2", "c", "ERROR", task_id="t1")]
    shared_world.index.put([slow, *(project_log(line, Position(0, at)) for at, line in enumerate(lines))])
    return shared_world


def asked(world: World, path: str, **parameters):
    answer = world.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["asOf"]["behindMs"] == 0
    return answer.json()


SAME_FILTER = [
    ({"state": "FAILED"}, 3),
    ({"query": "state:FAILED"}, 3),
    ({"filters[state][EQUALS]": "FAILED"}, 3),
    ({"query": "state:FAILED", "namespace": "company", "filters[taskId][EQUALS]": "send"}, 1),
    ({"labels": "team:blue"}, 1),
    ({"query": 'error:"is gone" attempts:>1'}, 1),
    ({"executionId": "e1", "startDate": "2024-12-05T11:00:00Z"}, 1),
]


@pytest.mark.parametrize(("parameters", "count"), SAME_FILTER)
def test_counts_values_buckets_and_groups_are_of_what_the_search_finds(runs, parameters, count):
    assert asked(runs, "/taskruns/search", **parameters)["total"] == count
    found = asked(runs, "/taskruns/count", **parameters)
    assert (found["total"], found["totalIsExact"]) == (count, True)
    assert asked(runs, "/taskruns/facets", **parameters)["total"] == count
    buckets = asked(runs, "/taskruns/histogram", interval="PT1H", **parameters)["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == count
    assert asked(runs, "/taskruns/statistics", **parameters)["total"]["count"] == count


def test_values_are_counted_under_the_names_that_were_asked_for(runs):
    found = asked(runs, "/taskruns/facets", field=["state", "flow", "taskId", "worker"], size=2)["facets"]
    assert found["state"] == {"values": [{"value": "FAILED", "count": 3}, {"value": "SUCCESS", "count": 3}], "other": 0}
    assert found["flow"]["values"] == [{"value": "hello", "count": 5}, {"value": "bye", "count": 1}]
    assert found["taskId"] == {"values": [{"value": "load", "count": 3}, {"value": "send", "count": 2}], "other": 1}
    assert found["worker"]["values"] == [{"value": "w1", "count": 2}]
    assert list(asked(runs, "/executions/facets")["facets"]) == ["state"]
    assert asked(runs, "/logs/facets")["facets"]["level"]["values"][0] == {"value": "ERROR", "count": 2}


def test_buckets_tell_counts_by_part_and_figures_and_gaps_are_filled(runs):
    found = asked(runs, "/taskruns/histogram", interval="PT30M", **HOUR)
    assert found["interval"] == "PT30M"
    assert [bucket["start"][11:16] for bucket in found["buckets"]] == ["09:00", "09:30", "10:00", "10:30"]
    assert [bucket["count"] for bucket in found["buckets"]] == [0, 0, 5, 0]
    full, empty = found["buckets"][2], found["buckets"][3]
    assert full["counts"] == {"FAILED": 2, "SUCCESS": 3}
    assert full["durationMs"] == {
        "count": 5, "min": 2000, "avg": 4000, "p50": 3000, "p90": 9000, "p95": 9000, "p99": 9000, "max": 9000,
    }  # fmt: skip
    assert empty["counts"] == {}
    assert (empty["durationMs"]["count"], empty["durationMs"]["p95"]) == (0, None)


def test_the_part_the_date_and_the_number_of_a_histogram_can_be_chosen(runs):
    found = asked(runs, "/taskruns/histogram", interval="PT1H", by="task", date="end", measure="run")
    assert [bucket["counts"] for bucket in found["buckets"]] == [{"load": 3, "send": 1, "slow": 1}, {"send": 1}]
    assert [bucket["runMs"]["max"] for bucket in found["buckets"]] == [8000, 9000]
    bare = asked(runs, "/taskruns/histogram", interval="PT1H", by="", measure="")
    assert bare["buckets"][0] == {"start": "2024-12-05T10:00:00Z", "count": 5, "counts": {}}
    logs = asked(runs, "/logs/histogram", interval="PT1H", **HOUR)["buckets"]
    assert [bucket["counts"] for bucket in logs] == [{}, {"ERROR": 2, "INFO": 1}]


def test_days_begin_where_the_reader_is(runs):
    berlin = asked(runs, "/taskruns/histogram", interval="P1D", zone="Europe/Berlin")["buckets"]
    assert berlin[0]["start"] == "2024-12-04T23:00:00Z"
    assert asked(runs, "/taskruns/histogram", interval="auto", timeRange="P1D")["interval"] == "PT1H"
    assert asked(runs, "/taskruns/histogram", namespace="nobody") | {"asOf": 0} == {
        "interval": None, "buckets": [], "asOf": 0,
    }  # fmt: skip


def test_groups_tell_how_often_they_failed_and_how_long_they_take(runs):
    found = asked(runs, "/taskruns/statistics", order="failed")
    assert [group["key"]["taskId"] for group in found["groups"]] == ["load", "send", "send", "slow"]
    load = found["groups"][0]
    assert load["key"] == {"namespace": "company.team", "flowId": "hello", "taskId": "load"}
    assert (load["count"], load["failed"], load["retried"], load["failureRate"]) == (3, 1, 1, 0.333333)
    assert (load["runMs"]["p50"], load["runMs"]["max"], load["queueMs"]["p95"]) == (2000, 3000, 1000)
    assert load["baselineMs"] is None
    assert (found["total"]["count"], found["total"]["failed"], found["isComplete"]) == (6, 3, True)


def test_the_slowest_beside_their_own_past_come_first_when_asked_so(runs):
    found = asked(runs, "/taskruns/statistics", order="slowdown", size=1)
    assert found["groups"][0]["key"]["taskId"] == "slow"
    assert (found["groups"][0]["baselineMs"], found["groups"][0]["slowdown"]) == (2000, 4)
    assert found["other"] == {"groups": 3, "count": 5, "failed": 3, "retried": 1}


def test_errors_that_are_the_same_are_one_group_with_a_sample(runs):
    groups = asked(runs, "/taskruns/statistics", groupBy="error")["groups"]
    assert [(group["count"], group["sample"]) for group in groups] == [(2, "File 17 is gone"), (1, "Refused")]
    key = groups[0]["key"]["errorFingerprint"]
    assert asked(runs, "/taskruns/count", query=f"fingerprint:{key}")["total"] == 2


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        ("namespace", [{"namespace": "company.team"}, {"namespace": "company.team.sub"}, {"namespace": "other"}]),
        ("flow,state", [
            {"namespace": "company.team", "flowId": "hello", "state": "SUCCESS"},
            {"namespace": "company.team", "flowId": "hello", "state": "FAILED"},
            {"namespace": "company.team.sub", "flowId": "hello", "state": "FAILED"},
            {"namespace": "other", "flowId": "bye", "state": "FAILED"},
        ]),
        ("worker", [{"workerId": "w1"}]),
        ("taskType", [{"taskType": "x.Log"}]),
    ],
)  # fmt: skip
def test_groups_go_by_any_field_or_several(runs, group_by, keys):
    assert [group["key"] for group in asked(runs, "/taskruns/statistics", groupBy=group_by)["groups"]] == keys


def test_groups_and_values_go_by_a_label_of_those_that_have_it(runs):
    found = asked(runs, "/taskruns/statistics", groupBy="label:team,task")
    (group,) = found["groups"]
    assert group["key"] == {"label:team": "blue", "namespace": "company.team", "flowId": "hello", "taskId": "load"}
    assert (group["count"], found["total"]["count"]) == (1, 6)
    assert asked(runs, "/taskruns/statistics", groupBy="labels.team")["groups"][0]["key"] == {"label:team": "blue"}
    facets = asked(runs, "/taskruns/facets", field=["label:team", "state"], namespace="company.team")["facets"]
    assert facets["label:team"] == {"values": [{"value": "blue", "count": 1}], "other": 0}


@pytest.mark.parametrize("name", ["label", "label:", "output:uri", "label=team", "nothing:team"])
def test_what_has_no_values_to_count_is_refused_by_its_name(runs, name):
    for path, parameter in (("facets", "field"), ("statistics", "groupBy")):
        answer = runs.get(f"/taskruns/{path}", **{parameter: name})
        assert (answer.status_code, repr(name) in answer.json()["message"]) == (422, True)


def test_executions_have_figures_too(runs):
    found = asked(runs, "/executions/statistics", order="p95")
    assert [group["key"]["flowId"] for group in found["groups"]] == ["bye", "hello"]
    assert found["groups"][0]["durationMs"]["max"] == 2000
    assert asked(runs, "/executions/count", query="state:RUNNING")["total"] == 1
    assert asked(runs, "/executions/histogram", **HOUR)["interval"] == "PT5M"
    assert asked(runs, "/logs/count", minLevel="WARN", query="execution:e1")["total"] == 1


@pytest.mark.parametrize(
    ("path", "parameters", "text"),
    [
        ("/taskruns/facets", {"field": "duration"}, "'duration' of taskruns has no values"),
        ("/taskruns/facets", {"field": "nothing"}, "'nothing' of taskruns has no values"),
        ("/taskruns/facets", {"size": "0"}, "Invalid entity: size"),
        ("/taskruns/facets", {"field": ["state"] * 21}, "Invalid entity: field"),
        ("/taskruns/facets", {"query": "stat:FAILED"}, "did you mean state?"),
        ("/taskruns/histogram", {"interval": "an hour"}, "Invalid interval"),
        ("/taskruns/histogram", {"interval": "PT0.5S", **HOUR}, "one second or more"),
        ("/taskruns/histogram", {"interval": "PT1S", **HOUR}, "more than 1000 buckets"),
        ("/taskruns/histogram", {"zone": "Nowhere/Town"}, "Invalid zone"),
        ("/taskruns/histogram", {"zone": "../etc/passwd"}, "Invalid zone"),
        ("/taskruns/histogram", {"date": "state"}, "'state' of taskruns is no date"),
        ("/taskruns/histogram", {"measure": "state"}, "'state' of taskruns is no number"),
        ("/taskruns/statistics", {"groupBy": "label"}, "'label' of taskruns has no values"),
        ("/taskruns/statistics", {"order": "beauty"}, "Invalid order"),
        ("/executions/statistics", {"order": "slowdown"}, "executions have no slowdown"),
        ("/taskruns/count", {"total": "roughly"}, "Invalid entity: total"),
        ("/logs/facets", {"field": "worker"}, "'worker' of logs has no values"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_name(runs, path, parameters, text):
    answer = runs.get(path, **parameters)
    assert answer.status_code == 422
    assert text in answer.json()["message"]


def test_the_page_of_operations_knows_parameters_and_answers():
    page = described().openapi()
    operation = page["paths"]["/api/v1/taskruns/statistics"]["get"]
    assert {"query", "namespace", "groupBy", "order"} <= {each["name"] for each in operation["parameters"]}
    assert "StatisticsAnswer" in operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]

"""One language for all searches over HTTP: queries, Kestra's newer filters, cursors, and what helps to write them."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW, World, execution, log, taskrun, with_labels

from runfold.documents.grammar.fields import QUERY_FIELDS
from runfold.documents.model import Kind
from runfold.documents.project import Position, project_log
from runfold.documents.query import matches
from runfold.errors import BadRequest
from runfold.execution.state import State
from runfold.webserver.routes.query import ExecutionFilter, TaskRunFilter, where

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    shared_world.indexed(
        taskrun("e1", 0, C, R, S, labels=with_labels("team:blue", "env:a")),
        taskrun("e1", 1, C, R, F, task_id="other", error="Connection timed out"),
        taskrun("e2", 0, C, R, namespace="company.team.sub", trigger_execution_id="e1", value="eu-1"),
        taskrun("e3", 0, C, namespace="company.teams", flow_id="bye", labels=with_labels("team:red")),
        execution("e1", C, R, F, labels=with_labels("team:blue"), inputs={"order": {"id": 17}}),
        execution("e2", C, R, namespace="system"),
    )
    lines = [log("e1", "all is well"), log("e1", "connection refused", "ERROR")]
    shared_world.index.put([project_log(line, Position(0, at)) for at, line in enumerate(lines)])
    return shared_world


def found(world: World, path: str, **parameters) -> list[str]:
    answer = world.get(path, **{"sort": "id:asc", **parameters})
    assert answer.status_code == 200, answer.text
    return [run.get("id") or run["message"] for run in answer.json()["results"]]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"query": "state:FAILED"}, ["e1-1"]),
        ({"query": 'error:"timed out"'}, ["e1-1"]),
        ({"query": "namespace:company.team"}, ["e1-0", "e1-1"]),
        ({"query": "namespace:company.team.*"}, ["e1-0", "e1-1", "e2-0"]),
        ({"query": "value:eu-* OR label:team=red"}, ["e2-0", "e3-0"]),
        ({"query": "-label:* ", "state": "RUNNING"}, ["e2-0"]),
        ({"query": "in-state:>-1h"}, None),
        ({"query": "start:>-1m duration:>=2s"}, ["e1-0", "e1-1"]),
        ({"query": ""}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"filters[state][EQUALS]": "FAILED"}, ["e1-1"]),
        ({"filters[state][IN]": "FAILED,running"}, ["e1-1", "e2-0"]),
        ({"filters[state][NOT_IN]": "FAILED,RUNNING"}, ["e1-0", "e3-0"]),
        ({"filters[namespace][EQUALS]": "company.team"}, ["e1-0", "e1-1"]),
        ({"filters[namespace][PREFIX]": "company.team"}, ["e1-0", "e1-1", "e2-0"]),
        ({"filters[namespace][STARTS_WITH]": "company.team"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"filters[namespace][NOT_EQUALS]": "company.team"}, ["e2-0", "e3-0"]),
        ({"filters[flowId][EQUALS]": "bye"}, ["e3-0"]),
        ({"filters[taskId][EQUALS]": "other"}, ["e1-1"]),
        ({"filters[labels][EQUALS][team]": "blue"}, ["e1-0"]),
        ({"filters[labels][NOT_EQUALS][team]": "blue"}, ["e1-1", "e2-0", "e3-0"]),
        ({"filters[labels][EQUALS][team]": "blue", "filters[labels][EQUALS][env]": "b"}, []),
        ({"filters[q][EQUALS]": "timed"}, ["e1-1"]),
        ({"filters[query][CONTAINS]": "timed"}, ["e1-1"]),
        ({"filters[timeRange][EQUALS]": "PT1M"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"filters[startDate][GREATER_THAN]": "2024-12-05T10:00:00Z"}, []),
        ({"filters[startDate][GREATER_THAN_OR_EQUAL_TO]": "2024-12-05T11:00:00 01:00"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"filters[endDate][LESS_THAN_OR_EQUAL_TO]": "2024-12-05T09:59Z"}, []),
        ({"filters[attempts][GREATER_THAN]": "0"}, []),
        ({"filters[triggerExecutionId][EQUALS]": "e1"}, ["e2-0"]),
        ({"filters[or][0][flowId][EQUALS]": "bye", "filters[or][1][taskId][EQUALS]": "other"}, ["e1-1", "e3-0"]),
        (
            {
                "filters[and][0][state][NOT_EQUALS]": "FAILED",
                "filters[and][1][or][0][flowId][EQUALS]": "bye",
                "filters[and][1][or][1][executionId][EQUALS]": "e1",
            },
            ["e1-0", "e3-0"],
        ),
        ({"filters[childFilter][EQUALS]": "MAIN"}, ["e1-0", "e1-1", "e3-0"]),
        ({"filters[scope][EQUALS]": "USER"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"filters[state][EQUALS]": ""}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
    ],
)  # fmt: skip
def test_queries_and_filters_narrow_the_search_of_task_runs(runs, parameters, expected):
    if expected is None:
        assert runs.get("/taskruns/search", **parameters).status_code == 422
    else:
        assert found(runs, "/taskruns/search", **parameters) == expected


def test_executions_and_logs_have_queries_of_their_own(runs):
    assert found(runs, "/executions/search", query="input:order.id=17 state:FAILED") == ["e1"]
    assert found(runs, "/executions/search", **{"filters[scope][EQUALS]": "SYSTEM"}) == ["e2"]
    assert found(runs, "/logs/search", query="level:>=WARN refused") == ["connection refused"]
    assert found(runs, "/logs/search", **{"filters[minLevel][EQUALS]": "WARN"}) == ["connection refused"]
    assert found(runs, "/logs/search", **{"filters[level][GREATER_THAN]": "INFO"}) == ["connection refused"]
    assert found(runs, "/logs/search", **{"filters[timeRange][EQUALS]": "PT1H", "query": "well"}) == ["all is well"]


@pytest.mark.parametrize(
    ("parameters", "path", "column", "text"),
    [
        ({"query": "a stat:FAILED"}, "query", 3, "did you mean state?"),
        ({"filters[state][EQUALS]": "FALED"}, "filters[state][EQUALS]", 1, "did you mean FAILED?"),
        ({"filters[state][IN]": "FAILED,X"}, "filters[state][IN]", 8, "it is one of"),
        ({"filters[nothing][EQUALS]": "x"}, "filters[nothing][EQUALS]", 1, "unknown field"),
        ({"filters[flowId][REGEX]": ".*"}, "filters[flowId][REGEX]", 1, "use EQUALS, IN, STARTS_WITH"),
        ({"filters[state][LESS_THAN]": "FAILED"}, "filters[state][LESS_THAN]", 1, "no greater and less"),
        ({"filters[labels][EQUALS]": "a:b"}, "filters[labels][EQUALS]", 1, "asked for its key"),
        ({"filters[state][EQUALS][a]": "b"}, "filters[state][EQUALS][a]", 1, "asked for its key"),
        ({"filters[state]": "FAILED"}, "filters[state]", 1, "not of the form"),
        ({"filters[startDate][EQUALS]": "some day"}, "filters[startDate][EQUALS]", 1, "no date"),
        ({"filters[timeRange][EQUALS]": "a day"}, "filters[timeRange][EQUALS]", 1, "no date"),
        ({"filters[scope][EQUALS]": "ALL"}, "filters[scope][EQUALS]", 1, "none of USER, SYSTEM"),
        ({"filters[scope][REGEX]": "ALL"}, "filters[scope][REGEX]", 1, "use EQUALS"),
        ({"filters[q][EQUALS]": "!!"}, "filters[q][EQUALS]", 1, "no letter or digit"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_parameter_and_the_column(shared_world, parameters, path, column, text):
    answer = shared_world.get("/taskruns/search", **parameters)
    assert answer.status_code == 422
    (error,) = answer.json()["_embedded"]["errors"]
    assert (error["path"], error["column"]) == (path, column)
    assert text in error["message"]


@pytest.mark.parametrize("sort", ["queue:desc", "attempts", "-startDate", "slowdown:asc", "run", "date", "in-state"])
def test_every_column_that_has_an_order_sorts(runs, sort):
    assert len(found(runs, "/taskruns/search", sort=sort)) == 4


@pytest.mark.parametrize("sort", ["label:asc", "errorText", "-startDate:asc", "--startDate"])
def test_a_column_without_an_order_is_refused(shared_world, sort):
    assert shared_world.get("/taskruns/search", sort=sort).status_code == 422


def test_a_cursor_leads_past_every_hit_once_and_then_there_is_no_next(still_world):
    still_world.indexed(*(taskrun("e1", number, C, R, id=f"t{number:02}") for number in range(25)))
    seen, cursor = [], None
    for _ in range(4):
        body = still_world.get("/taskruns/search", size=10, sort="id", **({"cursor": cursor} if cursor else {})).json()
        assert (body["total"], body["totalIsExact"]) == (25, True)
        seen += [run["id"] for run in body["results"]]
        cursor = body.get("next")
        if cursor is None:
            break
    assert seen == [f"t{number:02}" for number in range(25)]
    assert still_world.get("/taskruns/search", cursor="nonsense").status_code == 422


def test_a_total_is_counted_on_beyond_ten_thousand_only_if_asked(still_world):
    runs = [taskrun("e1", number, C, id=f"t{number}") for number in range(10_001)]
    still_world.indexed(*runs)
    bounded = still_world.get("/taskruns/search").json()
    exact = still_world.get("/taskruns/search", total="exact").json()
    assert [(body["total"], body["totalIsExact"]) for body in (bounded, exact)] == [(10_000, False), (10_001, True)]
    assert still_world.get("/taskruns/search", total="roughly").status_code == 422


@pytest.mark.parametrize("kind", list(QUERY_FIELDS))
def test_the_fields_of_queries_are_told_with_examples_that_work(runs, kind):
    fields = runs.get("/queries/fields", kind=kind).json()
    assert [field["name"] for field in fields] == [field.name for field in QUERY_FIELDS[kind]]
    for field in fields:
        assert field["description"]
        assert field["operators"]
        for example in field["examples"]:
            assert runs.get("/queries/check", kind=kind, query=example).json()["ok"], example
            assert runs.get(f"/{kind}/search", query=example).status_code == 200
        if field["sortable"]:
            assert runs.get(f"/{kind}/search", sort=field["name"]).status_code == 200
    assert runs.get("/queries/fields", kind="metrics").status_code == 422


def test_a_query_is_checked_without_being_asked(runs):
    good = runs.get("/queries/check", query="state:failed  -label:env=dev").json()
    assert (good["ok"], good["text"]) == (True, "state:failed -label:env=dev")
    assert [(chip["field"], chip["negated"], chip["text"]) for chip in good["chips"]] == [
        ("state", False, "state:failed"),
        ("label", True, "-label:env=dev"),
    ]
    bad = runs.get("/queries/check", query="state:failed stat:x").json()
    assert (bad["ok"], bad["error"]["column"]) == (False, 14)
    assert "did you mean state?" in bad["error"]["message"]


def test_the_parameters_of_a_body_filter_like_those_of_a_query_string():
    given = {"query": "state:FAILED", "namespace": "company", "labels": "team:blue", "filters[flowId][IN]": ["hello,x"]}
    wanted = where(ExecutionFilter, given).filter(NOW)
    body = {"state": "FAILED", "namespace": "company.team", "labels": {"team": ["blue"]}, "flowId": "hello"}
    assert matches(wanted, body)
    for name, other in (("state", "SUCCESS"), ("namespace", "other"), ("labels", {}), ("flowId", "y")):
        assert not matches(wanted, {**body, name: other})
    assert where(TaskRunFilter, {"state": ["FAILED", "KILLED"], "taskId": "t"}).state == ["FAILED", "KILLED"]


@pytest.mark.parametrize("given", [{"namespce": "a"}, {"state": 7}, {"page": 1}, {"taskId": "a"}])
def test_a_parameter_of_a_body_that_is_not_known_is_never_ignored(given):
    with pytest.raises(BadRequest):
        where(ExecutionFilter, given)


def test_a_query_of_the_last_hours_is_read_anew_each_time():
    asked = TaskRunFilter(query="start:>-1h")
    run = {"startDate": NOW}
    assert matches(asked.filter(NOW + timedelta(minutes=59)), run)
    assert not matches(asked.filter(NOW + timedelta(minutes=61)), run)
    assert TaskRunFilter.kind is Kind.TASKRUNS

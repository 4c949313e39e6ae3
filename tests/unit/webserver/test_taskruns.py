"""The task run search over HTTP: every parameter filters, every wrong one is refused."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW, World, execution, taskrun, with_labels

from runfold.documents.project import Position, project_metric
from runfold.execution.claims import MetricEntry
from runfold.execution.state import State

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    shared_world.indexed(
        taskrun("e1", 0, C, R, S, labels=with_labels("team:blue", "env:a")),
        taskrun("e1", 1, C, R, F, task_id="other"),
        taskrun("e2", 0, C, R, namespace="company.team.sub", trigger_execution_id="e1"),
        taskrun("e3", 0, C, namespace="company.teams", flow_id="bye", labels=with_labels("team:red")),
    )
    return shared_world


def found(world: World, **parameters) -> list[str]:
    answer = world.get("/taskruns/search", **{"sort": "id:asc", **parameters})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["results"])
    return [run["id"] for run in answer.json()["results"]]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"namespace": "company.team"}, ["e1-0", "e1-1", "e2-0"]),
        ({"flowId": "bye"}, ["e3-0"]),
        ({"executionId": "e1"}, ["e1-0", "e1-1"]),
        ({"taskId": "other"}, ["e1-1"]),
        ({"state": ["RUNNING", "failed"]}, ["e1-1", "e2-0"]),
        ({"labels": "team:blue"}, ["e1-0"]),
        ({"labels": ["team:blue", "env:b"]}, []),
        ({"triggerExecutionId": "e1"}, ["e2-0"]),
        ({"childFilter": "CHILD"}, ["e2-0"]),
        ({"childFilter": "MAIN"}, ["e1-0", "e1-1", "e3-0"]),
        ({"childFilter": "ALL"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"q": "othe"}, ["e1-1"]),
        ({"q": "*"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
        ({"startDate": "2024-12-05T10:00:00.001Z"}, []),
        ({"endDate": "2024-12-05T09:59Z"}, []),
        (
            {"startDate": "2024-12-05T11:00:00 01:00", "endDate": "2024-12-05T10:00:00Z"},
            ["e1-0", "e1-1", "e2-0", "e3-0"],
        ),
        ({"timeRange": "PT1M"}, ["e1-0", "e1-1", "e2-0", "e3-0"]),
    ],
)
def test_each_parameter_narrows_the_search(runs, parameters, expected):
    assert found(runs, **parameters) == expected


def test_hits_are_task_runs_as_documented(runs):
    (run,) = runs.get("/taskruns/search", taskId="other").json()["results"]
    assert run["state"]["duration"] == "PT2S"
    assert run["state"]["startDate"] == "2024-12-05T10:00:00Z"
    assert run["outputs"] is None


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("id:desc", ["c", "b", "a"]),
        ("taskRunList.state.startDate:asc", ["b", "a", "c"]),
        ("state.startDate:desc", ["c", "a", "b"]),
        ("state.endDate", ["b", "a", "c"]),
        ("state.duration:desc", ["c", "a", "b"]),
        ("flowId", ["c", "b", "a"]),
        ("namespace:desc", ["b", "c", "a"]),
        ("taskId:asc", ["a", "c", "b"]),
        ("state.current:asc", ["b", "a", "c"]),
    ],
)
def test_hits_come_in_the_order_asked_for_by_kestras_names(still_world, sort, expected):
    def run(name, start_s, duration_s, state, **fields):
        made = taskrun("e1", 0, C, state, id=name, **fields)
        first, last = made.histories
        start = NOW + timedelta(seconds=start_s)
        histories = (type(first)(C, start), type(last)(state, start + timedelta(seconds=duration_s)))
        return type(made)(
            **{field: getattr(made, field) for field in made.__struct_fields__} | {"histories": histories}
        )

    still_world.indexed(
        run("a", 2, 5, S, flow_id="z", namespace="n1", task_id="t1"),
        run("b", 1, 1, F, flow_id="y", namespace="n3", task_id="t3"),
        run("c", 3, 9, State.WARNING, flow_id="x", namespace="n2", task_id="t2"),
    )
    body = still_world.get("/taskruns/search", sort=sort).json()
    assert [hit["id"] for hit in body["results"]] == expected


def test_a_hit_tells_what_it_has_in_the_columns_that_are_asked_for(runs):
    def columns(run_id: str, names: str) -> dict[str, object]:
        answer = runs.get("/taskruns/search", query=f"id:{run_id}", columns=names)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"][0]["columns"]

    assert columns("e1-0", "execution,seq,error") == {"execution": "e1", "seq": 1}
    assert "columns" not in runs.get("/taskruns/search").json()["results"][0]
    assert runs.get("/taskruns/search", columns="nonsense").status_code == 422


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"sort": "nothing:asc"}, "Illegal argument: Invalid sort parameter"),
        ({"sort": "id:sideways"}, "Illegal argument: Invalid sort parameter"),
        ({"sort": "text:asc"}, "Illegal argument: Invalid sort parameter"),
        (
            {"startDate": "2024-01-02T00:00:00Z", "endDate": "2024-01-01T00:00:00Z"},
            "Illegal argument: Start date must be before End Date",
        ),
        ({"startDate": "2024-01-02T00:00:00Z", "timeRange": "P1D"}, "mutually exclusive"),
        ({"startDate": "yesterday"}, "Invalid startDate"),
        ({"endDate": "2024-02-30T00:00:00Z"}, "Invalid endDate"),
        ({"timeRange": "1 day"}, "Invalid timeRange"),
        ({"timeRange": "-PT1H"}, "Invalid timeRange"),
        ({"labels": "nocolon"}, "Invalid queryString parameter"),
        ({"state": "HAPPY"}, "Invalid state"),
        ({"childFilter": "SOME"}, "Invalid childFilter"),
        ({"scope": "ALL"}, "Invalid scope"),
        ({"page": "0"}, "Invalid entity: page"),
        ({"size": "0"}, "Invalid entity: size"),
        ({"size": "1001"}, "Invalid entity: size"),
        ({"page": "many"}, "Invalid entity: page"),
        ({"page": "200", "size": "100"}, "Illegal argument: Pages end after"),
        ({"page": "9" * 30}, "Illegal argument: Pages end after"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused_with_its_name(shared_world, parameters, text):
    answer = shared_world.get("/taskruns/search", **parameters)
    assert answer.status_code == 422
    assert text in answer.json()["message"]
    assert answer.json()["_links"]["self"]["href"] == "/api/v1/taskruns/search"


def test_a_hit_is_as_new_as_the_tail_knows_and_is_left_out_when_it_fits_no_more(world):
    world.indexed(taskrun("e1", 0, C, R, seq=2), taskrun("e1", 1, C, R, seq=3))
    world.executor_says(taskrun("e1", 0, C, R, S, seq=9))
    world.eventually(lambda: world.tail.taskrun("e1-0", "e1") is not None)
    body = world.get("/taskruns/search", sort="id").json()
    assert [run["state"]["current"] for run in body["results"]] == ["SUCCESS", "RUNNING"]
    running = world.get("/taskruns/search", state="RUNNING").json()
    assert ([run["id"] for run in running["results"]], running["total"]) == (["e1-1"], 1)


def test_the_routes_answer_under_the_tenants_path_too(runs):
    assert runs.client.get("/api/v1/main/taskruns/search").json()["total"] == 4
    assert runs.get("/taskruns/maxTaskRunSetting").json() == 100
    assert runs.get("/taskruns/nope").status_code == 404


def test_metrics_of_an_execution_are_a_page(still_world):
    metrics = [MetricEntry("n", "f", "e1", f"t{at}", f"r{at}", "counter", "rows", float(at), NOW) for at in range(3)]
    still_world.index.put([project_metric(metric, Position(0, at)) for at, metric in enumerate(metrics)])
    body = still_world.get("/metrics/e1", size=2).json()
    assert ([metric["value"] for metric in body["results"]], body["total"]) == ([0.0, 1.0], 3)
    assert [metric["taskId"] for metric in still_world.get("/metrics/e1", taskId="t2").json()["results"]] == ["t2"]


def test_numbers_beyond_64_bits_and_odd_texts_of_users_can_be_read_back(world):
    outputs = {"big": 2**70, "odd": "a\x00b", "nested": [{"x": 1.5}]}
    world.executor_says(
        taskrun("e1", 0, C, R, S, seq=1, outputs=outputs), execution("e1", C, R, S, seq=1, taskrun_count=1)
    )
    world.eventually(lambda: world.tail.execution("e1") is not None)
    assert world.get("/executions/e1").json()["taskRunList"][0]["outputs"] == outputs

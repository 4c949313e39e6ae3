"""Exports over HTTP: whole, in pieces, safe to open, of just what the search finds."""

import csv
import io
import threading
from collections.abc import Iterator

import orjson
import pytest
from tests.unit.webserver.conftest import DEADLINE_S, NOW, World, execution, log, taskrun, with_labels

from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.documents.project import Position, project_log
from runfold.documents.query import Page, Query
from runfold.execution.model import Attempt, Metric
from runfold.execution.state import Entry, State

R, S, C, F = State.RUNNING, State.SUCCESS, State.CREATED, State.FAILED


@pytest.fixture(scope="module")
def runs(shared_world: World) -> World:
    measured = Attempt((Entry(S, NOW),), metrics=(Metric("rows", "counter", 7.0),))
    outputs = {"uri": "a,b", "order": {"id": 17, "is": True}, "a.b": 'say "hi"', "list": [1, 2]}
    shared_world.indexed(
        taskrun("e1", 0, C, R, S, task_id="load", outputs=outputs, attempts=(measured,)),
        taskrun("e1", 1, C, R, F, task_id="send", error='=HYPERLINK("x")', value="+49 1", namespace="company.sub"),
        taskrun("e2", 0, C, R, task_id="say", value="two\r\nlines"),
        execution("e1", C, R, F, labels=with_labels("team:blue", "env:=1+1"), inputs={"who": "Ada"}),
        execution("e2", C, R, labels=with_labels("team:réd", "team:second")),
    )
    lines = [log("e1", "all, is well"), log("e1", "@refused", "ERROR", taskrun_id="e1-1")]
    shared_world.index.put([project_log(line, Position(0, at)) for at, line in enumerate(lines)])
    return shared_world


def rows(world: World, path: str, **parameters) -> list[dict[str, str]]:
    answer = world.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def lines_of(world: World, path: str, **parameters) -> list[dict]:
    answer = world.get(path, format="ndjson", **parameters)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


def test_an_export_has_a_header_and_the_columns_of_the_page(runs):
    found = rows(runs, "/taskruns/export", sort="id")
    assert [row["id"] for row in found] == ["e1-0", "e1-1", "e2-0"]
    assert list(found[0])[:4] == ["id", "executionId", "namespace", "flowId"]
    assert (found[0]["state"], found[0]["durationMs"], found[0]["startDate"]) == (
        "SUCCESS",
        "2000",
        "2024-12-05T10:00:00Z",
    )
    assert (found[2]["durationMs"], found[2]["endDate"]) == ("", "")
    assert rows(runs, "/executions/export", sort="id")[0]["labels"] == '{"env":"=1+1","team":"blue"}'
    assert [row["message"] for row in rows(runs, "/logs/export", sort="position")] == ["all, is well", "'@refused"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"query": "state:FAILED"}, ["e1-1"]),
        ({"state": "FAILED"}, ["e1-1"]),
        ({"filters[state][EQUALS]": "FAILED"}, ["e1-1"]),
        ({"query": "-state:RUNNING", "namespace": "company.team"}, ["e1-0"]),
        ({"query": "output:order.id=17"}, ["e1-0"]),
        ({"sort": "-id", "page": "7", "size": "1"}, ["e2-0", "e1-1", "e1-0"]),
        ({"taskId": "nobody"}, []),
    ],
)
def test_an_export_holds_what_the_search_finds_all_of_it(runs, parameters, expected):
    assert [row["id"] for row in rows(runs, "/taskruns/export", **{"sort": "id", **parameters})] == expected


def test_any_field_and_any_key_of_a_map_can_be_a_column(runs):
    columns = "task,labels.team,label.env,outputs.uri,outputs.order.id,output.a.b,outputs.list,metrics.rows,triggerExecutionId"
    first, second, third = lines_of(runs, "/taskruns/export", columns=columns, sort="id")
    assert first == {
        "task": "load", "labels.team": "blue", "label.env": "=1+1", "outputs.uri": "a,b", "outputs.order.id": 17,
        "output.a.b": 'say "hi"', "outputs.list": [1, 2], "metrics.rows": 7.0,
    }  # fmt: skip
    assert second == {"task": "send", "labels.team": "blue", "label.env": "=1+1"}
    assert third == {"task": "say", "labels.team": "réd"}
    (ada, other) = rows(
        runs, "/executions/export", columns="id,inputs.who,inputs.nothing.at.all,labels.team", sort="id"
    )
    assert (ada["inputs.who"], ada["inputs.nothing.at.all"], other["labels.team"]) == ("Ada", "", "réd")


def test_csv_quotes_as_rfc_4180_says(runs):
    answer = runs.get("/taskruns/export", columns="id,outputs.uri,outputs.a.b,value", sort="id")
    assert answer.content == (
        b'id,outputs.uri,outputs.a.b,value\r\ne1-0,"a,b","say ""hi""",\r\ne1-1,,,\'+49 1\r\ne2-0,,,"two\r\nlines"\r\n'
    )
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="taskruns-20241205T100000Z.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert runs.get("/logs/export", format="ndjson").headers["content-type"].startswith("application/x-ndjson")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(still_world, text):
    still_world.indexed(taskrun("e1", 0, C, R, F, outputs={"x": text, "n": -5, text: 1}, value=text))
    (row,) = rows(still_world, "/taskruns/export", columns="value,outputs.x,outputs.n,durationMs")
    assert (row["value"], row["outputs.x"], row["outputs.n"]) == ("'" + text, "'" + text, "-5")
    (row,) = lines_of(still_world, "/taskruns/export", columns="value")
    assert row["value"] == text


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"columns": "id,colour"}, "Invalid columns: 'colour' is none of"),
        ({"columns": "state.x"}, "Invalid columns: 'state.x' is none of"),
        ({"columns": "text"}, "Invalid columns: 'text' is none of"),
        ({"columns": ","}, "Invalid columns: none is named"),
        ({"columns": ",".join(f"labels.k{at}" for at in range(101))}, "more than 100"),
        ({"format": "xlsx"}, "Invalid entity: format"),
        ({"sort": "text"}, "Invalid sort parameter"),
        ({"query": "stat:FAILED"}, "did you mean state?"),
    ],
)
def test_what_cannot_be_exported_is_refused_before_anything_is_sent(runs, parameters, text):
    answer = runs.get("/taskruns/export", **parameters)
    assert answer.status_code == 422
    assert text in answer.json()["message"]


def test_rows_are_as_new_as_the_tail_knows_them(world):
    world.indexed(taskrun("e1", 0, C, R, seq=2), taskrun("e1", 1, C, R, seq=3))
    world.executor_says(taskrun("e1", 0, C, R, S, seq=9))
    world.eventually(lambda: world.tail.taskrun("e1-0", "e1") is not None)
    assert [row["state"] for row in rows(world, "/taskruns/export", sort="id")] == ["SUCCESS", "RUNNING"]
    assert [row["id"] for row in rows(world, "/taskruns/export", state="RUNNING")] == ["e1-1"]


class GatedIndex(SqliteIndex):
    """Answers the second page of task runs only when the test lets it, and counts the pages."""

    def __init__(self) -> None:
        super().__init__(None)
        self.pages = 0
        self.gate = threading.Event()

    def search(self, query: Query) -> Page:
        if query.kind is Kind.TASKRUNS:
            self.pages += 1
            if query.after is not None:
                assert self.gate.wait(DEADLINE_S)
        return super().search(query)


@pytest.fixture
def large() -> Iterator[tuple[World, GatedIndex]]:
    index = GatedIndex()
    world = World(SqliteBroker(None), index)
    world.open()
    world.indexed(*(taskrun("e1", number, C, R, id=f"t{number:04}") for number in range(5_000)))
    yield world, index
    index.gate.set()
    world.close()


def test_five_thousand_rows_come_in_pieces_while_they_are_read(large):
    world, index = large
    with world.client.stream("GET", "/api/v1/taskruns/export", params={"columns": "id", "sort": "id"}) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        assert first.startswith(b"id\r\nt0000\r\n")
        assert index.pages <= 2
        index.gate.set()
        text = first + b"".join(pieces)
    assert text.split() == [b"id", *(f"t{number:04}".encode() for number in range(5_000))]
    assert index.pages == 5


def test_a_client_that_leaves_ends_the_reading(large):
    world, index = large
    state = world._server.server_state
    with world.client.stream("GET", "/api/v1/taskruns/export", params={"sort": "id"}) as answer:
        next(answer.iter_raw())
        world.eventually(lambda: index.pages == 2)
    world.eventually(lambda: not state.connections)
    index.gate.set()
    world.eventually(lambda: not state.tasks)
    assert index.pages == 2

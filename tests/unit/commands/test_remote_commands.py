"""The commands that ask a running server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sse_starlette.sse import AppStatus
from tests.unit.commands.test_command_line import called
from tests.unit.webserver.conftest import World, execution, log, opened, taskrun
from typer.testing import Result

from runfold.execution.claims import Kill
from runfold.execution.model import Label
from runfold.execution.state import State

RUN = (State.CREATED, State.RUNNING)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Three executions with a task run each; one failed."""
    AppStatus.should_exit = False  # a server that ended in this process left it set
    with opened() as world:
        for number, end in enumerate((State.SUCCESS, State.FAILED, State.SUCCESS)):
            ran = execution(f"ex{number}", *RUN, end, labels=(Label("team", "blue"),))
            run = taskrun(f"ex{number}", 0, *RUN, end, value="[bold]x", labels=ran.labels)
            line = log(f"ex{number}", f"line [{number}]", "ERROR" if end is State.FAILED else "INFO")
            world.executor_says(ran, run, line)
            world.indexed(ran, run)
        world.tail.step()
        yield world


def asked(world: World, *arguments: str) -> Result:
    return called(*arguments, "--server", str(world.client.base_url))


def test_a_search_is_a_table_for_people_and_json_for_programs(world: World) -> None:
    told = asked(world, "taskruns", "search", "state:FAILED", "--columns", "id,state,value")
    found = json.loads(asked(world, "taskruns", "search", "state:FAILED", "--json").stdout)

    assert "✘ FAILED" in told.stdout
    assert "[bold]x" in told.stdout
    assert "ex1-0" in told.stdout
    assert "ex0-0" not in told.stdout
    assert [each["id"] for each in found["results"]] == ["ex1-0"]


def test_all_pages_are_a_line_for_each_hit(world: World) -> None:
    first = json.loads(asked(world, "executions", "search", "--size", "1", "--json").stdout)
    lines = asked(world, "executions", "search", "--size", "1", "--all", "--json").stdout.splitlines()

    assert len(first["results"]) == 1
    assert sorted(json.loads(line)["id"] for line in lines) == ["ex0", "ex1", "ex2"]


def test_a_label_is_a_column_of_executions(world: World) -> None:
    assert "blue" in asked(world, "executions", "search", "--columns", "id,labels.team").stdout


def test_a_query_that_cannot_be_read_is_marked_where_reading_stopped(world: World) -> None:
    query = "state:FAILED nonsense:3"

    result = asked(world, "taskruns", "search", query)

    assert result.exit_code == 1
    *_, shown, mark = result.stderr.splitlines()
    assert shown.strip() == query
    assert shown[mark.index("^") :] == "nonsense:3"


def test_one_task_run_is_shown_with_its_log(world: World) -> None:
    found = asked(world, "taskruns", "show", "ex1-0")

    assert found.exit_code == 0, found.output
    assert "✘ FAILED" in found.stdout
    assert asked(world, "taskruns", "show", "nobody").exit_code == 1


def test_figures_are_reckoned_up_by_group(world: World) -> None:
    found = json.loads(asked(world, "taskruns", "stats", "--by", "flow", "--json").stdout)
    told = asked(world, "taskruns", "stats", "--by", "flow")

    assert (found["total"]["count"], found["total"]["failed"]) == (3, 1)
    assert "33.3%" in told.stdout
    (group,) = json.loads(
        asked(world, "taskruns", "stats", "--by", "label:team,state", "--size", "1", "--json").stdout
    )["groups"]
    assert (group["key"], group["count"]) == ({"label:team": "blue", "state": "SUCCESS"}, 2)


def test_an_export_goes_to_standard_output_or_into_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "found.ndjson"
    asked(world, "taskruns", "export", "state:FAILED", "--format", "ndjson", "--columns", "id", "-o", str(file))
    csv = asked(world, "taskruns", "export", "--columns", "id,state").stdout

    assert json.loads(file.read_text(encoding="utf-8")) == {"id": "ex1-0"}
    assert csv.splitlines()[0] == "id,state"
    assert len(csv.splitlines()) == 4
    refused = asked(world, "taskruns", "export", "nonsense:3", "-o", str(tmp_path / "none"))
    assert refused.exit_code == 1
    assert not (tmp_path / "none").exists()


def test_an_execution_is_shown_and_followed_to_its_end(world: World) -> None:
    shown = asked(world, "executions", "show", "ex1")
    failed = asked(world, "executions", "follow", "ex1")
    good = asked(world, "executions", "follow", "ex0")

    assert "✘ FAILED" in shown.stdout
    assert (failed.exit_code, good.exit_code) == (1, 0)
    assert "execution ex0" in good.stdout


def test_log_lines_are_told_as_they_are(world: World) -> None:
    told = asked(world, "logs", "ex1", "--level", "WARN").stdout
    lines = asked(world, "logs", "ex1", "--json").stdout.splitlines()

    assert "line [1]" in told
    assert [json.loads(line)["message"] for line in lines] == ["line [1]"]
    assert asked(world, "logs", "ex0", "--level", "WARN").stdout == ""


def test_wishes_become_claims(world: World) -> None:
    assert asked(world, "executions", "kill", "ex0").exit_code == 0
    refused = asked(world, "executions", "restart", "nobody")

    assert [(claim["type"], claim["executionId"]) for claim in world.claims()] == [(Kill.__name__, "ex0")]
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line() -> None:
    result = called("taskruns", "search", "--server", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert len(result.stderr.splitlines()) == 1

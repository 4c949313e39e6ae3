"""What someone does on the first day: the examples run, the server serves, ends when told, and survives a crash."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNFOLD = (sys.executable, "-m", "runfold")
RUN_S = 60.0
READY_S = 60.0
END_S = 30.0
QUIET_S = 7.0
"""Longer than servers usually keep connections, much shorter than those who use them do."""

Json = dict[str, Any]


def run(name: str, *arguments: str) -> tuple[int, Json]:
    line = [*RUNFOLD, "run", str(EXAMPLES / f"{name}.yaml"), "--json", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def state_of(entity: Json) -> str:
    return str(entity["state"]["current"])


def rows(execution: Json) -> list[tuple[str, str | None, str | None]]:
    """Return (task, value, parent's task) of each task run, in the order of creation."""
    listed = execution["taskRunList"]
    by_id = {taskrun["id"]: taskrun["taskId"] for taskrun in listed}
    return [(taskrun["taskId"], taskrun.get("value"), by_id.get(taskrun.get("parentTaskRunId"))) for taskrun in listed]


def messages(execution: Json, task_id: str) -> list[str]:
    return [entry["message"] for entry in execution["logs"] if entry.get("taskId") == task_id]


def test_taskrun_shows_itself() -> None:
    code, execution = run("taskrun")

    (taskrun,) = execution["taskRunList"]
    shown = json.loads(taskrun["outputs"]["value"])
    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert list(shown) == ["id", "startDate", "attemptsCount"]
    assert (shown["id"], shown["attemptsCount"]) == (taskrun["id"], 0)
    assert shown["startDate"] == taskrun["state"]["startDate"]


def test_loop_runs_its_task_once_for_each_value_and_each_sees_its_own() -> None:
    code, execution = run("loop")

    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert rows(execution) == [("foreach", None, None), ("log", "1", "foreach"), ("log", "2", "foreach")]
    parent = execution["taskRunList"][0]["id"]
    said = messages(execution, "log")
    for number, taskrun in enumerate(execution["taskRunList"][1:]):
        itself, value, own_id, start, attempts, parent_id, iteration = said[7 * number : 7 * number + 7]
        assert json.loads(itself)["id"] == own_id == taskrun["id"]
        assert (value, attempts, parent_id) == (taskrun["value"], "0", parent)
        assert start == taskrun["state"]["startDate"]
        assert iteration == str(number)


def test_loop_parent_reaches_the_value_of_the_task_run_around() -> None:
    code, execution = run("loop_parent")

    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert [(task, parent) for task, _, parent in rows(execution)] == [
        ("foreach", None),
        *(("log", "foreach"), ("if", "foreach"), ("log_parent", "if")) * 2,
    ]
    assert messages(execution, "log") == ["1", "2"]
    assert messages(execution, "log_parent") == ["1", "2"]


def test_each_switch_runs_the_chosen_cases_and_sees_all_values_around() -> None:
    code, execution = run("each_switch")

    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert rows(execution) == [
        ("simple", None, None),
        ("hierarchy_1", None, None),
        ("hierarchy_2", "caseA", "hierarchy_1"),
        ("hierarchy_2_a", None, "hierarchy_2"),
        ("hierarchy_2", "caseB", "hierarchy_1"),
        ("hierarchy_2_b_first", None, "hierarchy_2"),
        ("hierarchy_2_b_second", None, "hierarchy_2"),
        ("switch", "case1", "hierarchy_2_b_second"),
        ("switch_1", None, "switch"),
        ("switch", "case2", "hierarchy_2_b_second"),
        ("switch_2", None, "switch"),
        ("simple_again", None, None),
    ]
    assert {state_of(taskrun) for taskrun in execution["taskRunList"]} == {"SUCCESS"}
    assert messages(execution, "switch_1") == ["case1", "caseB"]
    assert messages(execution, "switch_2") == ["case2", "caseB"]
    assert messages(execution, "simple_again")[0] == "simple_again"


def test_retry_ends_well_with_its_third_attempt() -> None:
    code, execution = run("retry")

    unsteady = execution["taskRunList"][0]
    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert [state_of(attempt) for attempt in unsteady["attempts"]] == ["FAILED", "FAILED", "SUCCESS"]


def test_parallel_takes_its_input_and_gives_its_output() -> None:
    code, execution = run("parallel", "-i", "nap=PT0.2S")

    assert (code, state_of(execution)) == (0, "SUCCESS")
    assert execution["outputs"] == {"said": "three naps of PT0.2S"}


def test_errors_answers_a_failure_and_goes_on_with_a_warning() -> None:
    code, execution = run("errors")

    states = {taskrun["taskId"]: state_of(taskrun) for taskrun in execution["taskRunList"]}
    assert (code, state_of(execution)) == (0, "WARNING")
    assert states == {"careful": "WARNING", "breaks": "FAILED", "mended": "SUCCESS", "goes_on": "SUCCESS"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def standalone(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Yield a server that answers; what is left of it at the end is killed."""
    port = free_port()
    line = [*RUNFOLD, "standalone", "--port", str(port), "--data", str(data), *arguments]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            _await_health(client, process)
            yield process, client
    finally:
        process.kill()
        process.communicate()


def _await_health(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            if client.get("/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("The server does not answer")


def _await_end(client: httpx.Client, execution_id: str) -> Json:
    deadline = time.monotonic() + RUN_S
    while time.monotonic() < deadline:
        answer = client.get(f"/api/v1/executions/{execution_id}")
        if answer.is_success and state_of(answer.json()) in {"SUCCESS", "WARNING", "FAILED", "KILLED"}:
            return dict(answer.json())
        time.sleep(0.05)
    raise AssertionError(f"{execution_id} does not end: {answer.text}")


@pytest.mark.parametrize(("flow", "code"), [("each_switch", 0), ("errors", 1)])
def test_a_standalone_that_runs_once_ends_with_the_runs_own_success(tmp_path: Path, flow: str, code: int) -> None:
    line = [*RUNFOLD, "standalone", "--port", "0", "--data", str(tmp_path), "--flows", str(EXAMPLES)]

    done = subprocess.run(
        [*line, "--run", f"company.team.{flow}", "--once"], capture_output=True, text=True, timeout=RUN_S, check=False
    )

    assert done.returncode == code, done.stderr
    assert "execution" in done.stderr
    assert "http://" not in done.stderr, "the address of a server that is no more"


def test_a_connection_that_was_quiet_for_a_while_is_answered_and_does_not_hold_the_end_up(tmp_path: Path) -> None:
    with standalone(tmp_path) as (process, client):
        kept = http.client.HTTPConnection("127.0.0.1", client.base_url.port, timeout=10)
        for quiet_s in (0, QUIET_S):
            time.sleep(quiet_s)
            kept.request("GET", "/api/v1/taskruns/count")
            answer = kept.getresponse()
            assert (answer.status, json.loads(answer.read())["total"]) == (200, 0)

        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0
        kept.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_standalone_that_is_told_to_end_does_so_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with standalone(tmp_path, "--flows", str(EXAMPLES)) as (process, client):
        assert client.get("/api/v1/flows/company.team/each_switch").is_success

        process.send_signal(number)

        _, said = process.communicate(timeout=END_S)
        assert process.returncode == 0, said
        assert "Traceback" not in said


def test_an_execution_outlives_a_kill_of_the_whole_process(tmp_path: Path) -> None:
    with standalone(tmp_path, "--flows", str(EXAMPLES)) as (process, client):
        answer = client.post("/api/v1/executions/company.team/parallel", files={"nap": (None, "PT3S")})
        assert answer.is_success, answer.text
        execution_id = answer.json()["id"]
        _await_running(client, execution_id, "first")
        process.kill()
        process.wait(END_S)

    with standalone(tmp_path) as (_, client):
        execution = _await_end(client, execution_id)

    assert state_of(execution) == "SUCCESS"
    assert [(task, parent) for task, _, parent in rows(execution)] == [
        ("together", None),
        ("first", "together"),
        ("second", "together"),
        ("third", "together"),
        ("awake", None),
    ]


def _await_running(client: httpx.Client, execution_id: str, task_id: str) -> None:
    deadline = time.monotonic() + RUN_S
    while time.monotonic() < deadline:
        execution = client.get(f"/api/v1/executions/{execution_id}").json()
        for taskrun in execution.get("taskRunList", ()):
            if taskrun["taskId"] == task_id and state_of(taskrun) == "RUNNING":
                return
        time.sleep(0.02)
    raise AssertionError(f"{task_id} does not start")


def test_two_processes_never_work_on_the_same_data(tmp_path: Path) -> None:
    with standalone(tmp_path):
        line = [*RUNFOLD, "standalone", "--port", "0", "--data", str(tmp_path)]

        second = subprocess.run(line, capture_output=True, text=True, timeout=RUN_S, check=False)

    assert second.returncode == 1
    assert "Another runfold works on" in second.stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = [*RUNFOLD, "standalone", "--port", port, "--data", str(tmp_path)]

        done = subprocess.run(line, capture_output=True, text=True, timeout=RUN_S, check=False)

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr

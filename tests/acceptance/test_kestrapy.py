"""Kestra's own Python client, unmodified, against one of our processes: what people have written for Kestra runs on."""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.server import standalone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its models shadow names of pydantic's
    from kestrapy import KestraClient, QueryFilterField
    from kestrapy.exceptions import NotFoundException, UnprocessableEntityException
    from kestrapy.query import and_, eq, in_, or_, where

TENANT = "main"
NAMESPACE = "company.sdk"
DEADLINE_S = 60.0
F = QueryFilterField

HELLO = """
id: hello
namespace: company.sdk
inputs:
  - {id: who, type: STRING}
  - {id: times, type: INT, defaults: 2}
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: "Hello {{ inputs.who }} {{ inputs.times }}"}
  - {id: ret, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.who }}"}
"""

PAUSING = """
id: pausing
namespace: company.sdk
tasks:
  - {id: p, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: ok, type: BOOLEAN}]}
  - {id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT60S}
"""

FAILING = """
id: failing
namespace: company.sdk
tasks:
  - {id: f, type: io.kestra.plugin.core.execution.Fail}
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KestraClient]:
    folder: Path = tmp_path_factory.mktemp("kestrapy")
    with standalone(folder) as server:
        client = KestraClient(host=server.url, timeout=DEADLINE_S)
        for source in (HELLO, PAUSING, FAILING):
            client.flows.create_flow(TENANT, source)
        yield client


def state_of(client: KestraClient, execution_id: str) -> str:
    state = client.executions.execution(execution_id, TENANT).state.current
    return str(getattr(state, "value", state))


def wait_for(client: KestraClient, execution_id: str, state: str) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while (found := state_of(client, execution_id)) != state:
        assert time.monotonic() < deadline_s, f"it stays {found}"
        time.sleep(0.05)


def attempts_of(client: KestraClient, execution_id: str, count: int) -> list[str]:
    """Return how the attempts of the only task run ended, once there are so many and it has ended."""
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        (run,) = client.executions.execution(execution_id, TENANT).task_run_list
        states = [attempt.state.current.value for attempt in run.attempts]
        if len(states) == count and run.state.current.value == states[-1] == "FAILED":
            return states
        assert time.monotonic() < deadline_s, states
        time.sleep(0.05)


@pytest.fixture(scope="module")
def said(client: KestraClient):
    """One run of `hello`, searchable."""
    inputs = {"who": "you", "times": 3}
    run = client.executions.create_execution(TENANT, NAMESPACE, "hello", wait=True, inputs=inputs, labels=["team:blue"])
    deadline_s = time.monotonic() + DEADLINE_S
    while client.executions.search_executions(TENANT, filters=where(eq(F.FLOW_ID, "hello")))["total"] == 0:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    return run


def test_it_validates_creates_reads_and_changes_flows(client: KestraClient) -> None:
    (good,) = client.flows.validate_flows(TENANT, HELLO)
    (bad,) = client.flows.validate_flows(TENANT, HELLO.replace("message:", "massage:"))
    assert (good.constraints, good.flow) == (None, "hello")
    assert "massage" in bad.constraints
    with pytest.raises(UnprocessableEntityException):
        client.flows.create_flow(TENANT, "id: broken")

    flow = client.flows.create_flow(TENANT, HELLO.replace("id: hello", "id: other"))
    changed = client.flows.update_flow(NAMESPACE, "other", TENANT, flow.source.replace("Hello", "Bye"))
    assert (flow.revision, changed.revision) == (1, 2)
    found = client.flows.search_flows(TENANT, filters=where(eq(F.NAMESPACE, NAMESPACE))).results
    assert {"hello", "other"} <= {each.id for each in found}
    client.flows.delete_flow(NAMESPACE, "other", TENANT)
    with pytest.raises(NotFoundException):
        client.flows.flow(NAMESPACE, "other", TENANT)


def test_it_runs_a_flow_with_inputs_and_reads_what_came_of_it(client: KestraClient, said) -> None:
    assert said.state.current.value == "SUCCESS"
    assert said.inputs == {"who": "you", "times": 3}
    assert [run.task_id for run in said.task_run_list] == ["say", "ret"]
    lines = client.logs.list_logs_from_execution(said.id, TENANT)
    assert "Hello you 3" in [line.message for line in lines]
    assert client.executions.flow_from_execution_by_id(said.id, TENANT).id == "hello"
    assert {node.uid for node in client.executions.execution_flow_graph(said.id, TENANT).nodes} >= {"say", "ret"}
    assert [event.id for event in client.executions.follow_execution(said.id, TENANT)] == [said.id]


def test_it_finds_executions_logs_and_metrics_by_filters(client: KestraClient, said) -> None:
    def found(wanted) -> list[str]:
        answer = client.executions.search_executions(TENANT, size=50, filters=where(wanted))
        return [execution["id"] for execution in answer["results"]]

    team = eq(F.LABELS, {"team": "blue"})
    assert found(and_(eq(F.NAMESPACE, NAMESPACE), in_(F.STATE, ["SUCCESS", "WARNING"]), team)) == [said.id]
    assert found(and_(or_(eq(F.FLOW_ID, "hello"), eq(F.FLOW_ID, "none")), team)) == [said.id]
    assert found(and_(eq(F.STATE, "FAILED"), team)) == []
    page = client.logs.search_logs(TENANT, filters=where(eq(F.EXECUTION_ID, said.id)))
    assert page.results[0].execution_id == said.id
    metrics = client.metrics.execution_metrics(said.id, TENANT)["results"]
    assert {metric["name"] for metric in metrics} == {"length", "duration"}
    assert client.metrics.flow_metric_names(NAMESPACE, "hello", TENANT) == ["duration", "length"]


def test_it_pauses_resumes_with_inputs_and_kills(client: KestraClient) -> None:
    run = client.executions.create_execution(TENANT, NAMESPACE, "pausing")
    wait_for(client, run.id, "PAUSED")

    resumed = client.executions.resume_execution(run.id, TENANT, inputs={"ok": True})
    assert resumed.id == run.id
    wait_for(client, run.id, "RUNNING")
    client.executions.pause_execution(run.id, TENANT)
    wait_for(client, run.id, "PAUSED")
    client.executions.resume_execution(run.id, TENANT)
    wait_for(client, run.id, "RUNNING")
    client.executions.kill_execution(run.id, TENANT)
    wait_for(client, run.id, "KILLED")


def test_it_restarts_replays_labels_and_deletes(client: KestraClient) -> None:
    run = client.executions.create_execution(TENANT, NAMESPACE, "failing", wait=True)
    assert run.state.current.value == "FAILED"

    client.executions.restart_execution(run.id, TENANT)
    assert attempts_of(client, run.id, 2) == ["FAILED", "FAILED"]
    replayed = client.executions.replay_execution(run.id, TENANT)
    assert replayed.parent_id == run.id
    wait_for(client, replayed.id, "FAILED")
    client.executions.delete_execution(replayed.id, TENANT)
    with pytest.raises(NotFoundException):
        client.executions.execution(replayed.id, TENANT)

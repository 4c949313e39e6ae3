"""What can be started, the flow of an execution, and the actions under Kestra 2's paths."""

from tests.unit.webserver.conftest import FLOW, World, execution

from runfold.execution.state import State

C, R, F, S, P = State.CREATED, State.RUNNING, State.FAILED, State.SUCCESS, State.PAUSED
NESTED = (
    "id: nested\nnamespace: company.team\ntasks:\n  - id: outer\n    type: io.kestra.plugin.core.flow.Sequential\n"
    "    tasks:\n      - {id: inner, type: io.kestra.plugin.core.debug.Return, format: secret}\n"
)


def test_flows_that_can_be_started_are_listed_without_what_is_private(still_world: World) -> None:
    for source in (FLOW, NESTED, NESTED.replace("id: nested", "id: off\ndisabled: true")):
        assert still_world.client.post("/api/v1/flows", content=source).status_code == 200

    assert still_world.get("/executions/namespaces").json() == ["company.team"]
    listed = still_world.get("/executions/namespaces/company.team/flows").json()
    assert [flow["id"] for flow in listed] == ["hello", "nested"]
    assert listed[0]["inputs"][0] == {"id": "who", "type": "STRING"}
    assert listed[1]["tasks"][0]["tasks"] == [{"id": "inner", "type": "io.kestra.plugin.core.debug.Return"}]
    one = still_world.get("/executions/flows/company.team/hello").json()
    assert (one["revision"], one["labels"]) == (1, [{"key": "team", "value": "blue"}])
    assert still_world.get("/executions/flows/company.team/none").status_code == 404


def test_the_flow_of_an_execution_is_that_of_its_revision(still_world: World) -> None:
    still_world.client.post("/api/v1/flows", content=FLOW)
    still_world.client.put("/api/v1/flows/company.team/hello", content=FLOW.replace("blue", "red"))
    still_world.indexed(execution("e1", C, S))

    assert still_world.get("/executions/e1/flow").json()["labels"][0]["value"] == "blue"
    assert still_world.get("/executions/none/flow").status_code == 404


def test_the_newest_execution_of_each_flow_and_how_long_they_take(still_world: World) -> None:
    still_world.indexed(execution("e1", C, R, S), execution("e2", C, F, flow_id="bye"))

    names = [{"namespace": "company.team", "id": flow_id} for flow_id in ("hello", "bye", "none")]
    latest = still_world.client.post("/api/v1/executions/latest", json=names).json()
    assert [(found["id"], found["status"]) for found in latest] == [("e1", "SUCCESS"), ("e2", "FAILED")]
    answer = still_world.get("/executions/namespaces/company.team/flows/hello/average-duration").json()
    assert answer == {"count": 1, "averageDuration": 2000}


def test_actions_under_the_newer_paths_answer_with_the_execution(still_world: World) -> None:
    still_world.client.post("/api/v1/flows", content=FLOW)
    started = still_world.client.post("/api/v1/executions/company.team/hello", files={"who": (None, "you")}).json()
    path = f"/api/v1/main/executions/{started['id']}/actions"

    killed = still_world.client.delete(f"{path}/kill")
    assert (killed.status_code, killed.json()["id"]) == (200, started["id"])
    assert [claim["type"] for claim in still_world.claims()] == ["Start", "Kill"]
    assert still_world.client.delete("/api/v1/executions/none/actions/kill").status_code == 404
    assert still_world.client.post(f"{path}/resume").status_code in (404, 409)

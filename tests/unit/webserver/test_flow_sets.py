"""Many flows at once, and what is in them."""

import io
import zipfile

import pytest
from tests.unit.webserver.conftest import World

RETURN = "io.kestra.plugin.core.debug.Return"


def source(flow_id: str, namespace: str = "many.team", more: str = "") -> str:
    return f"id: {flow_id}\nnamespace: {namespace}\ntasks:\n  - {{id: t, type: {RETURN}, format: hi}}\n{more}"


@pytest.fixture
def many(still_world: World) -> World:
    text = "\n---\n".join([source("one"), source("two"), source("far", "other")])
    assert still_world.client.post("/api/v1/flows/bulk", content=text).status_code == 200
    return still_world


def ids(world: World, namespace: str = "many.team") -> list[str]:
    return [flow["id"] for flow in world.get(f"/flows/{namespace}").json()]


def test_all_flows_of_a_text_are_stored_and_others_stay(many: World) -> None:
    answer = many.client.post("/api/v1/flows/many.team", content=source("three"))

    assert [flow["revision"] for flow in answer.json()] == [1]
    assert ids(many) == ["one", "three", "two"]


def test_who_asks_for_it_has_the_others_of_the_namespace_deleted(many: World) -> None:
    answer = many.client.post("/api/v1/flows/many.team", params={"delete": "true"}, content=source("one"))

    assert {flow["id"]: flow["deleted"] for flow in answer.json()} == {"one": False, "two": True}
    assert (ids(many), ids(many, "other")) == (["one"], ["far"])


def test_one_wrong_flow_keeps_all_of_them_out(many: World) -> None:
    for wrong in ("id: x\nnamespace: many.team\n", source("new") + "---\n" + source("new"), source("new", "elsewhere")):
        text = source("good") + "---\n" + wrong
        assert many.client.post("/api/v1/flows/many.team", content=text).status_code == 422

    assert ids(many) == ["one", "two"]


def test_flows_go_out_in_an_archive_and_come_in_again(many: World) -> None:
    packed = many.get("/flows/export/by-query", namespace="many").content
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        assert bundle.namelist() == ["many.team.one.yml", "many.team.two.yml"]
        assert bundle.read("many.team.one.yml").decode() == source("one").strip()

    many.client.request("DELETE", "/api/v1/flows/delete/by-query", params={"namespace": "many"})
    assert ids(many) == []
    answer = many.client.post("/api/v1/flows/import", files={"fileUpload": ("flows.zip", packed)})
    assert (answer.status_code, answer.json(), ids(many)) == (200, [], ["one", "two"])


def test_an_import_says_which_of_its_flows_are_wrong_and_stores_the_rest(many: World) -> None:
    text = source("three") + "---\nid: broken\n---\n" + source("four")
    answer = many.client.post("/api/v1/flows/import", files={"fileUpload": ("flows.yaml", text.encode())})

    assert answer.json() == ["1"]
    assert ids(many) == ["four", "one", "three", "two"]
    refused = many.client.post("/api/v1/flows/import", files={"fileUpload": ("flows.exe", b"")})
    assert refused.status_code == 422


def test_flows_are_disabled_and_enabled_by_their_text_and_counted_when_changed(many: World) -> None:
    refs = [{"namespace": "many.team", "id": "one"}, {"namespace": "many.team", "id": "two"}]

    def switch(verb: str) -> int:
        return many.client.post(f"/api/v1/flows/{verb}/by-ids", json=refs).json()["count"]

    assert (switch("disable"), switch("disable")) == (2, 0)
    flow = many.get("/flows/many.team/one", source="true").json()
    assert (flow["disabled"], flow["revision"]) == (True, 2)
    assert flow["source"] == source("one") + "disabled: true\n"
    assert (switch("enable"), switch("enable")) == (2, 0)
    assert many.get("/flows/many.team/one", source="true").json()["source"].strip() == source("one").strip()


def test_an_unknown_flow_or_verb_changes_nothing(many: World) -> None:
    refs = [{"namespace": "many.team", "id": "one"}, {"namespace": "many.team", "id": "none"}]

    assert many.client.request("DELETE", "/api/v1/flows/delete/by-ids", json=refs).status_code == 404
    assert many.client.post("/api/v1/flows/bless/by-ids", json=refs).status_code == 404
    assert ids(many) == ["one", "two"]


def test_flows_are_found_by_their_text(many: World) -> None:
    found = many.get("/flows/source", q="FORMAT: hi", namespace="many").json()

    assert found["total"] == 2
    assert found["results"][0]["model"]["id"] == "one"
    assert found["results"][0]["fragments"] == [f"- {{id: t, type: {RETURN}, format: hi}}"]


def test_one_task_of_a_flow_can_be_read(many: World) -> None:
    answer = many.get("/flows/many.team/one/tasks/t")

    assert answer.json() == {"id": "t", "type": RETURN, "format": "hi"}
    assert many.get("/flows/many.team/one/tasks/none").status_code == 404


def test_flows_that_start_each_other_depend_on_each_other(many: World) -> None:
    subflow = "io.kestra.plugin.core.flow.Subflow"
    calls = f"  - {{id: call, type: {subflow}, namespace: many.team, flowId: one}}\n"
    waits = (
        "triggers:\n  - id: after\n    type: io.kestra.plugin.core.trigger.Flow\n    conditions:\n"
        "      - {type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: many.team, flowId: two}\n"
    )
    many.client.post("/api/v1/flows", content=source("caller", more=calls))
    many.client.post("/api/v1/flows", content=source("waiter", more=waits))

    answer = many.get("/flows/many.team/caller/dependencies").json()
    assert answer["edges"] == [
        {"source": "many.team.caller", "target": "many.team.one", "relation": "FLOW_TASK"},
    ]
    assert many.get("/flows/many.team/waiter/dependencies").json()["edges"] == [
        {"source": "many.team.two", "target": "many.team.waiter", "relation": "FLOW_TRIGGER"},
    ]
    assert many.get("/flows/many.team/waiter/dependencies", destinationOnly="true").json()["edges"] == []


def test_a_task_that_is_being_written_is_checked_alone(many: World) -> None:
    def check(text: str, **parameters: str) -> dict:
        return many.client.post("/api/v1/flows/validate/task", params=parameters, content=text).json()

    assert check(f"id: t\ntype: {RETURN}\n") == {"index": 0}
    assert "Unrecognized field" in check(f"id: t\ntype: {RETURN}\nformatt: x\n")["constraints"]
    assert "Invalid type" in check("id: t\ntype: no.such.Task\n")["constraints"]
    schedule = "id: t\ntype: io.kestra.plugin.core.trigger.Schedule\ncron: '* *'\n"
    assert "constraints" in check(schedule, section="TRIGGERS")
    assert check(schedule.replace("* *", "* * * * *"), section="TRIGGERS") == {"index": 0}
    assert "constraints" in check("just words")

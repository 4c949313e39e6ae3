"""Flows over HTTP."""

import pytest
from tests.unit.webserver.conftest import FLOW, World

PATH = "/api/v1/flows"
HELLO = f"{PATH}/company.team/hello"


def create(world: World, source: str = FLOW):
    return world.client.post(PATH, content=source.encode(), headers={"Content-Type": "application/x-yaml"})


def test_a_created_flow_is_answered_and_read_back_with_revision_and_source(still_world):
    answer = create(still_world)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["revision"], body["source"]) == ("hello", 1, FLOW)
    assert body["tasks"][0]["message"] == "Hello {{ inputs.who }}"
    read = still_world.client.get(HELLO, params={"source": "true"}).json()
    assert read == body
    assert "source" not in still_world.client.get(HELLO).json()


def test_a_flow_can_be_created_whatever_the_content_type_says(still_world):
    answer = still_world.client.post(PATH, content=FLOW, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_a_flow_that_exists_cannot_be_created_again(still_world):
    create(still_world)
    answer = create(still_world)
    assert answer.status_code == 422
    assert "Flow id already exists" in answer.json()["message"]


def test_an_invalid_flow_is_refused_with_all_that_is_wrong_and_not_stored(still_world):
    answer = create(still_world, FLOW.replace("message:", "massage:") + "unknown: 1\n")
    assert answer.status_code == 422
    texts = [error["message"] for error in answer.json()["_embedded"]["errors"]]
    assert any('Unrecognized field "massage"' in text for text in texts)
    assert any('Unrecognized field "unknown"' in text for text in texts)
    assert still_world.client.get(HELLO).status_code == 404
    assert create(still_world, "just text").status_code == 422
    assert create(still_world, "a: [").json()["message"].startswith("Invalid entity: Illegal flow yaml")


def test_an_update_makes_a_revision_and_the_same_source_makes_none(still_world):
    create(still_world)
    put = still_world.client.put
    assert put(HELLO, content=FLOW).json()["revision"] == 1
    changed = FLOW.replace("Hello", "Bye")
    assert put(HELLO, content=changed).json()["revision"] == 2
    assert still_world.client.get(HELLO, params={"revision": 1, "source": "true"}).json()["source"] == FLOW
    assert [entry["revision"] for entry in still_world.client.get(f"{HELLO}/revisions").json()] == [1, 2]
    assert put(f"{PATH}/company.team/nope", content=FLOW).status_code == 404


def test_an_update_can_change_neither_id_nor_namespace(still_world):
    create(still_world)
    answer = still_world.client.put(HELLO, content=FLOW.replace("id: hello", "id: bye").replace("company.team", "x"))
    assert answer.status_code == 422
    assert "Illegal flow id update" in answer.json()["message"]
    assert "Illegal namespace update" in answer.json()["message"]


def test_a_deleted_flow_is_gone_and_its_next_life_goes_on_counting(still_world):
    create(still_world)
    assert still_world.client.delete(HELLO).status_code == 204
    assert still_world.client.get(HELLO).status_code == 404
    assert still_world.client.delete(HELLO).status_code == 404
    gone = still_world.client.get(HELLO, params={"allowDeleted": "true"}).json()
    assert (gone["deleted"], gone["revision"]) == (True, 2)
    assert still_world.client.get(f"{PATH}/company.team").json() == []
    assert create(still_world).json()["revision"] == 3


def test_the_search_finds_by_words_namespace_and_labels_in_the_order_asked_for(still_world):
    for name, namespace in (("alpha", "company.team"), ("beta", "company.team.sub"), ("gamma", "company.teams")):
        create(still_world, FLOW.replace("id: hello", f"id: {name}").replace("company.team", namespace))

    def found(**parameters):
        body = still_world.client.get(f"{PATH}/search", params=parameters).json()
        assert body["total"] >= len(body["results"])
        return [flow["id"] for flow in body["results"]]

    assert found() == ["alpha", "beta", "gamma"]
    assert found(sort="id:desc", size=2) == ["gamma", "beta"]
    assert found(size=2, page=2) == ["gamma"]
    assert found(namespace="company.team") == ["alpha", "beta"]
    assert found(q="bet") == ["beta"]
    assert found(labels="team:blue") == ["alpha", "beta", "gamma"]
    assert found(labels="team:red") == []
    assert still_world.client.get(f"{PATH}/search", params={"sort": "x"}).status_code == 422
    assert still_world.client.get(f"{PATH}/distinct-namespaces").json() == [
        "company.team",
        "company.team.sub",
        "company.teams",
    ]


def test_validation_reports_on_each_document_and_stores_nothing(shared_world):
    source = "\n---\n".join([FLOW, FLOW.replace("type: io.kestra.plugin.core.log.Log", "type: io.kestra.Nope")])
    answer = shared_world.client.post(f"{PATH}/validate", content=source)
    assert answer.status_code == 200
    good, bad = answer.json()
    assert (good["index"], good["flow"], "constraints" in good, good["outdated"]) == (0, "hello", False, False)
    assert (bad["index"], bad["namespace"]) == (1, "company.team")
    assert "Invalid type: io.kestra.Nope" in bad["constraints"]
    assert bad["violations"][0]["line"] > 1
    assert shared_world.client.get(HELLO).status_code == 404


def test_a_sent_revision_that_is_not_the_next_one_is_outdated(still_world):
    create(still_world)
    validate = [
        still_world.client.post(f"{PATH}/validate", content=f"{FLOW}revision: {revision}\n").json()[0]["outdated"]
        for revision in (1, 2, 3)
    ]
    assert validate == [True, False, True]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"- 1", b"x" * 3_000_000])
def test_a_body_that_is_no_flow_is_the_callers_error(shared_world, body):
    answer = shared_world.client.post(PATH, content=body)
    assert answer.status_code == 422
    assert answer.json()["message"]

"""Templates over HTTP."""

import io
import zipfile

import pytest
from tests.unit.webserver.conftest import World

PATH = "/api/v1/templates"
LOG = "io.kestra.plugin.core.log.Log"


def source(template_id: str = "greet", message: str = "Hi", namespace: str = "company.team") -> str:
    return f"id: {template_id}\nnamespace: {namespace}\ntasks:\n  - {{id: say, type: {LOG}, message: {message}}}\n"


def create(world: World, **what: str):
    return world.client.post(PATH, content=source(**what))


def test_a_created_template_is_read_back_as_its_author_wrote_it(still_world):
    answer = create(still_world)
    assert answer.status_code == 200
    expected = {
        "id": "greet",
        "namespace": "company.team",
        "tasks": [{"id": "say", "type": LOG, "message": "Hi"}],
        "deleted": False,
    }
    assert answer.json() == still_world.get("/templates/company.team/greet").json() == expected
    assert still_world.get("/configs").json()["isTemplateEnabled"] is True


def test_a_template_may_be_sent_as_json(still_world):
    body = {"id": "j", "namespace": "company.team", "tasks": [{"id": "say", "type": LOG, "message": "Hi"}]}
    assert still_world.client.post(PATH, json=body).json() == {**body, "deleted": False}


def test_a_template_that_exists_cannot_be_created_again(still_world):
    create(still_world)
    answer = create(still_world)
    assert answer.status_code == 422
    assert "Template id already exists" in answer.json()["message"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("id: t\nnamespace: n\n", "tasks: must not be empty"),
        ("id: t\nnamespace: n\ntasks: [{id: a, type: x.y.Z}]\n", "Invalid type: x.y.Z"),
        ("- a list\n", "a template must be a map"),
        (source() + "triggers: []\n", 'Unrecognized field "triggers"'),
        (source() + f"errors: [{{id: say, type: {LOG}, message: m}}]\n", "Duplicate task id with name [say]"),
    ],
)
def test_an_invalid_template_is_refused_and_not_stored(still_world, wrong, message):
    answer = still_world.client.post(PATH, content=wrong)
    assert answer.status_code == 422
    assert message in answer.json()["message"]
    assert still_world.get("/templates/search").json() == {"results": [], "total": 0}
    report = still_world.client.post(f"{PATH}/validate", content=wrong).json()[0]
    assert message in report["constraints"]


def test_an_update_counts_from_then_on_and_can_change_neither_id_nor_namespace(still_world):
    create(still_world)
    path = f"{PATH}/company.team/greet"
    assert still_world.client.put(path, content=source(message="Bye")).json()["tasks"][0]["message"] == "Bye"
    assert still_world.client.get(path).json()["tasks"][0]["message"] == "Bye"
    answer = still_world.client.put(path, content=source("other", namespace="company"))
    assert answer.status_code == 422
    assert "Illegal template id update" in answer.json()["message"]
    assert "Illegal namespace update" in answer.json()["message"]
    assert still_world.client.put(f"{PATH}/company.team/none", content=source("none")).status_code == 404


def test_a_deleted_template_is_gone_and_can_be_created_again(still_world):
    create(still_world)
    path = f"{PATH}/company.team/greet"
    assert still_world.client.delete(path).status_code == 204
    assert still_world.client.get(path).status_code == 404
    assert still_world.client.delete(path).status_code == 404
    assert create(still_world, message="again").status_code == 200


def test_a_search_finds_by_words_and_by_namespace_with_those_below(still_world):
    for template_id, namespace in (("a", "company"), ("b", "company.team"), ("c", "companyx"), ("greet", "other")):
        create(still_world, template_id=template_id, namespace=namespace)
    found = still_world.get("/templates/search", namespace="company", sort="id:desc").json()
    assert ([each["id"] for each in found["results"]], found["total"]) == (["b", "a"], 2)
    assert [each["id"] for each in still_world.get("/templates/search", q="gre").json()["results"]] == ["greet"]
    assert still_world.get("/templates/search", size=1, page=2, sort="id").json()["results"][0]["id"] == "b"
    assert still_world.get("/templates/distinct-namespaces", q="company").json() == [
        "company",
        "company.team",
        "companyx",
    ]
    assert still_world.get("/templates/search", sort="tasks:asc").status_code == 422


def test_what_was_exported_can_be_imported_elsewhere(still_world):
    create(still_world, template_id="a")
    create(still_world, template_id="b")
    names = [{"namespace": "company.team", "id": name} for name in ("a", "b")]
    exported = still_world.client.post(f"{PATH}/export/by-ids", json=names).content
    assert exported == still_world.client.get(f"{PATH}/export/by-query", params={"namespace": "company"}).content
    with zipfile.ZipFile(io.BytesIO(exported)) as packed:
        assert packed.namelist() == ["company.team.a.yml", "company.team.b.yml"]
        assert packed.read("company.team.a.yml").decode() == source("a")
    assert still_world.client.request("DELETE", f"{PATH}/delete/by-ids", json=names).json() == {"count": 2}
    assert still_world.get("/templates/search").json()["total"] == 0
    answer = still_world.client.post(f"{PATH}/import", files={"fileUpload": ("templates.zip", exported)})
    assert answer.json() == []
    assert still_world.get("/templates/search").json()["total"] == 2
    assert still_world.client.delete(f"{PATH}/delete/by-query", params={"q": "b"}).json() == {"count": 1}


def test_an_import_stores_what_is_right_and_tells_what_is_not(still_world):
    documents = f"{source('a')}---\nid: wrong\n---\n{source('b')}"
    answer = still_world.client.post(f"{PATH}/import", files={"fileUpload": ("all.yaml", documents)})
    assert answer.json() == ["1"]
    assert [each["id"] for each in still_world.get("/templates/search").json()["results"]] == ["a", "b"]
    for name, content in (("all.txt", documents), ("all.zip", "no archive")):
        refused = still_world.client.post(f"{PATH}/import", files={"fileUpload": (name, content)})
        assert refused.status_code == 422


def test_no_template_is_deleted_when_one_of_those_named_is_not_there(still_world):
    create(still_world)
    names = [{"namespace": "company.team", "id": name} for name in ("greet", "none")]
    assert still_world.client.request("DELETE", f"{PATH}/delete/by-ids", json=names).status_code == 404
    assert still_world.get("/templates/company.team/greet").status_code == 200

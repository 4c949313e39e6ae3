"""What all routes share: errors in one shape, the pages about the server, trying templates."""

import pytest
from tests.unit.webserver.conftest import World

RENDER = "/api/v1/expressions/render"


def render(world: World, template, **body):
    return world.client.post(RENDER, json={"template": template, **body})


def test_a_template_is_rendered_with_typed_variables(shared_world):
    variables = {"at": {"$type": "duration", "value": "PT5S"}, "who": "Ada", "list": [1, 2]}
    assert render(shared_world, "Hello {{ who }}", variables=variables).json() == {"result": "Hello Ada"}
    assert render(shared_world, "{{ at }}", variables=variables).json()["result"] == "PT5S"
    nested = {"a {{ who }}": ["{{ list }}", 1]}
    assert render(shared_world, nested, variables=variables).json() == {"result": {"a Ada": ["[1,2]", 1]}}


def test_a_template_that_fails_says_why(shared_world):
    answer = render(shared_world, "{{ nobody }}")
    assert answer.status_code == 422
    assert "Unable to find `nobody` used in the expression `{{ nobody }}` at line 1" in answer.json()["message"]


def test_recursive_rendering_is_for_the_one_request(shared_world):
    variables = {"a": "{{ b }}", "b": "end"}
    assert render(shared_world, "{{ a }}", variables=variables).json()["result"] == "{{ b }}"
    assert render(shared_world, "{{ a }}", variables=variables, recursiveRendering=True).json()["result"] == "end"
    assert render(shared_world, "{{ a }}", variables=variables).json()["result"] == "{{ b }}"


def test_functions_find_only_the_files_that_the_request_brings_and_owns(shared_world):
    path = "/my/namespace/my-flow/executions/exec1/tasks/task/run/1.ion"
    mine = {"flow": {"id": "my_flow", "namespace": "my.namespace"}, "execution": {"id": "exec1"}}
    other = {"flow": {"id": "other", "namespace": "n"}, "execution": {"id": "e"}}
    brings = {
        "storage": [{"path": path, "text": "ten chars!"}],
        "namespaceFiles": [{"namespace": "my.namespace", "path": "a/b.txt", "text": "of the namespace"}],
        "logs": [{"message": "boom"}],
    }
    uri = f"kestra://{path}"
    assert render(shared_world, f"{{{{ read('{uri}') }}}}", variables=mine, **brings).json()["result"] == "ten chars!"
    assert render(shared_world, f"{{{{ fileSize('{uri}') }}}}", variables=mine, **brings).json()["result"] == "10"
    assert (
        render(shared_world, "{{ read('a/b.txt') }}", variables=mine, **brings).json()["result"] == "of the namespace"
    )
    assert render(shared_world, "{{ errorLogs()[0].message }}", variables=mine, **brings).json()["result"] == "boom"
    assert render(shared_world, "{{ fileURI('x.txt') }}", variables=mine).json()["result"] == (
        "kestra:///my/namespace/_files/x.txt"
    )
    refused = render(shared_world, f"{{{{ read('{uri}') }}}}", variables=other, **brings)
    assert refused.status_code == 422
    assert f"Unable to read the file '{uri}' as it didn't belong to the current execution" in refused.json()["message"]
    child = {**other, "trigger": {"flowId": "my_flow", "namespace": "my.namespace", "executionId": "exec1"}}
    assert render(shared_world, f"{{{{ read('{uri}') }}}}", variables=child, **brings).json()["result"] == "ten chars!"
    assert render(shared_world, "{{ read('/etc/hostname') }}", variables=mine, **brings).status_code == 422
    assert render(shared_world, "{{ fileURI('../x') }}", variables=mine).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"template": "x", "variables": 5}',
        b'{"template": "x", "variables": {"a": {"$type": "nope", "value": 1}}}',
        b'{"template": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"template": "\xff"}',
        b'{"template": "{{ x }}", "variables": {"x": "\\ud800"}}',
        b'{"template": "{{ \\ud800 }}"}',
    ],
)
def test_a_body_that_cannot_be_read_is_never_the_servers_fault(shared_world, body):
    answer = shared_world.client.post(RENDER, content=body)
    assert answer.status_code in {200, 422}
    assert answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/api/v1/flows", 405),
        ("POST", "/api/v1/executions/a/b", 404),
        ("GET", "/api/v1/executions", 422),
        ("GET", "/api/v1/executions/%00%ff", 404),
        ("GET", "/api/v1/logs/search?minLevel=%00", 422),
        ("GET", "/api/v1/taskruns/search?q=%00%22%27*(", 200),
        ("GET", "/api/v1/taskruns/search?labels=%ff:%00", 200),
        ("GET", "/api/v1/flows/a/b?revision=x", 422),
        ("GET", "/api/v1/flows/a/b?revision=99999999999999999999999", 404),
        ("GET", "/api/v1/logs/e1?attempt=99999999999999999999999", 422),
        ("DELETE", "/api/v1/executions/a/kill?isOnKillCascade=perhaps", 422),
        ("GET", "/api/v1/taskruns/search?startDate=0001-01-01T00:00:00%2B23:59", 422),
    ],
)
def test_wrong_calls_are_told_in_kestras_shape(shared_world, method, path, status):
    answer = shared_world.client.request(method, path)
    assert answer.status_code == status, answer.text
    if status != 200:
        body = answer.json()
        assert set(body) == {"message", "_links", "_embedded"}
        assert body["_links"]["self"]["templated"] is False


def test_a_broken_form_is_the_callers_error(shared_world):
    answer = shared_world.client.post(
        "/api/v1/executions/a/b",
        content=b"--x\r\nnonsense",
        headers={"Content-Type": "multipart/form-data; boundary=y"},
    )
    assert 400 <= answer.status_code < 500
    assert "message" in answer.json()


def test_the_server_says_what_it_can_and_how_it_is(shared_world):
    assert shared_world.get("/configs").json()["isTaskRunEnabled"] is True
    assert shared_world.client.get("/health").json() == {"status": "UP"}
    assert shared_world.client.get("/health/ready").json() == {"status": "UP"}


def test_a_server_whose_index_is_away_is_alive_but_not_ready(still_world):
    still_world.index.close()
    assert still_world.client.get("/health").status_code == 200
    answer = still_world.client.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["message"].startswith("Service Unavailable: ")


def test_the_page_about_the_api_lists_every_operation_and_loads_nothing_from_elsewhere(shared_world):
    answer = shared_world.client.get("/docs")
    assert answer.status_code == 200
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "<script" not in answer.text
    api = shared_world.client.get("/openapi.json").json()
    assert api["paths"]
    for path in api["paths"]:
        assert f"<code>{path}</code>" in answer.text
    names = {parameter["name"] for parameter in api["paths"]["/api/v1/taskruns/search"]["get"]["parameters"]}
    assert {"q", "namespace", "flowId", "state", "startDate", "timeRange", "labels", "childFilter", "sort"} <= names

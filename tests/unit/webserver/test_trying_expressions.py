"""`POST /expressions/render`: templates with functions, over what the request brings or the server has."""

from io import BytesIO

from runfold.adapters.functions import outside_functions
from runfold.adapters.kv_store import KvStore
from runfold.adapters.kv_values import KvType, KvValue
from runfold.flows.expressions import filters, functions

OWN = {"flow": {"id": "flow", "namespace": "company.team"}, "execution": {"id": "e1"}}
PATH = "/company/team/flow/executions/e1/a.txt"


def render(world, template: str, **more):
    body = {"template": template, "variables": OWN, **more}
    answer = world.client.post("/api/v1/expressions/render", json=body)
    return answer.json().get("result", answer.json().get("message"))


def test_files_that_the_request_brings_are_read_and_hide_those_of_the_server(world):
    world.parts.files.put(PATH, BytesIO(b"of the server"))
    template = f"{{{{ read('kestra://{PATH}') }}}}"

    assert render(world, template) == "of the server"
    assert render(world, template, storage=[{"path": PATH, "text": "brought"}]) == "brought"
    brought = [{"namespace": "company.team", "path": "b.txt", "text": "grün"}]
    assert render(world, "{{ read('b.txt') }} {{ fileSize('b.txt') }}", namespaceFiles=brought) == "grün 5"
    assert "Unable to find the file" in render(world, template, namespaceFiles=brought)


def test_files_of_others_are_read_by_no_template(world):
    world.parts.files.put("/company/other/flow/executions/e1/a.txt", BytesIO(b"not for you"))

    refused = render(world, "{{ read('kestra:///company/other/flow/executions/e1/a.txt') }}")
    assert "as it didn't belong to the current execution" in refused


def test_pairs_of_the_namespace_are_there(world):
    KvStore(world.parts.files, "company.team", world.parts.clock).put("k", KvValue(KvType.JSON, {"a": 1}))

    assert render(world, "{{ kv('k').a }}{{ kv('none') }}") == "1"


def test_error_logs_are_those_of_the_execution_that_the_request_brings(world):
    logs = [
        {"message": "one", "level": "ERROR", "executionId": "e1"},
        {"message": "no error", "level": "WARN", "executionId": "e1"},
        {"message": "of another", "level": "ERROR", "executionId": "e2"},
        {"message": "two"},
    ]
    template = "{% for log in errorLogs() %}{{ log.message }} {% endfor %}"

    assert render(world, template, logs=logs) == "one two "
    assert render(world, "{{ errorLogs() }}") == "[]"


def test_a_file_with_a_path_that_can_be_none_is_refused(world):
    assert "must not contain '../'" in render(world, "x {{ 1 }}", storage=[{"path": "/a/../b", "text": ""}])


def test_one_expression_gives_its_value_as_it_is_where_that_is_asked_for(world):
    assert render(world, "{{ [1, 2] | reverse }}", typed=True) == [2, 1]
    assert render(world, "{{ 1 + 1 }}", typed=True) == 2
    assert render(world, "{{ 1 + 1 }}") == "2"
    assert render(world, "n: {{ 1 + 1 }}", typed=True) == "n: 2"


def test_a_failure_is_told_where_that_is_asked_for_and_refused_else(world):
    body = {"template": "a\n{{ nobody }}", "tellErrors": True}
    told = world.client.post("/api/v1/expressions/render", json=body)
    assert (told.status_code, told.json()) == (
        200,
        {"error": "Unable to find `nobody` used in the expression `a\n{{ nobody }}` at line 2"},
    )
    assert world.client.post("/api/v1/expressions/render", json=body | {"tellErrors": False}).status_code == 422


def test_every_filter_and_function_is_told_of_and_its_example_gives_what_it_says(world):
    told = world.client.get("/api/v1/expressions/functions").json()
    parts = world.parts
    outside = outside_functions(secret=str, files=parts.files, clock=parts.clock, is_namespace=bool)

    assert {each["name"] for each in told if each["kind"] == "filter"} == set(filters.FILTERS)
    assert {each["name"] for each in told if each["kind"] == "function"} == {*functions.FUNCTIONS, *outside}
    for each in told:
        if each["gives"] is not None:
            assert render(world, each["example"]) == each["gives"], each["name"]

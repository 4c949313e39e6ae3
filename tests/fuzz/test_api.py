"""
Every operation of the API, whatever is sent to it: an answer in its time, and never a fault of the server.

The operations come from the API's own description, so new ones are tried by themselves.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runfold.webserver.app import described
from tests.fuzz.examples import NASTY, texts, tried, values
from tests.fuzz.served import served

NAMESPACE, FLOW_ID = "company.team", "hello"
FLOW = f"""id: {FLOW_ID}
namespace: {NAMESPACE}
inputs: [{{id: who, type: STRING, defaults: you}}]
tasks:
  - {{id: say, type: io.kestra.plugin.core.log.Log, message: "Hello {{{{ inputs.who }}}}"}}
  - {{id: wait, type: io.kestra.plugin.core.flow.Pause}}
"""
KNOWN = {"namespace": NAMESPACE, "flow_id": FLOW_ID, "task_id": "say", "key": "known", "kind": "taskruns"}
WORDS = (
    *("io.kestra.plugin.core.log.Log", "flow", "company", "SUCCESS", "id:asc", "labels.a:b", "ERROR", "TASKS", "10"),
    *("state:SUCCESS AND duration:>1s", "PT5M", "2026-01-01", "/a/b.txt", "kill", "restart", "enable", "sum", "*/*"),
)
ENDLESS = frozenset({"wait"})
"""Parameters that ask the server to take its time."""

OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in described().openapi()["paths"].items()
    for method, operation in methods.items()
]


def raw(text: str) -> str:
    """Return a text as it stands in an address, lone surrogates and all."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


anything = st.one_of(st.sampled_from(WORDS), texts).map(lambda text: text[:5_000])
keys = st.one_of(
    st.sampled_from(["id", "ids", "namespace", "flowId", "tasks", "template", "variables", "key", "value", "labels"]),
    st.sampled_from(["state", "taskRunId", "name", "query", "kind", "type", "revision", "inputs", "keys", "logs"]),
    texts,
)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


DAMAGED = (
    *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"\0", b'{"a":' * 5_000, b"[" * 100_000),
    *(b"[" * 50_000 + b"]" * 50_000, b'{"id": 1e999}', b'["\\ud800"]', b'{"id": "\\u0000"}', b"x" * 2_000_000),
    *(b'{"id":"a","id":"b"}', b"[NaN, Infinity]", FLOW.encode(), FLOW.encode() * 40, FLOW.encode()[:-60]),
    *(
        b"a: &a [*a]",
        b"id: \0",
        b"--- \n--- \n",
        b"PK\x03\x04 no zip at all",
        b"--b\r\n\r\nx\r\n--b--\r\n",
        b"%%%=&&&=;",
    ),
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="../x.zip"\r\n\r\nPK\x03\x04\r\n--b--\r\n',
)
bodies = st.one_of(
    st.sampled_from(DAMAGED),
    values(keys).map(as_json),
    st.lists(st.dictionaries(keys, values(keys), max_size=3), max_size=3).map(as_json),
    st.dictionaries(keys, values(keys), min_size=1, max_size=5).map(as_json),
    st.lists(anything, max_size=3).map(as_json),
    st.binary(max_size=50),
)
kinds = st.sampled_from(
    [
        *("application/json", "application/json", "application/json", "application/x-yaml", "text/plain", ""),
        *(
            "multipart/form-data; boundary=b",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "a/b; charset=x",
        ),
    ]
)
multiparts = st.dictionaries(
    anything.filter(bool), st.tuples(anything.filter(bool), st.sampled_from(DAMAGED)), min_size=1, max_size=3
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("fuzz")) as client:
        yield client


@pytest.fixture
def known(client: httpx.Client) -> dict[str, str]:
    """Return names of what is there (an earlier request may have deleted it): not everything is refused for its name."""
    client.post("/api/v1/flows", content=FLOW, headers={"Content-Type": "application/x-yaml"})
    started = client.post(f"/api/v1/executions/{NAMESPACE}/{FLOW_ID}")
    client.put(f"/api/v1/namespaces/{NAMESPACE}/kv/known", content=b'{"a": 1}')
    return {**KNOWN, "execution_id": started.json().get("id", "none")}


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{each[0]} {each[1]}" for each in OPERATIONS]
)
def test_whatever_is_sent_is_answered_and_no_fault_of_the_server(
    client: httpx.Client, known: dict[str, str], method: str, path: str, operation: dict[str, Any]
) -> None:
    @tried(8)
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        check(client, request_of(client, data, known, (method, path, operation)))

    send()


def request_of(
    client: httpx.Client, data: st.DataObject, known: dict[str, str], offered: tuple[str, str, dict[str, Any]]
) -> httpx.Request:
    """Draw a request to an operation: some of it right, some of it not."""
    method, path, operation = offered
    query: list[str] = []
    headers = {"Connection": "close"}
    for parameter in operation.get("parameters", ()):
        name, place = parameter["name"], parameter["in"]
        if place == "path":
            is_known = name in known and data.draw(st.integers(0, 3), label=name) > 0
            value = known[name] if is_known else data.draw(anything, label=name)
            path = path.replace(f"{{{name}}}", raw(value))
        elif place == "header":
            headers[name] = data.draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
        elif name not in ENDLESS and (parameter.get("required") or data.draw(st.booleans(), label=name)):
            query += [f"{name}={raw(data.draw(anything, label=name))}" for _ in range(data.draw(st.integers(1, 2)))]
    address = path + ("?" + "&".join(query) if query else "")
    if method == "GET":
        return client.build_request(method, address, headers=headers)
    if data.draw(st.integers(0, 4), label="multipart") == 0:
        files = [(_plain(name), (_plain(file), content)) for name, (file, content) in data.draw(multiparts).items()]
        return client.build_request(method, address, headers=headers, files=files)
    kind = data.draw(kinds, label="content type")
    content = data.draw(bodies, label="body")
    return client.build_request(
        method, address, headers={**headers, "Content-Type": kind} if kind else headers, content=content
    )


def _plain(text: str) -> str:
    """Return a text that a client can put into a header."""
    return text.encode("utf-8", "replace").decode()


def check(client: httpx.Client, request: httpx.Request) -> None:
    answer = client.send(request, stream=True)
    try:
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            answer.read()
        told = answer.text[:500] if answer.is_stream_consumed else ""
        assert answer.status_code < 500, f"{answer.status_code}: {told}"
        if kind.startswith("application/json") and answer.content:
            answer.json()
    finally:
        answer.close()


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_an_address_that_nobody_offers_is_not_found(client: httpx.Client, text: str) -> None:
    check(client, client.build_request("GET", f"/api/v1/{raw(text)[:5_000]}"))
    check(client, client.build_request("PATCH", f"/api/v1/executions/{raw(text)[:5_000]}", content=b"{}"))

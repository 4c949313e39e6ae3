"""Files over the API: with the form that starts a flow, through their execution, and of namespaces."""

import base64
import io
import zipfile
from io import BytesIO

import pytest
from tests.unit.webserver.conftest import FLOW, execution

from runfold.adapters.encryption import Cipher
from runfold.execution.state import State
from runfold.storage_layout import path_of

FILES_FLOW = """id: hello_files
namespace: company.team
inputs:
  - {id: ask, type: BOOLEAN, defaults: true}
  - {id: doc, type: FILE, extension: .csv}
  - {id: nested.more, type: FILE, required: false}
  - id: asked
    type: FILE
    dependsOn: {inputs: [ask], condition: "{{ inputs.ask }}"}
    required: false
  - {id: count, type: INT, defaults: 1, max: 10}
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
"""
FOLDER = "/company/team/hello/executions/e1"


@pytest.fixture
def files(world):
    world.client.post("/api/v1/flows", content=FILES_FLOW)
    return world.parts.files


@pytest.fixture
def ran(world):
    """An execution that has a file, and one of another flow."""
    world.client.post("/api/v1/flows", content=FLOW)
    world.executor_says(execution("e1", State.CREATED), execution("e2", State.CREATED, flow_id="other_flow"))
    world.eventually(
        lambda: get(world, "/executions/e1").status_code == get(world, "/executions/e2").status_code == 200
    )
    for path, text in {
        f"{FOLDER}/tasks/t/r/a b.txt": b"one\ntwo\nthree\n",
        f"{FOLDER}/items.ion": b'{a:1,b:"x"}\n{"a":2}\n',
        f"{FOLDER}/broken.ion": b"{a:",
        f"{FOLDER}/picture.png": b"\x89PNG",
        "/company/team/other-flow/executions/e2/b.txt": b"other",
        "/company/team/_kv/key.ion": b"{}",
    }.items():
        world.parts.files.put(path, BytesIO(text))
    return world


def get(world, route: str, **parameters):
    return world.client.get(f"/api/v1{route}", params=parameters)


def start(world, *parts, flow: str = "hello_files", **options):
    return world.client.post(f"/api/v1/executions/company.team/{flow}", files=parts, **options)


def stored(files) -> list[str]:
    return [file.path for file in files.list("/company")]


def read(files, uri: str) -> bytes:
    with files.open(path_of(uri)) as content:
        return content.read()


def test_files_of_a_form_are_stored_for_the_execution_and_the_inputs_are_their_addresses(world, files):
    answer = start(world, ("files", ("doc", b"a;b")), ("nested.more", ("report.pdf", b"")))

    found = answer.json()
    folder = f"kestra:///company/team/hello-files/executions/{found['id']}/inputs"
    doc, more = found["inputs"]["doc"], found["inputs"]["nested"]["more"]
    assert answer.status_code == 200
    assert doc.startswith(f"{folder}/doc/file_")
    assert doc.endswith(".csv")
    assert more.startswith(f"{folder}/nested.more/file_")
    assert more.endswith(".upl")
    assert (read(files, doc), read(files, more)) == (b"a;b", b"")
    assert world.claims()[0]["inputs"]["doc"] == doc


@pytest.mark.parametrize(
    "parts",
    [
        [("doc", ("doc", b"x")), ("count", (None, b"11"))],
        [("nested.more", ("doc", b"x"))],
        [("doc", ("doc", b"x")), ("count", (None, b"one"))],
    ],
)
def test_a_request_that_is_refused_leaves_no_file_and_no_claim(world, files, parts):
    assert start(world, *parts).status_code == 422
    assert stored(files) == []
    assert world.claims() == []


def test_a_file_for_an_input_that_is_not_asked_or_not_declared_is_not_kept(world, files):
    answer = start(
        world,
        ("doc", ("doc", b"x")),
        ("asked", ("asked", b"y")),
        ("unknown", ("unknown", b"z")),
        ("count", ("count", b"2")),
        ("ask", (None, b"false")),
    )

    assert "asked" not in answer.json()["inputs"]
    assert len(stored(files)) == 1


def test_the_address_of_a_stored_file_is_taken_as_it_is(world, files):
    uri = start(world, ("doc", ("doc", b"x"))).json()["inputs"]["doc"]

    assert start(world, ("doc", (None, uri.encode()))).json()["inputs"]["doc"] == uri
    assert start(world, ("doc", (None, b"file:///etc/passwd"))).status_code == 422
    assert len(stored(files)) == 1


def test_a_request_sent_twice_keeps_the_file_of_the_first(world, files):
    headers = {"Idempotency-Key": "once"}
    first = start(world, ("doc", ("doc", b"first")), headers=headers).json()
    second = start(world, ("doc", ("doc", b"second")), headers=headers).json()

    assert first["id"] == second["id"]
    assert read(files, second["inputs"]["doc"]) == b"first"
    assert len(stored(files)) == 1


def test_trying_inputs_stores_nothing(world, files):
    answer = world.client.post(
        "/api/v1/executions/company.team/hello_files/validate", files=[("files", ("doc", b"a;b"))]
    )

    doc = next(each for each in answer.json()["inputs"] if each["input"]["id"] == "doc")
    assert doc["value"].startswith("kestra:///company/team/hello-files/executions/")
    assert "errors" not in doc
    assert stored(files) == []


def test_a_file_is_sent_and_measured_through_its_execution(ran):
    uri = f"kestra://{FOLDER}/tasks/t/r/a b.txt"
    answer = get(ran, "/executions/e1/file", path=uri)

    assert (answer.status_code, answer.content) == (200, b"one\ntwo\nthree\n")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.txt"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert get(ran, "/executions/e1/file/metas", path=uri).json() == {"size": 14}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"kestra://{FOLDER}/unknown.txt", 404),
        ("kestra:///company/team/_kv/key.ion", 422),
        ("kestra:///company/team/hello/executions/unknown/a.txt", 422),
        (f"kestra://{FOLDER}/../../../_kv/key.ion", 422),
        (f"kestra://{FOLDER}/%2e%2e/a", 422),
        ("file:///etc/passwd", 422),
        ("/etc/passwd", 422),
        ("", 422),
    ],
)
def test_no_other_file_is_reached_through_an_execution(ran, path, status):
    for route in ("file", "file/metas", "file/preview"):
        assert get(ran, f"/executions/e1/{route}", path=path).status_code == status
        assert get(ran, f"/executions/unknown/{route}", path=path).status_code in (404, 422)


def test_a_file_of_another_execution_is_sent_by_that_one(ran):
    uri = "kestra:///company/team/other-flow/executions/e2/b.txt"
    answer = get(ran, "/executions/e1/file", path=uri)
    assert answer.status_code == 307
    assert ran.client.get(answer.headers["location"], follow_redirects=True).content == b"other"

    answer = get(ran, "/executions/e1/file", path="kestra:///company/_kv/executions/e2/b.txt")
    assert ran.client.get(answer.headers["location"]).status_code == 422


def test_the_preview_shows_a_file_by_its_kind(ran):
    def preview(name, **asked):
        return get(ran, "/executions/e1/file/preview", path=f"kestra://{FOLDER}/{name}", **asked).json()

    text = {"extension": "txt", "content": "one\ntwo", "type": "TEXT", "truncated": True}
    items = {"extension": "ion", "content": [{"a": 1, "b": "x"}, {"a": 2}], "type": "LIST", "truncated": False}
    assert preview("tasks/t/r/a b.txt", maxRows=2) == text
    assert preview("items.ion") == items
    assert preview("broken.ion")["type"] == "TEXT"
    assert preview("picture.png") == {"extension": "png", "content": "iVBORw==", "type": "IMAGE", "truncated": False}
    assert "Invalid encoding" in preview("items.ion", encoding="none")["message"]


NAMESPACE = "/namespaces/company.team/files"


def put(world, path: str, content: bytes = b"x"):
    return world.client.post(f"/api/v1{NAMESPACE}", params={"path": path}, files={"fileContent": ("f", content)})


def test_files_of_a_namespace_are_stored_found_and_sent(world):
    put(world, "/a/b/One.txt", b"1")
    put(world, "two.txt", b"22")

    assert get(world, f"{NAMESPACE}/search").json() == ["/a/b/One.txt", "/two.txt"]
    assert get(world, f"{NAMESPACE}/search", q="one").json() == ["/a/b/One.txt"]
    assert get(world, NAMESPACE, path="/a/b/One.txt").content == b"1"
    assert get(world, "/namespaces/company/files/search").json() == []


def test_a_folder_shows_what_is_directly_in_it(world):
    put(world, "/a/b/c", b"123")
    put(world, "/a/z")
    world.client.post(f"/api/v1{NAMESPACE}/directory", params={"path": "/a/empty/"})

    found = get(world, f"{NAMESPACE}/directory", path="/a").json()
    assert [(item["fileName"], item["type"]) for item in found] == [
        ("b", "Directory"),
        ("empty", "Directory"),
        ("z", "File"),
    ]
    assert [item["fileName"] for item in get(world, f"{NAMESPACE}/directory").json()] == ["a"]
    assert get(world, f"{NAMESPACE}/directory", path="/a/empty").json() == []
    assert get(world, f"{NAMESPACE}/directory", path="/none").status_code == 404
    assert get(world, f"{NAMESPACE}/stats", path="/a/b/c").json()["size"] == 3
    assert get(world, f"{NAMESPACE}/search").json() == ["/a/b/c", "/a/z"]


def test_files_and_folders_move_and_take_nothings_place(world):
    put(world, "/a/b/c", b"1")
    put(world, "/taken")

    def move(source: str, target: str) -> int:
        return world.client.put(f"/api/v1{NAMESPACE}", params={"from": source, "to": target}).status_code

    assert move("/a/b", "/x/y") == 200
    assert get(world, NAMESPACE, path="/x/y/c").content == b"1"
    assert move("/x/y/c", "/taken") == 409
    assert move("/a", "/b") == 404
    assert move("/x", "/x/inside") == 422
    assert get(world, f"{NAMESPACE}/search").json() == ["/taken", "/x/y/c"]


def test_files_and_folders_are_deleted(world):
    for path in ("/a/b", "/a/c", "/d"):
        put(world, path)

    def delete(path: str) -> int:
        return world.client.delete(f"/api/v1{NAMESPACE}", params={"path": path}).status_code

    assert [delete("/d"), delete("/a"), delete("/a"), delete("/")] == [204, 204, 404, 422]
    assert get(world, f"{NAMESPACE}/search").json() == []


def test_all_files_of_a_namespace_come_in_one_archive(world):
    put(world, "/a/b.txt", b"one")
    put(world, "/c", b"")

    archive = zipfile.ZipFile(io.BytesIO(get(world, f"{NAMESPACE}/export").content))
    assert {name: archive.read(name) for name in archive.namelist()} == {"a/b.txt": b"one", "c": b""}


@pytest.mark.parametrize("path", ["../_kv/key.ion", "/a/../../b", "/a\\b", "/%2e%2e/b", "/a//b", "/\x00"])
def test_no_path_leads_out_of_the_namespace(world, path):
    assert put(world, path).status_code == 422
    for method, route in (("GET", ""), ("GET", "/stats"), ("DELETE", ""), ("POST", "/directory")):
        answer = world.client.request(method, f"/api/v1{NAMESPACE}{route}", params={"path": path})
        assert answer.status_code == 422


@pytest.mark.parametrize("namespace", ["..", "a..b", "A", ".a", "a%2fb", "a\\b"])
def test_what_is_no_namespace_has_neither_files_nor_pairs(world, namespace):
    for route in ("files/search", "kv"):
        assert get(world, f"/namespaces/{namespace}/{route}").status_code in (404, 422)


def test_namespaces_are_found_with_those_above_them(world):
    world.client.post("/api/v1/flows", content=FLOW)

    everything = get(world, "/namespaces/search").json()
    assert everything == {"results": [{"id": "company", "disabled": True}, {"id": "company.team"}], "total": 2}
    assert get(world, "/namespaces/search", existing=True).json()["results"] == [{"id": "company.team"}]
    assert get(world, "/namespaces/search", size=1, page=2).json()["results"] == [{"id": "company.team"}]
    assert get(world, "/namespaces/company").json() == {"id": "company", "disabled": True}


def test_secret_inputs_leave_the_server_encrypted(world):
    cipher = Cipher(base64.b64encode(bytes(32)).decode())
    object.__setattr__(world.parts, "encrypt", cipher.encrypt)
    source = FLOW.replace("type: STRING", "type: SECRET")
    world.client.post("/api/v1/flows", content=source)

    answer = start(world, ("who", (None, b"pass word")), flow="hello")
    kept = world.claims()[0]["inputs"]["who"]
    assert "pass word" not in answer.text
    assert answer.json()["inputs"]["who"] == kept
    assert cipher.decrypt(kept) == "pass word"

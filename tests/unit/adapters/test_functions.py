"""The functions that need the world, as templates call them."""

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.functions import ERROR_LOGS_MAX, READ_SIZE_MAX_BYTES, outside_functions
from runfold.adapters.kv_store import KvStore
from runfold.adapters.kv_values import KvType, KvValue
from runfold.adapters.log_search import LogsWanted
from runfold.errors import ExpressionFailed
from runfold.flows.expressions import Expressions, Limits

NOW = datetime(2026, 1, 2, tzinfo=UTC)
KEY = base64.b64encode(bytes(range(16))).decode()
OWN = {"flow": {"id": "my_flow", "namespace": "company.team"}, "execution": {"id": "e1"}}
OWN_FOLDER = "/company/team/my-flow/executions/e1"


def no_secret(key: str) -> str:
    raise LookupError(f"Cannot find secret for key '{key}'.")


def clock() -> datetime:
    return NOW


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


def language(files: MemoryFiles, find_logs: Any = None, limits: Limits | None = None) -> Expressions:
    functions = outside_functions(
        secret=no_secret,
        files=files,
        clock=clock,
        is_namespace=lambda namespace: namespace == "known",
        find_logs=find_logs,
    )
    return Expressions(functions, clock=clock, monotonic=time.monotonic, limits=limits or Limits())


@pytest.fixture
def render(files: MemoryFiles) -> Callable[..., Any]:
    expressions = language(files)
    return lambda template, **more: expressions.evaluate(template, {**OWN, **more})


def put(files: MemoryFiles, path: str, content: bytes) -> str:
    return f"kestra://{files.put(path, BytesIO(content)).path}"


def test_ids_are_new_each_time(render) -> None:
    first, second = render("{{ id() }} {{ id() }}").split()

    assert first != second
    assert re.fullmatch(r"[0-9A-Za-z]{22}", first)


def test_a_uuid_is_in_lower_case(render) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", render("{{ uuid() }}"))


def test_a_random_number_lies_between_its_bounds(render) -> None:
    assert {render("{{ randomInt(1, 4) }}") for _ in range(200)} == {1, 2, 3}
    assert {render("{{ randomInt(a, b) }}", a=-10, b=-9) for _ in range(20)} == {-10}
    assert render("{{ randomInt(10, 10) }}") == 10


@pytest.mark.parametrize(
    "call", ["randomInt(4, 3)", "randomInt('1', 2)", "randomInt(1)", "randomInt()", "randomInt(true, 3)"]
)
def test_bounds_that_hold_no_number_are_refused(render, call: str) -> None:
    with pytest.raises(ExpressionFailed, match="randomInt"):
        render("{{ " + call + " }}")


def test_a_secret_that_is_not_there_is_named(render) -> None:
    with pytest.raises(ExpressionFailed, match="Cannot find secret for key 'unknown'"):
        render("{{ secret('unknown') }}")


def test_read_gives_a_file_of_the_execution_of_its_trigger_and_of_the_namespace(files, render) -> None:
    own = put(files, f"{OWN_FOLDER}/tasks/t/r/a.txt", "grün".encode())
    parents = put(files, "/other/flow/executions/e0/inputs/f/b.upl", b"of the parent")
    put(files, "/company/team/_files/dir/c.txt", b"of the namespace")
    trigger = {"namespace": "other", "flowId": "flow", "executionId": "e0"}

    assert render("{{ read(uri) }}", uri=own) == "grün"
    assert render("{{ read(uri) }}", uri=parents, trigger=trigger) == "of the parent"
    for written in ("dir/c.txt", "/dir/c.txt", "nsfile:///dir/c.txt", "kestra:///company/team/_files/dir/c.txt"):
        assert render("{{ read(path) }}", path=written) == "of the namespace"
    assert render("{{ read(fileURI('dir/c.txt')) }}") == "of the namespace"
    assert render("{{ fileSize(uri) }}", uri=own) == 5
    assert render("{{ fileSize('dir/c.txt') }}") == 16


@pytest.mark.parametrize(
    "path",
    [
        "/other/flow/executions/e0/inputs/f/b.upl",
        "/company/team/my-flow/executions/e10/a",
        "/company/team/other/executions/e1/a",
        "/company/team/_kv/key.ion",
        "/company/team/my-flow/executions/e1/../e0/a",
        "/company/team/my-flow/executions/e1/%2e%2e/e0/a",
    ],
)
@pytest.mark.parametrize("function", ["read", "fileSize"])
def test_files_of_others_are_not_read(files, render, path: str, function: str) -> None:
    if ".." not in path and "%" not in path:
        put(files, path, b"not for you")

    with pytest.raises(ExpressionFailed, match=r"didn't belong to the current execution|must not contain|no encoded"):
        render("{{ " + function + "(uri) }}", uri=f"kestra://{path}")


@pytest.mark.parametrize("path", ["", None, 5, "../_kv/key.ion", "a/../../b", "unknown.txt"])
def test_what_is_no_file_is_refused_and_can_be_replaced_by_nothing(render, path: object) -> None:
    with pytest.raises(ExpressionFailed):
        render("{{ read(path) ?? 'other' }}", path=path)


def test_a_file_larger_than_a_template_reads_or_no_text_is_refused(files, render) -> None:
    large = put(files, f"{OWN_FOLDER}/large", b"x" * (READ_SIZE_MAX_BYTES + 1))
    binary = put(files, f"{OWN_FOLDER}/binary", b"\xff\xfe")

    with pytest.raises(ExpressionFailed, match="more than a template reads"):
        render("{{ read(uri) }}", uri=large)
    with pytest.raises(ExpressionFailed, match="no UTF-8 text"):
        render("{{ read(uri) }}", uri=binary)
    assert render("{{ fileSize(uri) }}", uri=large) == READ_SIZE_MAX_BYTES + 1


def test_the_address_of_a_namespace_file_stays_in_the_namespace(render) -> None:
    assert render("{{ fileURI('a/b.txt') }}") == "kestra:///company/team/_files/a/b.txt"
    with pytest.raises(ExpressionFailed, match=re.escape("Path must not contain '../'")):
        render("{{ fileURI('../b.txt') }}")


def test_kv_gives_the_typed_value_of_the_namespace(files, render) -> None:
    store = KvStore(files, "company.team", clock)
    store.put("map", KvValue(KvType.JSON, {"a": [1]}))
    store.put("when", KvValue(KvType.DATETIME, "2026-01-02T03:04:05Z"))
    store.put("long", KvValue(KvType.DURATION, "PT90S"))

    assert render("{{ kv('map').a[0] }}") == 1
    assert render("{{ kv('when') }}") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert render("<{{ kv('when') }} {{ kv('long') }}>") == "<2026-01-02T03:04:05Z PT1M30S>"


def test_a_pair_that_is_missing_or_expired_is_null_or_an_error_as_asked(files, render) -> None:
    KvStore(files, "company.team", lambda: NOW - timedelta(hours=1)).put(
        "old", KvValue(KvType.NUMBER, 1), timedelta(minutes=5)
    )

    for key in ("none", "old"):
        assert render("{{ kv(key) }}", key=key) is None
        assert render("<{{ kv(key) ?? 'else' }}>", key=key) == "<else>"
        with pytest.raises(ExpressionFailed) as failed:
            render("{{ kv(key, errorOnMissing=true) }}", key=key)
        text = f"The key '{key}' does not exist in the namespace 'company.team'. ({{{{ kv(key, errorOnMissing=true) }}}}:1)"
        assert str(failed.value) == text


def test_kv_reaches_other_namespaces_on_its_line_and_those_with_flows(files, render) -> None:
    for namespace in ("company", "company.team.sub", "known", "company.other"):
        KvStore(files, namespace, clock).put("k", KvValue(KvType.STRING, namespace))

    for namespace in ("company", "company.team.sub", "known"):
        assert render("{{ kv('k', namespace) }}", namespace=namespace) == namespace
    with pytest.raises(ExpressionFailed, match=r"The namespace 'company\.other' does not exist"):
        render("{{ kv('k', 'company.other') }}")


def test_error_logs_are_the_first_of_the_execution_and_for_workers_only(files) -> None:
    asked: list[LogsWanted] = []

    def find(wanted: LogsWanted) -> list[dict[str, Any]]:
        asked.append(wanted)
        return [{"message": str(number)} for number in range(30)]

    found = language(files, find).evaluate("{{ errorLogs() }}", OWN)

    assert [entry["message"] for entry in found] == [str(number) for number in range(ERROR_LOGS_MAX)]
    assert [(wanted.execution_id, wanted.level) for wanted in asked] == [("e1", "ERROR")]
    with pytest.raises(ExpressionFailed, match="where a worker renders them"):
        language(files).evaluate("{{ errorLogs() }}", OWN)


def test_a_wait_for_the_world_does_not_count_as_the_templates_own_time(files) -> None:
    def slow(_wanted: LogsWanted) -> list[dict[str, Any]]:
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            pass
        return []

    rendered = language(files, slow, Limits(wall_s=0.02)).render("<{{ errorLogs() }}{{ range(1, 200) | length }}>", OWN)

    assert rendered == "<[]200>"


def test_what_was_encrypted_is_decrypted_by_the_same_key_only(render) -> None:
    other = base64.b64encode(bytes(32)).decode()
    sealed = render("{{ encrypt(key, 'clear ä') }}", key=KEY)

    assert "clear" not in sealed
    assert len(base64.b64decode(sealed)) == 12 + len("clear ä".encode()) + 16
    assert sealed != render("{{ encrypt(key, 'clear ä') }}", key=KEY)
    assert render("{{ decrypt(key, sealed) }}", key=KEY, sealed=sealed) == "clear ä"
    assert render("{{ decrypt(key=key, encrypted=sealed) }}", key=KEY, sealed=sealed) == "clear ä"
    for key, text in ((other, sealed), (KEY, sealed[:-8]), (KEY, "no base64"), ("short", sealed)):
        with pytest.raises(ExpressionFailed):
            render("{{ decrypt(key, text) }}", key=key, text=text)

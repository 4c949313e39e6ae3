"""The tasks on files, pairs, states and namespace files, as a worker runs them."""

from io import BytesIO
from typing import Any

import orjson
import pytest
from tests.unit.worker.rig import Rig

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.kv_store import KvStore
from runfold.adapters.kv_values import KvType, KvValue
from runfold.adapters.log_search import LogsWanted
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.execution.state import State
from runfold.storage_layout import path_of
from runfold.worker.storage import Outside

CORE = "io.kestra.plugin.core."
OWN = "/company/team/flow/executions/e1"
CONTEXT = {"flow": {"id": "flow", "namespace": "company.team"}, "execution": {"id": "e1"}}


class Tasks:
    """A worker with a storage of its own."""

    def __init__(self) -> None:
        self.files = MemoryFiles()
        self.logs: list[dict[str, Any]] = []
        self.asked: list[LogsWanted] = []
        self.rig = Rig(outside=Outside(self.files, self.find_logs, lambda namespace: namespace == "known"))

    def find_logs(self, wanted: LogsWanted) -> list[dict[str, Any]]:
        self.asked.append(wanted)
        return self.logs

    def run(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> Any:
        """Run one attempt and return its end."""
        before = len(self.rig.ended())
        self.rig.send({"type": CORE + kind, **properties}, variables={**CONTEXT, **(variables or {})})
        self.rig.until(lambda: len(self.rig.ended()) > before)
        return self.rig.ended()[-1]

    def outputs(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> Any:
        """Run one attempt that must succeed and return its outputs."""
        ended = self.run(kind, variables, **properties)
        assert ended.state == State.SUCCESS, ended.error
        return ended.outputs

    def error(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> str:
        """Run one attempt that must fail and return its error."""
        ended = self.run(kind, variables, **properties)
        assert ended.state == State.FAILED
        return ended.error

    def put(self, content: bytes, name: str = "in.txt", folder: str = f"{OWN}/inputs/f") -> str:
        return f"kestra://{self.files.put(f'{folder}/{name}', BytesIO(content)).path}"

    def read(self, uri: str) -> bytes:
        with self.files.open(path_of(uri)) as content:
            return content.read()

    def kv(self, namespace: str = "company.team") -> KvStore:
        return KvStore(self.files, namespace, self.rig.clock.now)


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


# Files -------------------------------------------------------------------------------------------


def test_files_are_put_together_each_followed_by_the_separator(tasks: Tasks) -> None:
    one, two = tasks.put(b"1", "a.csv"), tasks.put(b"2", "b.csv")

    uri = tasks.outputs("storage.Concat", {"inputs": {"two": two}}, files=[one, "{{ inputs.two }}"], separator="\n")[
        "uri"
    ]
    assert tasks.read(uri) == b"1\n2\n"
    assert uri.startswith(f"kestra://{OWN}/tasks/t/tr")
    uri = tasks.outputs("storage.Concat", files=orjson.dumps([one, two]).decode(), extension="csv")["uri"]
    assert (tasks.read(uri), uri[-4:]) == (b"12", ".csv")


def test_a_file_is_deleted_once_and_missed_as_asked(tasks: Tasks) -> None:
    uri = tasks.put(b"x")

    assert tasks.outputs("storage.Delete", uri=uri) == {"uri": uri, "deleted": True}
    assert tasks.outputs("storage.Delete", uri=uri)["deleted"] is False
    assert uri in tasks.error("storage.Delete", uri=uri, errorOnMissing=True)


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "file:///etc/passwd", f"kestra://{OWN}/../e2/a", "kestra:///company/team/_kv/k.ion", ""]
)
@pytest.mark.parametrize(("kind", "name"), [("Size", "uri"), ("Delete", "uri"), ("Reverse", "from"), ("Split", "from")])
def test_only_files_of_executions_and_of_the_namespace_are_reached(
    tasks: Tasks, kind: str, name: str, address: str
) -> None:
    tasks.kv().put("k", KvValue(KvType.STRING, "secret"))

    assert tasks.error(f"storage.{kind}", **{name: address})
    assert tasks.kv().get("k") is not None


def test_a_file_of_another_namespace_is_read_but_not_deleted(tasks: Tasks) -> None:
    uri = tasks.put(b"123", folder="/other/flow/executions/e0")

    assert tasks.outputs("storage.Size", uri=uri) == {"size": 3}
    assert "belongs to another namespace" in tasks.error("storage.Delete", uri=uri)


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        ({"rows": 2}, [b"1\n2\n", b"3\n4\n", b"5\n"]),
        ({"partitions": 2}, [b"1\n2\n", b"3\n4\n5\n"]),
        ({"partitions": "{{ inputs.many }}"}, [b"1\n", b"2\n", b"3\n", b"4\n", b"5\n"]),
        ({"bytes": 4}, [b"1\n2\n", b"3\n4\n", b"5\n"]),
        ({"bytes": "1KB"}, [b"1\n2\n3\n4\n5\n"]),
        ({}, [b"1\n", b"2\n", b"3\n", b"4\n", b"5\n"]),
        ({"rows": 2, "separator": "3"}, [b"1\n23\n4\n53"]),
    ],
)
def test_a_file_is_split_as_asked(tasks: Tasks, how: dict[str, Any], parts: list[bytes]) -> None:
    uri = tasks.put(b"1\n2\n3\n4\n5" if "separator" not in how else b"1\n23\n4\n5", "a.ion")
    uris = tasks.outputs("storage.Split", {"inputs": {"many": 9}}, **{"from": uri, **how})["uris"]

    assert [tasks.read(part) for part in uris] == parts
    assert all(part.endswith(".ion") for part in uris)


@pytest.mark.parametrize("how", [{"rows": 0}, {"rows": "x"}, {"bytes": "much"}, {"partitions": -1}, {"separator": ""}])
def test_a_split_that_makes_no_sense_fails(tasks: Tasks, how: dict[str, Any]) -> None:
    assert tasks.error("storage.Split", **{"from": tasks.put(b"1"), **how})


def test_rows_are_written_in_the_opposite_order(tasks: Tasks) -> None:
    def reverse(content: bytes, **how: Any) -> bytes:
        return tasks.read(tasks.outputs("storage.Reverse", **{"from": tasks.put(content), **how})["uri"])

    assert reverse(b"1\n\n2\n3") == b"3\n2\n\n1\n"
    assert reverse(b"") == b""
    assert reverse(b"a;b", separator=";") == b"b;a;"
    assert reverse("ä\nö\n".encode("utf-16-le"), charset="UTF-16LE") == "ö\nä\n".encode("utf-16-le")
    assert "charset" in tasks.error("storage.Reverse", **{"from": tasks.put(b"x"), "charset": "none"})


ITEMS = b'{"k": "a", "v": 1}\n{k: "b", v: 2}\n\n{"k": "a", "v": null}\n'


def test_of_items_with_one_key_the_last_stays_as_it_was_written(tasks: Tasks) -> None:
    outputs = tasks.outputs("storage.DeduplicateItems", **{"from": tasks.put(ITEMS, "in.ion"), "expr": "{{ k }}"})

    assert tasks.read(outputs.pop("uri")) == b'{k: "b", v: 2}\n{"k": "a", "v": null}\n'
    assert outputs == {"numKeys": 2, "processedItemsTotal": 3, "droppedItemsTotal": 1}


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"filterCondition": "{{ v == 2 }}", "errorOrNullBehavior": "FAIL"}, ["b"]),
        ({"filterCondition": " {{ k == 'a' }} ", "filterType": "EXCLUDE"}, ["b"]),
        ({"filterCondition": "{{ v }}", "errorOrNullBehavior": "INCLUDE"}, ["a", "b", "a"]),
        ({"filterCondition": "{{ v }}", "errorOrNullBehavior": "EXCLUDE"}, ["a", "b"]),
        ({"filterCondition": "{{ v + 1 > 2 }}", "errorOrNullBehavior": "EXCLUDE"}, ["b"]),
        (
            {"filterCondition": "{{ missing }}", "errorOrNullBehavior": "INCLUDE", "filterType": "EXCLUDE"},
            ["a", "b", "a"],
        ),
    ],
)
def test_items_that_fit_the_condition_are_kept_or_dropped(tasks: Tasks, how: dict[str, Any], kept: list[str]) -> None:
    outputs = tasks.outputs("storage.FilterItems", **{"from": tasks.put(ITEMS), **how})

    found = [
        line.split(b'"')[1 if line.startswith(b"{k") else 3].decode()
        for line in tasks.read(outputs["uri"]).splitlines()
    ]
    assert found == kept
    assert (outputs["processedItemsTotal"], outputs["droppedItemsTotal"]) == (3, 3 - len(kept))


@pytest.mark.parametrize("condition", ["{{ v }}", "{{ missing }}"])
def test_an_item_without_an_answer_fails_the_filter_unless_said_otherwise(tasks: Tasks, condition: str) -> None:
    assert tasks.error("storage.FilterItems", **{"from": tasks.put(ITEMS), "filterCondition": condition})


def test_a_row_that_is_no_item_is_named(tasks: Tasks) -> None:
    uri = tasks.put(b"{a: 1}\n{a: ")

    assert "Row 2" in tasks.error("storage.DeduplicateItems", **{"from": uri, "expr": "{{ a }}"})


def test_local_files_are_written_and_those_that_fit_are_stored(tasks: Tasks) -> None:
    stored = tasks.put(b"\xff\x00", "in.bin")
    uris = tasks.outputs(
        "storage.LocalFiles",
        {"inputs": {"name": "b", "uri": stored}},
        inputs={"a.txt": "Hello {{ inputs.name }}", "d/{{ inputs.name }}.bin": "{{ inputs.uri }}", "d/e/c.txt": "c"},
        outputs=["*.txt", "d/*.bin"],
    )["uris"]

    assert {name: tasks.read(uri) for name, uri in uris.items()} == {"a.txt": b"Hello b", "d/b.bin": b"\xff\x00"}


@pytest.mark.parametrize("name", ["../a", "/../../a", "a/../../b", "", "/"])
def test_no_local_file_is_written_outside_of_the_working_directory(tasks: Tasks, name: str) -> None:
    assert "out of the working directory" in tasks.error("storage.LocalFiles", inputs={name: "x"})


def test_all_files_of_the_execution_are_removed_and_no_others(tasks: Tasks) -> None:
    own, other = tasks.put(b"1"), tasks.put(b"2", folder="/company/team/flow/executions/e10")

    assert tasks.outputs("storage.PurgeCurrentExecutionFiles") == {"uris": [own]}
    assert [file.path for file in tasks.files.list("/company")] == [path_of(other)]


# Pairs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        ("{{ inputs.number }}", "NUMBER", 5),
        ("text {{ inputs.number }}", "STRING", "text 5"),
        ("true", "BOOLEAN", True),
        ('{"a": {{ inputs.number }}}', "JSON", {"a": 5}),
        ({"a": ["{{ inputs.number }}"]}, "JSON", {"a": ["5"]}),
        ("2024-12-05", "DATE", "2024-12-05"),
        ("2024-12-05T10:11:12Z", "DATETIME", "2024-12-05T10:11:12Z"),
        ("PT90S", "DURATION", "PT1M30S"),
    ],
)
def test_a_pair_is_stored_as_what_its_value_says(tasks: Tasks, value: Any, kind: str, stored: Any) -> None:
    tasks.outputs("kv.Set", {"inputs": {"number": 5}}, key="k-{{ inputs.number }}", value=value)

    assert tasks.kv().get("k-5").value == KvValue(KvType(kind), stored)
    assert tasks.outputs("kv.Get", key="k-5") == {"value": stored}


def test_a_pair_is_stored_as_the_type_that_is_asked_for(tasks: Tasks) -> None:
    tasks.outputs("kv.Set", key="a", value="5", kvType="STRING")
    tasks.outputs("kv.Set", key="b", value="5", kvType="NUMBER")

    assert tasks.outputs("kv.Get", key="a") == {"value": "5"}
    assert tasks.outputs("kv.Get", key="b") == {"value": 5}
    for kind in ("NUMBER", "BOOLEAN", "DATE", "DATETIME", "DURATION", "JSON"):
        assert kind in tasks.error("kv.Set", key="c", value="some text", kvType=kind)


def test_a_pair_that_must_be_new_replaces_none_but_an_expired_one(tasks: Tasks) -> None:
    tasks.outputs("kv.Set", key="a", value="1", ttl="PT1M", overwrite=False)
    assert "exists already" in tasks.error("kv.Set", key="a", value="2", overwrite=False)
    assert tasks.outputs("kv.Get", key="a") == {"value": 1}

    tasks.rig.clock.advance(60)
    assert tasks.outputs("kv.Get", key="a") == {"value": None}
    tasks.outputs("kv.Set", key="a", value="3", overwrite=False)
    assert tasks.outputs("kv.Get", key="a") == {"value": 3}


def test_keys_are_listed_and_pairs_deleted(tasks: Tasks) -> None:
    for key in ("test-b", "test-a", "other"):
        tasks.outputs("kv.Set", key=key, value="x")

    assert tasks.outputs("kv.GetKeys") == {"keys": ["other", "test-a", "test-b"]}
    assert tasks.outputs("kv.GetKeys", prefix="test") == {"keys": ["test-a", "test-b"]}
    assert tasks.outputs("kv.Delete", key="other") == {"deleted": True}
    assert tasks.outputs("kv.Delete", key="other") == {"deleted": False}
    missing = "No value found for key 'other' in namespace 'company.team' and `errorOnMissing` is set to true"
    assert tasks.error("kv.Delete", key="other", errorOnMissing=True) == missing
    assert tasks.error("kv.Get", key="other", errorOnMissing="{{ true }}") == missing


def test_pairs_of_other_namespaces_are_reached_on_the_own_line_and_where_there_are_flows(tasks: Tasks) -> None:
    for namespace in ("company", "company.team.sub", "known"):
        tasks.outputs("kv.Set", key="k", value=namespace, namespace=namespace)
        assert tasks.kv(namespace).get("k").value.value == namespace
    for kind, more in (("Set", {"value": "x"}), ("Get", {}), ("Delete", {})):
        assert "does not exist" in tasks.error(f"kv.{kind}", key="k", namespace="company.teams", **more)


# States ------------------------------------------------------------------------------------------


def test_a_state_grows_and_is_forgotten(tasks: Tasks) -> None:
    assert tasks.outputs("state.Get") == {"count": 0, "data": {}}
    assert tasks.outputs("state.Set", {"inputs": {"k": "a"}}, data={"{{ inputs.k }}": "{{ inputs.k }}1"})["count"] == 1
    assert tasks.outputs("state.Set", data={"b": 2, "a": {"x": 1}})["count"] == 2
    assert tasks.outputs("state.Get") == {"count": 2, "data": {"a": {"x": 1}, "b": 2}}
    assert tasks.outputs("state.Delete") == {"deleted": True}
    assert tasks.outputs("state.Delete") == {"deleted": False}
    assert "not found" in tasks.error("state.Delete", errorOnMissing=True)
    assert "not found" in tasks.error("state.Get", errorOnMissing=True)


def test_states_are_apart_by_name_by_flow_and_by_iteration(tasks: Tasks) -> None:
    wheres: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({}, {"name": "other"}),
        ({}, {"namespace": True}),
        ({"taskrun": {"value": "a"}}, {}),
        ({"taskrun": {"value": "b"}}, {}),
        ({"flow": {"id": "flow2", "namespace": "company.team"}}, {}),
    ]
    for number, (variables, where) in enumerate(wheres):
        tasks.outputs("state.Set", variables, **where, data={"is": number})

    found = [tasks.outputs("state.Get", variables, **where)["data"]["is"] for variables, where in wheres]
    assert found == list(range(len(wheres)))
    assert tasks.outputs("state.Get", {"taskrun": {"value": "a"}}, taskrunValue=False)["data"] == {"is": 0}
    assert tasks.outputs("state.Get", {"flow": {"id": "x", "namespace": "company.team"}}, namespace=True)["data"] == {
        "is": 2
    }


# Files of namespaces -----------------------------------------------------------------------------


def of_namespace(tasks: Tasks, namespace: str = "company.team") -> dict[str, bytes]:
    files = NamespaceFiles(tasks.files, namespace)
    found = {}
    for path in files.paths():
        with files.open(path) as content:
            found[path] = content.read()
    return found


def test_files_are_uploaded_to_a_namespace_and_conflicts_end_as_asked(tasks: Tasks) -> None:
    def upload(text: str, **how: Any) -> Any:
        return {"filesMap": {"/a/b.txt": text, "c": tasks.put(b"stored")}, "destination": "/d", **how}

    outputs = tasks.outputs("namespace.UploadFiles", **upload("1"))
    assert outputs["files"]["/d/a/b.txt"] == "kestra:///company/team/_files/d/a/b.txt"
    assert of_namespace(tasks) == {"/d/a/b.txt": b"1", "/d/c": b"stored"}
    tasks.outputs("namespace.UploadFiles", **upload("2", conflict="SKIP"))
    assert "there already" in tasks.error("namespace.UploadFiles", **upload("3", conflict="ERROR"))
    assert of_namespace(tasks)["/d/a/b.txt"] == b"1"
    tasks.outputs("namespace.UploadFiles", **upload("4"))
    assert of_namespace(tasks)["/d/a/b.txt"] == b"4"


def test_files_of_a_namespace_are_downloaded_and_deleted_by_pattern(tasks: Tasks) -> None:
    files = {"/a/b/one.txt": "1", "/a/two.txt": "2", "/three.md": "3"}
    tasks.outputs("namespace.UploadFiles", namespace="other", filesMap=files)

    outputs = tasks.outputs("namespace.DownloadFiles", namespace="other", files=["**.txt"], destination="in")
    assert {name: tasks.read(uri) for name, uri in outputs["files"].items()} == {
        "/in/a/b/one.txt": b"1",
        "/in/a/two.txt": b"2",
    }
    tasks.outputs("namespace.DeleteFiles", namespace="other", files=["/a/*.txt", "*.md"])
    assert of_namespace(tasks, "other") == {"/a/b/one.txt": b"1"}


# Logs --------------------------------------------------------------------------------------------


def test_log_entries_are_fetched_into_a_file(tasks: Tasks) -> None:
    tasks.logs = [{"message": "one", "level": "WARN"}, {"message": "two", "level": "ERROR"}]
    outputs = tasks.outputs("log.Fetch", tasksId=["a", "b"], level="WARN")

    assert outputs["size"] == 2
    assert [orjson.loads(line) for line in tasks.read(outputs["uri"]).splitlines()] == tasks.logs
    assert tasks.asked == [LogsWanted("e1", "WARN", ("a", "b"))]

"""What attempts reach outside of themselves: log files, secrets made clear, a folder that goes away."""

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.unit.worker.rig import FAIL, LOG, RETURN, Gives, Rig

from runfold.adapters.encryption import Cipher
from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.functions import outside_functions
from runfold.adapters.revealing import Revealing
from runfold.execution.state import State
from runfold.flows.expressions import Expressions
from runfold.flows.inputs import ENCRYPTED_TYPE
from runfold.storage_layout import path_of
from runfold.worker.definitions import Definitions
from runfold.worker.storage import Outside

KEY = base64.b64encode(bytes(range(32))).decode()
FOLDER = "/company/team/flow/executions/e1/tasks/t"


def run(rig: Rig, task: dict[str, Any], **given: Any) -> Any:
    before = len(rig.ended())
    rig.send(task, **given)
    rig.until(lambda: len(rig.ended()) > before)
    return rig.ended()[-1]


def content(files: MemoryFiles, uri: str) -> str:
    with files.open(path_of(uri)) as file:
        return file.read().decode()


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def rig(files: MemoryFiles) -> Rig:
    return Rig(outside=Outside(files))


def test_the_log_of_a_task_that_logs_to_a_file_is_there_and_nowhere_else(rig: Rig, files: MemoryFiles) -> None:
    ended = run(rig, {"type": LOG, "message": ["one", "two\nlines"], "logToFile": True})

    assert ended.log_file == f"kestra://{FOLDER}/tr1/attempt-1.log"
    text = content(files, ended.log_file)
    assert text == "2026-01-02T03:04:05Z INFO one\n2026-01-02T03:04:05.000001Z INFO two\nlines\n"
    assert rig.lines() == []


def test_a_failure_is_in_the_log_file_too_at_the_levels_that_are_kept(rig: Rig, files: MemoryFiles) -> None:
    ended = run(rig, {"type": FAIL, "errorMessage": "why", "logToFile": True, "logLevel": "ERROR"})

    assert ended.state == State.FAILED
    assert content(files, ended.log_file) == "2026-01-02T03:04:05Z ERROR why\n"
    assert run(rig, {"type": LOG, "message": "x"}).log_file is None


def test_secrets_are_masked_in_log_files(files: MemoryFiles) -> None:
    rig = Rig(environment={"SECRET_KEY": base64.b64encode(b"hidden").decode()}, outside=Outside(files))
    ended = run(rig, {"type": LOG, "message": "<{{ secret('key') }}>", "logToFile": True})

    assert "<******>" in content(files, ended.log_file)


def test_what_was_encrypted_is_clear_for_the_task_and_masked_in_its_logs(files: MemoryFiles) -> None:
    cipher, other = Cipher(KEY), Cipher(base64.b64encode(bytes(16)).decode())
    rig = Rig()
    rig.outside = Outside(files, reveal=Revealing(cipher, rig.mask.remember))
    rig.new_worker()
    foreign = other.encrypt("of another")
    variables = {
        "inputs": {"secret": cipher.encrypt("pass word"), "nested": {"twice": cipher.encrypt(cipher.encrypt("inner"))}},
        "outputs": {
            "t": {"sealed": {"type": ENCRYPTED_TYPE, "value": cipher.encrypt("output")}},
            "plain": cipher.encrypt("a text like any other"),
            "foreign": {"type": ENCRYPTED_TYPE, "value": foreign},
        },
    }
    variables["inputs"]["plain"] = "just a text"

    def given(template: str) -> Any:
        return run(rig, {"type": RETURN, "format": template}, variables=variables).outputs["value"]

    assert given("{{ inputs.secret }} {{ inputs.nested.twice }} {{ inputs.plain }}") == "pass word inner just a text"
    assert given("{{ outputs.t.sealed }} {{ outputs.foreign }}") == f"output {foreign}"
    assert given("{{ outputs.plain }}") == variables["outputs"]["plain"]
    run(rig, {"type": LOG, "message": "it is {{ inputs.secret }}"}, variables=variables)
    assert rig.lines()[-1] == ("INFO", "it is **masked*")


def test_an_attempt_leaves_no_folder_behind(rig: Rig) -> None:
    seen: list[Path] = []

    def work(context: Any) -> None:
        seen.append(context.storage.working_dir)
        (seen[-1] / "file").write_text("x")

    Gives.WHAT = staticmethod(work)
    run(rig, {"type": "test.Gives"})
    run(rig, {"type": "test.Gives"})

    assert len(set(seen)) == 2
    assert not any(folder.exists() for folder in seen)


@pytest.mark.parametrize(
    ("message", "is_brief"),
    [
        ("{{ inputs.read }}", True),
        ("{{ errorLogs() }}", False),
        ("{{ kv ('a') }}", False),
        ("{{ read(inputs.a) }}", False),
    ],
)
def test_a_template_that_waits_for_the_world_holds_up_nobody_else(rig: Rig, message: str, is_brief: bool) -> None:
    work = rig.send({"type": LOG, "message": message})

    assert Definitions(rig.types).read(bytes(work.task)).is_brief is is_brief


def test_an_error_task_reads_the_errors_of_its_execution(files: MemoryFiles) -> None:
    rig = Rig(outside=Outside(files))
    functions = outside_functions(
        secret=rig.mask.secret,
        files=files,
        clock=rig.clock.now,
        is_namespace=lambda _namespace: False,
        find_logs=lambda wanted: [{"message": f"{wanted.level} of {wanted.execution_id}"}],
    )
    rig.expressions = Expressions(functions, clock=rig.clock.now, monotonic=rig.clock.monotonic)
    rig.new_worker()

    run(rig, {"type": LOG, "message": "{{ errorLogs()[0].message }}"}, variables={"execution": {"id": "e1"}})
    assert rig.lines() == [("INFO", "ERROR of e1")]

"""Scripts of flows: what they see, what they give, and that nothing of them is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.worker.rig import PATIENCE_S, Rig

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.execution.state import State
from runfold.storage_layout import path_of
from runfold.tasks import load_task_types
from runfold.tasks.process_rules import ScriptRules
from runfold.worker.storage import Outside

SCRIPTS = "io.kestra.plugin.scripts."
ON = ScriptRules(enabled=True, grace_s=0.5)
CONTEXT = {"flow": {"id": "flow", "namespace": "company.team"}, "execution": {"id": "e1"}}


class Tasks:
    """A worker that runs scripts by `rules`."""

    def __init__(self, rules: ScriptRules = ON) -> None:
        self.files = MemoryFiles()
        self.rig = Rig(outside=Outside(self.files, scripts=rules))

    def send(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> None:
        self.rig.send({"type": SCRIPTS + kind, **properties}, variables={**CONTEXT, **(variables or {})})

    def run(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> Any:
        before = len(self.rig.ended())
        self.send(kind, variables, **properties)
        self.rig.until(lambda: len(self.rig.ended()) > before)
        return self.rig.ended()[-1]

    def outputs(self, kind: str, variables: dict[str, Any] | None = None, **properties: Any) -> Any:
        ended = self.run(kind, variables, **properties)
        assert ended.state == State.SUCCESS, (ended.error, self.rig.lines())
        return ended.outputs

    def shell(self, *commands: str, **properties: Any) -> Any:
        return self.run("shell.Commands", commands=list(commands), **properties)

    def said(self, level: str = "INFO") -> list[str]:
        return [message for found, message in self.rig.lines() if found == level]

    def put(self, content: bytes, name: str = "in.txt") -> str:
        stored = self.files.put(f"/company/team/flow/executions/e1/inputs/f/{name}", BytesIO(content))
        return f"kestra://{stored.path}"

    def read(self, uri: str) -> str:
        with self.files.open(path_of(uri)) as content:
            return content.read().decode()


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_that(condition: Any) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it never came to that"
        time.sleep(0.01)


# What a script gives ------------------------------------------------------------------------------


def test_lines_become_log_entries_and_are_counted(tasks: Tasks) -> None:
    ended = tasks.shell("echo one", "printf 'two\\nno end'", "echo oops >&2", warningOnStdErr=False)

    assert ended.state == State.SUCCESS
    assert tasks.said() == ["one", "two", "no end"]
    assert tasks.said("WARN") == ["oops"]
    assert ended.outputs == {"exitCode": 0, "vars": {}, "stdOutLineCount": 3, "stdErrLineCount": 1, "outputFiles": {}}


def test_a_line_on_standard_error_makes_the_task_end_with_a_warning(tasks: Tasks) -> None:
    assert tasks.shell("echo oops >&2").state == State.WARNING


def test_an_exit_code_other_than_0_fails_the_task_and_its_outputs_are_kept(tasks: Tasks) -> None:
    ended = tasks.shell("""echo '::{"outputs":{"logOutput":"Hello World"}}::'""", "return 1")

    assert (ended.state, ended.error) == (State.FAILED, "Command failed with exit code 1")
    assert ended.outputs["vars"] == {"logOutput": "Hello World"}
    assert ended.outputs["exitCode"] == 1


def test_the_first_command_that_fails_ends_the_script_unless_the_author_wants_all(tasks: Tasks) -> None:
    assert tasks.shell("false", "echo after").state == State.FAILED
    assert tasks.said() == []
    assert tasks.shell("false", "echo after", failFast=False).state == State.SUCCESS
    assert tasks.said() == ["after"]


def test_a_signal_that_ends_the_script_shows_in_its_exit_code(tasks: Tasks) -> None:
    assert tasks.shell("kill -9 $$").outputs["exitCode"] == 128 + signal.SIGKILL


def test_marked_lines_set_outputs_metrics_and_log_entries(tasks: Tasks) -> None:
    ended = tasks.shell(
        """echo '::{"outputs":{"test":"value","int":2,"bool":true,"float":3.65}}::'""",
        """echo '::{"outputs":{"test":"later"},"metrics":[{"name":"rows","type":"counter","value":2,"tags":{"a":"b"}}]}::'""",
        """echo '::{"metrics":[{"name":"took","type":"timer","value":1.5}]}::'""",
        """echo '::{"logs":[{"level":"DEBUG","message":"quiet"}]}::'""",
    )

    assert ended.outputs["vars"] == {"test": "later", "int": 2, "bool": True, "float": 3.65}
    found = [(metric.name, metric.type, metric.value, metric.tags) for metric in tasks.rig.metrics()]
    assert found == [("rows", "counter", 2.0, {"a": "b"}), ("took", "timer", 1500.0, {})]
    assert tasks.said("DEBUG") == ["quiet"]


@pytest.mark.parametrize("line", ["::{no json}::", '::{"metrics":[{"name":"n"},7]}::', '::{"outputs":7}::'])
def test_a_marked_line_that_means_nothing_fails_nothing(tasks: Tasks, line: str) -> None:
    ended = tasks.shell(f"echo '{line}'")

    assert (ended.state, ended.outputs["vars"]) == (State.SUCCESS, {})
    assert line in tasks.said()


def test_a_line_without_end_is_cut_and_holds_nothing_up(tasks: Tasks) -> None:
    ended = tasks.shell("head -c 3000000 /dev/zero | tr '\\0' x")

    assert (ended.state, ended.outputs["stdOutLineCount"]) == (State.SUCCESS, 3)
    assert sum(map(len, tasks.said())) == 3_000_000


def test_more_than_the_log_holds_is_read_and_dropped(tasks: Tasks) -> None:
    ended = tasks.shell("yes | head -n 50000")

    assert (ended.state, ended.outputs["stdOutLineCount"]) == (State.SUCCESS, 50_000)
    assert len(tasks.said()) < 11_000


# Files --------------------------------------------------------------------------------------------


def test_files_go_in_as_texts_and_addresses_and_come_out_by_patterns(tasks: Tasks) -> None:
    uri = tasks.put(b"from the storage")

    outputs = tasks.outputs(
        "shell.Commands",
        {"inputs": {"file": uri}},
        inputFiles={"hello.txt": "Hello {{ flow.id }}", "data/in.txt": "{{ inputs.file }}"},
        outputFiles=["out/*.txt"],
        commands=["mkdir out", "cat hello.txt data/in.txt > out/all.txt", "echo no > out/other.csv"],
    )

    assert list(outputs["outputFiles"]) == ["out/all.txt"]
    assert tasks.read(outputs["outputFiles"]["out/all.txt"]) == "Hello flowfrom the storage"


def test_an_address_in_a_command_is_a_local_file_and_all_in_the_output_folder_is_an_output(tasks: Tasks) -> None:
    outputs = tasks.outputs(
        "shell.Commands",
        {"inputs": {"file": tasks.put(b"content")}},
        commands=["mkdir {{ outputDir }}/nested", "cat {{ inputs.file }} > {{ outputDir }}/nested/file.txt"],
        beforeCommands=["cp {{inputs.file}} {{workingDir}}/copy.txt"],
        outputFiles=["**"],
    )

    assert {name: tasks.read(uri) for name, uri in outputs["outputFiles"].items()} == {
        "nested/file.txt": "content",
        "copy.txt": "content",
    }


def test_files_of_the_namespace_are_there_as_far_as_they_are_wanted(tasks: Tasks) -> None:
    files = NamespaceFiles(tasks.files, "company.team")
    for name in ("a.txt", "b.txt", "c.csv"):
        files.put(f"/{name}", BytesIO(b"x"))

    tasks.outputs(
        "shell.Script", script="ls", namespaceFiles={"enabled": True, "include": ["*.txt"], "exclude": ["b.txt"]}
    )

    assert tasks.said() == ["a.txt"]


def test_a_file_that_leads_out_of_the_folder_is_refused(tasks: Tasks) -> None:
    ended = tasks.shell("true", inputFiles={"../x": "y"})

    assert "leads out of the working directory" in ended.error


def test_a_link_out_of_the_folder_is_no_output(tasks: Tasks) -> None:
    outputs = tasks.outputs("shell.Script", script="ln -s /etc/passwd stolen.txt", outputFiles=["*.txt"])

    assert outputs["outputFiles"] == {}


def test_the_folder_is_gone_after_the_end(tasks: Tasks) -> None:
    tasks.outputs("shell.Script", script="pwd; echo {{ workingDir }}")

    first, second = tasks.said()
    assert first == second
    assert not Path(first).exists()


# Python -------------------------------------------------------------------------------------------


def test_a_python_script_runs_with_the_modules_of_its_folder(tasks: Tasks) -> None:
    script = 'import mod\nprint(mod.X)\nprint(open("{{ inputs.file }}").read())'

    tasks.outputs(
        "python.Script", {"inputs": {"file": tasks.put(b"read")}}, script=script, inputFiles={"mod.py": "X = 'own'"}
    )

    assert tasks.said() == ["own", "read"]


def test_python_in_commands_is_the_workers(tasks: Tasks) -> None:
    tasks.outputs("python.Commands", commands=["python main.py"], inputFiles={"main.py": "print('main')"})

    assert tasks.said() == ["main"]


def test_an_exception_of_a_python_script_is_told_and_fails_the_task(tasks: Tasks) -> None:
    ended = tasks.run("python.Script", script="raise ValueError('broken')")

    assert (ended.state, ended.outputs["exitCode"]) == (State.FAILED, 1)
    assert "ValueError: broken" in tasks.said("WARN")


# The environment ----------------------------------------------------------------------------------


def test_a_script_sees_nothing_of_the_workers_environment(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "RUNFOLD_KAFKA_SASL_PASSWORD", "KESTRA_X", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD_X"):
        monkeypatch.setenv(name, "hidden")

    tasks.outputs("shell.Commands", commands=["env"], env={"OWN": "{{ flow.id }}"})

    names = {line.partition("=")[0] for line in tasks.said()}
    assert names == {"PATH", "HOME", "LANG", "TMPDIR", "OWN", "PWD"}
    assert "OWN=flow" in tasks.said()
    assert not any("hidden" in line for line in tasks.said())


def test_a_script_has_no_file_of_the_worker_and_nothing_to_read(tasks: Tasks, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        tasks.outputs("shell.Commands", commands=["ls -l /proc/self/fd", "cat"])

    assert not any(str(tmp_path) in line for line in tasks.said())
    assert any("0 -> /dev/null" in line for line in tasks.said())


@pytest.mark.parametrize("env", [{"A=B": "x"}, {"": "x"}, {"A": "x\x00y"}])
def test_an_environment_that_cannot_be_fails_the_task(tasks: Tasks, env: dict[str, str]) -> None:
    assert "no environment can hold" in tasks.shell("true", env=env).error


# The end ------------------------------------------------------------------------------------------


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Any]:
    """A file where scripts write the numbers of their processes, and what reads it."""
    file = tmp_path / "pids"

    def read(count: int) -> list[int]:
        await_that(lambda: file.exists() and len(file.read_text().split()) == count)
        return [int(pid) for pid in file.read_text().split()]

    read.file = str(file)  # type: ignore[attr-defined]
    yield read
    for pid in map(int, file.read_text().split() if file.exists() else []):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


STUBBORN = (
    "(trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >> {file}; while :; do sleep 60; done' & echo $! > /dev/null; wait)"
)


def begin(tasks: Tasks, pids: Any, **properties: Any) -> list[int]:
    """Start a script with a grandchild that ignores the request to end; return both numbers."""
    tasks.send("shell.Commands", commands=[f"echo $$ >> {pids.file}", STUBBORN.format(file=pids.file)], **properties)
    tasks.rig.until(lambda: Path(pids.file).exists() and len(Path(pids.file).read_text().split()) == 2)
    return pids(2)  # type: ignore[no-any-return]


def test_a_kill_ends_the_whole_group_by_force_if_need_be(tasks: Tasks, pids: Any) -> None:
    found = begin(tasks, pids)
    assert all(map(is_alive, found))

    tasks.rig.kill("e1")
    tasks.rig.until(tasks.rig.ended)

    assert tasks.rig.ended()[0].state == State.KILLED
    await_that(lambda: not any(map(is_alive, found)))


def test_a_timeout_ends_the_whole_group(tasks: Tasks, pids: Any) -> None:
    found = begin(tasks, pids, timeout="PT5S")

    tasks.rig.clock.advance(6)
    tasks.rig.until(tasks.rig.ended)

    assert (tasks.rig.ended()[0].state, tasks.rig.ended()[0].error) == (State.FAILED, "Timeout after 00:00:05.000")
    await_that(lambda: not any(map(is_alive, found)))


def test_a_script_told_to_end_may_tidy_up(tasks: Tasks, pids: Any, tmp_path: Path) -> None:
    done = tmp_path / "done"
    tasks.send(
        "shell.Commands", commands=[f"trap 'touch {done}; exit' TERM", f"echo $$ >> {pids.file}", "sleep 60 & wait"]
    )
    tasks.rig.until(lambda: Path(pids.file).exists())

    tasks.rig.kill("e1")
    tasks.rig.until(tasks.rig.ended)

    await_that(done.exists)


def test_what_a_script_leaves_in_the_background_ends_with_it(tasks: Tasks, pids: Any) -> None:
    ended = tasks.shell(f"sleep 60 & echo $! > {pids.file}")

    assert ended.state == State.SUCCESS
    await_that(lambda: not any(map(is_alive, pids(1))))


def test_who_left_the_group_and_holds_the_output_does_not_hold_up_the_end(tasks: Tasks, pids: Any) -> None:
    began_s = time.monotonic()

    ended = tasks.shell(f"setsid sh -c 'echo $$ > {pids.file}; exec sleep 60' & sleep 0.2", "echo end")

    assert (ended.state, tasks.said()) == (State.SUCCESS, ["end"])
    assert time.monotonic() - began_s < PATIENCE_S


WORKER = """
import sys, threading, time
from pathlib import Path
from tests.unit.tasks.test_script_tasks import Tasks

tasks = Tasks()
tasks.send("shell.Commands", commands=["echo $$ > " + sys.argv[1], "sleep 60"])
tasks.rig.until(lambda: Path(sys.argv[1]).exists() and Path(sys.argv[1]).read_text())
"""


def test_the_end_of_the_worker_ends_its_scripts(pids: Any) -> None:
    subprocess.run(
        [sys.executable, "-c", WORKER, pids.file], check=True, timeout=60, env={**os.environ, "PYTHONPATH": "."}
    )

    await_that(lambda: not any(map(is_alive, pids(1))))


# Limits -------------------------------------------------------------------------------------------


def test_limits_hold_for_the_script_from_its_begin() -> None:
    rules = replace(ON, cpu_s=17, memory_bytes=2**30, processes=321, file_bytes=2**20)

    limited = Tasks(rules)
    limited.outputs("shell.Commands", commands=["cat /proc/self/limits"])

    found = {line[:26].strip(): line[26:].split()[:2] for line in limited.said()}
    assert found["Max cpu time"] == ["17", "17"]
    assert found["Max address space"] == [str(2**30)] * 2
    assert found["Max processes"] == ["321", "321"]
    assert found["Max file size"] == [str(2**20)] * 2
    assert found["Max core file size"] == ["0", "0"]


def test_a_script_that_takes_more_memory_than_it_may_fails() -> None:
    ended = Tasks(replace(ON, memory_bytes=200 * 2**20)).run("python.Script", script="x = bytearray(10**9)")

    assert (ended.state, ended.outputs["exitCode"]) == (State.FAILED, 1)


def test_a_file_that_grows_too_large_fails_the_script() -> None:
    ended = Tasks(replace(ON, file_bytes=1000)).shell("head -c 5000 /dev/zero > big")

    assert ended.state == State.FAILED


def test_commands_longer_than_the_kernel_takes_are_refused(tasks: Tasks) -> None:
    assert "inputFiles" in tasks.run("shell.Script", script="#" * 140_000).error


# What is refused ----------------------------------------------------------------------------------


def test_scripts_are_off_unless_the_settings_say_otherwise() -> None:
    off = Tasks(ScriptRules())

    assert "RUNFOLD_SCRIPTS_ENABLED=true" in off.shell("echo ran").error
    assert off.said() == []


def refusal(**properties: Any) -> str:
    model = load_task_types().find(f"{SCRIPTS}python.Script")
    assert model is not None
    with pytest.raises(ValidationError) as refused:
        model.model_validate(
            {"id": "t", "type": f"{SCRIPTS}python.Script", "script": "x", **properties}, by_alias=True, by_name=False
        )
    return str(refused.value)


def test_containers_and_packages_are_refused_when_the_flow_is_checked() -> None:
    docker = {"type": "io.kestra.plugin.scripts.runner.docker.Docker", "pullPolicy": "NEVER"}

    assert "local processes only" in refusal(taskRunner=docker)
    assert "no containers here" in refusal(docker={"image": "python"})
    assert "PROCESS" in refusal(runner="DOCKER")
    assert "packages are not installed here" in refusal(dependencies=["requests"])


def test_the_image_of_a_container_is_ignored_with_a_warning(tasks: Tasks) -> None:
    ended = tasks.shell(
        "echo ran", containerImage="ubuntu", taskRunner={"type": "io.kestra.plugin.core.runner.Process"}
    )

    assert (ended.state, tasks.said()) == (State.SUCCESS, ["ran"])
    assert "`containerImage` is ignored" in tasks.said("WARN")[0]

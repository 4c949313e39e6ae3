"""`runfold plugins`: what there is, what it takes, and a project that works as it was made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from typer.testing import CliRunner, Result

from runfold.__main__ import app

LOG = "io.kestra.plugin.core.log.Log"
OLD_LOG = "io.kestra.core.tasks.log.Log"
PATIENCE_S = 120


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plugins", *arguments], env={"COLUMNS": "200"})


def run(*arguments: str, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_programs_learn_what_types_there_are() -> None:
    listed = {row["type"]: row for row in json.loads(called("list", "--json").stdout)}

    assert listed[LOG] | {"version": ""} == {
        "type": LOG,
        "kind": "task",
        "package": "runfold",
        "version": "",
        "deprecated": False,
        "aliases": [OLD_LOG],
    }
    assert listed["io.kestra.plugin.core.flow.EachParallel"]["deprecated"] is True
    kinds = {row["kind"] for row in listed.values()}
    assert {"task", "flowable", "trigger", "condition"} <= kinds


def test_people_see_a_table_with_old_names_below() -> None:
    lines = called("list").stdout.splitlines()

    here = next(number for number, line in enumerate(lines) if LOG in line)
    assert "runfold" in lines[here]
    assert OLD_LOG in lines[here + 1]


def test_types_that_the_settings_name_are_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_PLUGINS", "tests.doubles:DOUBLES")

    listed = {row["type"]: row for row in json.loads(called("list", "--json").stdout)}

    assert listed["io.kestra.core.tasks.test.Read"]["package"] == "settings"


@pytest.mark.parametrize("name", [LOG, OLD_LOG])
def test_a_type_has_a_schema_by_any_of_its_names(name: str) -> None:
    schema = Draft7Validator(json.loads(called("schema", name).stdout))

    assert schema.is_valid({"id": "t", "type": LOG, "message": "m"})
    assert not schema.is_valid({"id": "t", "type": LOG})


def test_flows_have_a_schema() -> None:
    schema = Draft7Validator(json.loads(called("schema", "flow").stdout))

    assert schema.is_valid({"id": "f", "namespace": "n", "tasks": [{"id": "t", "type": LOG, "message": "m"}]})
    assert not schema.is_valid({"id": "f", "namespace": "n", "tasks": [{"id": "t", "type": "no.such.Type"}]})


def test_what_has_no_schema_is_said() -> None:
    result = called("schema", "no.such.Type")

    assert result.exit_code == 1
    assert "no.such.Type" in result.output


@pytest.mark.parametrize("name", ["My-Tasks", "my_tasks", "-x", "../x", "", "x" * 100])
def test_a_name_that_no_package_can_have_is_refused(name: str, tmp_path: Path) -> None:
    result = called("new", "--into", str(tmp_path), "--", name)

    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    result = called("new", "mine", "--into", str(tmp_path))

    assert result.exit_code == 1
    assert "is there already" in result.output
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_new_project_installs_passes_its_test_and_is_listed(tmp_path: Path) -> None:
    assert called("new", "my-tasks", "--into", str(tmp_path)).exit_code == 0
    project, installed = tmp_path / "my-tasks", tmp_path / "installed"
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(installed))

    pip = run("pip", "install", "-q", *options, str(project), path=tmp_path, cwd=tmp_path)
    assert pip.returncode == 0, pip.stderr
    tests = run("pytest", "-q", "-p", "no:cacheprovider", path=installed, cwd=project)
    assert tests.returncode == 0, tests.stdout
    listed = run("runfold", "plugins", "list", "--json", path=installed, cwd=tmp_path)

    found = next(row for row in json.loads(listed.stdout) if row["type"] == "my_tasks.Greet")
    assert (found["package"], found["version"], found["kind"]) == ("my-tasks", "0.1.0", "task")


def test_a_new_project_is_as_clean_as_our_own_code(tmp_path: Path) -> None:
    called("new", "my-tasks", "--into", str(tmp_path))
    config = Path(__file__).resolve().parents[3] / "pyproject.toml"

    ruff = run("ruff", "check", "--no-cache", "--config", str(config), ".", path=tmp_path, cwd=tmp_path / "my-tasks")

    assert ruff.returncode == 0, ruff.stdout

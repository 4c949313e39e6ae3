import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from runfold import __version__
from runfold.__main__ import app

COMMANDS = ("run", "standalone", "executor", "worker", "indexer", "webserver", "version")
GROUPS = (("topics", "plan"), ("topics", "apply"), ("flows", "validate"))

SOUND = """
id: sound
namespace: company.team
tasks:
  - id: only
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.word }}"
inputs:
  - id: word
    type: STRING
"""


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def written(folder: Path, text: str) -> str:
    path = folder / "flow.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", [*((name,) for name in COMMANDS), *GROUPS], ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = called(*command, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_version_is_told_to_people_and_to_programs() -> None:
    assert called("version").stdout == f"runfold {__version__}\n"
    assert json.loads(called("version", "--json").stdout)["version"] == __version__


def test_a_sound_flow_is_valid(tmp_path: Path) -> None:
    result = called("flows", "validate", written(tmp_path, SOUND))

    assert result.exit_code == 0
    assert result.stdout.endswith("flow.yaml: valid\n")


def test_what_is_wrong_with_a_flow_is_shown_with_its_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND.replace("format:", "formt:"))

    result = called("flows", "validate", path)

    assert result.exit_code == 1
    assert f"{path}:7:5: " in result.stderr
    assert "formt" in result.stderr


def test_validation_tells_programs_every_file(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND.replace("debug.Return", "debug.Retrun"))

    result = called("flows", "validate", path, str(tmp_path / "missing.yaml"), "--json")

    assert result.exit_code == 1
    wrong, missing = json.loads(result.stdout)
    assert (wrong["valid"], wrong["violations"][0]["line"]) == (False, 5)
    assert "cannot be read" in missing["violations"][0]["message"]


def test_a_run_answers_programs_with_the_execution(tmp_path: Path) -> None:
    result = called("run", written(tmp_path, SOUND), "-i", "word=hello", "--json")

    assert result.exit_code == 0
    execution = json.loads(result.stdout)
    assert execution["state"]["current"] == "SUCCESS"
    assert execution["taskRunList"][0]["outputs"] == {"value": "hello"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [((), "missing required input"), (("-i", "word"), "key=value")],
    ids=["missing", "no value"],
)
def test_a_run_with_wrong_inputs_says_which_and_fails(tmp_path: Path, inputs: tuple[str, ...], message: str) -> None:
    result = called("run", written(tmp_path, SOUND), *inputs)

    assert result.exit_code == 1
    assert message in result.stderr


def test_a_run_of_a_broken_flow_shows_where_it_is_broken(tmp_path: Path) -> None:
    path = written(tmp_path, "id: x\nnamespace: company.team\ntasks: {}\n")

    result = called("run", path)

    assert result.exit_code == 1
    assert f"{path}:3:" in result.stderr


def test_a_wrong_setting_ends_a_command_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFOLD_WORKER_SLOTS", "many")

    result = called("run", written(tmp_path, SOUND), "-i", "word=x")

    assert result.exit_code == 1
    assert "RUNFOLD_WORKER_SLOTS" in result.stderr


def test_once_without_a_flow_to_run_is_refused() -> None:
    result = called("standalone", "--once")

    assert result.exit_code == 1
    assert "--run" in result.stderr

"""`runfold purge` on the data of a standalone."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.commands.test_command_line import called

from runfold.documents.model import Kind
from runfold.documents.query import Query
from runfold.embedded import standalone_engine
from runfold.settings import Settings

FLOW = """
id: hello
namespace: company.team
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one ended execution."""
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW, encoding="utf-8")
    folder = tmp_path / "data"
    assert called("standalone", "--data", str(folder), "--port", "0", "--flows", str(tmp_path), "--run",
                  "company.team.hello", "--once").exit_code == 0  # fmt: skip
    with standalone_engine(Settings(), folder) as ours:
        for _ in range(5):
            ours.steps["indexer"]()
    return folder


def purged(*arguments: str) -> dict[str, Any]:
    result = called("purge", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def total(data: Path, kind: Kind) -> int:
    with standalone_engine(Settings(), data) as ours:
        return ours.index.search(Query(kind)).total


def test_a_dry_run_says_what_would_go_and_nothing_goes(data: Path) -> None:
    found = purged("--data", str(data), "--older-than", "PT0.001S", "--dry-run")

    assert found["dryRun"] is True
    assert [(row["kind"], row["count"]) for row in found["purged"]] == [("executions", 1)]
    assert total(data, Kind.EXECUTIONS) == 1


def test_what_is_old_is_gone_when_the_command_ends(data: Path) -> None:
    assert purged("--data", str(data), "--older-than", "P1D")["purged"][0]["count"] == 0
    assert purged("--data", str(data), "--older-than", "PT0.001S", "--namespace", "company")["purged"][0]["count"] == 1

    for kind, count in ((Kind.EXECUTIONS, 0), (Kind.TASKRUNS, 0), (Kind.LOGS, 0), (Kind.DELETIONS, 1)):
        assert total(data, kind) == count, kind


def test_the_rules_of_the_settings_count_when_none_is_given(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert called("purge", "--data", str(data)).exit_code == 1
    assert called("purge", "--data", str(data), "--older-than", "soon").exit_code == 1

    monkeypatch.setenv("RUNFOLD_RETENTION", '[{"namespace": "company", "executions": "PT0.001S", "logs": "P1D"}]')
    found = purged("--data", str(data))

    assert {row["kind"]: row["count"] for row in found["purged"]} == {"executions": 1, "logs": 0}

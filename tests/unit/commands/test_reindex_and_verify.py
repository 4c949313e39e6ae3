"""`runfold reindex` and `runfold verify` on the data of a standalone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.commands.test_command_line import called
from tests.unit.commands.test_purge import data  # noqa: F401 - a fixture

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.documents.query import Query
from runfold.embedded import locked, standalone_engine
from runfold.settings import Settings


@pytest.fixture
def folder(data: Path) -> Iterator[Path]:  # noqa: F811
    return data


def verified(folder: Path) -> tuple[int, dict[str, Any]]:
    result = called("verify", "--data", str(folder), "--sample", "1", "--patience", "PT0S", "--json")
    return result.exit_code, json.loads(result.stdout)


def test_a_lost_index_is_built_anew_from_the_log(folder: Path) -> None:
    with standalone_engine(Settings(), folder) as ours:
        before = {kind: ours.index.search(Query(kind)).total for kind in (Kind.EXECUTIONS, Kind.TASKRUNS, Kind.LOGS)}
    (folder / "index.sqlite").unlink()
    code, found = verified(folder)
    assert (code, found["counts"]["missing"]) == (1, 0) or found["counts"]["behind"] > 0

    result = called("reindex", "--data", str(folder), "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["taskRuns"] == before[Kind.TASKRUNS] == 1
    with standalone_engine(Settings(), folder) as ours:
        assert {kind: ours.index.search(Query(kind)).total for kind in before} == before
    code, found = verified(folder)
    assert (code, found["differences"]) == (0, [])
    assert not list(folder.glob("*building*"))


def test_a_difference_is_listed_and_ends_with_exit_code_1(folder: Path) -> None:
    assert verified(folder)[0] == 0
    index = SqliteIndex(folder / "index.sqlite")
    taskrun = index.search(Query(Kind.TASKRUNS)).documents[0]
    index.delete_where(Kind.TASKRUNS, Query(Kind.TASKRUNS).filter)
    index.close()

    code, found = verified(folder)
    told = called("verify", "--data", str(folder), "--sample", "1", "--patience", "PT0S")

    assert code == told.exit_code == 1
    assert [(each["what"], each["id"]) for each in found["differences"]] == [("missing", taskrun.id)]
    assert f"missing taskruns {taskrun.id}" in told.stdout


def test_data_that_someone_works_on_is_left_alone(folder: Path) -> None:
    with locked(folder):
        result = called("reindex", "--data", str(folder))

    assert result.exit_code == 1
    assert "works on" in result.output


def test_a_folder_without_data_is_told_as_such(tmp_path: Path) -> None:
    assert called("verify", "--data", str(tmp_path)).exit_code == 1
    assert called("verify", "--data", str(tmp_path), "--since", "soon").exit_code == 1

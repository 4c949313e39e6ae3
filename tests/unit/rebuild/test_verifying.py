"""The proof that index and log agree finds each way in which they may not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.rebuild.rig import FAN, STEPS_FLOW, Rig

from runfold.documents.model import Document, Kind
from runfold.documents.query import Is
from runfold.execution.model import TaskRun
from runfold.execution.state import Entry, State
from runfold.rebuild.verifying import Scope, What

BEGUN = (Entry(State.CREATED, datetime(2026, 11, 24, tzinfo=UTC)),)
OTHER = TaskRun("t", "e", "n", "f", 1, "a", "T", 0, BEGUN)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def taskrun(rig: Rig) -> Document:
    """A task run of an ended execution, as it is in the index."""
    outcome = rig.run(STEPS_FLOW)
    rig.index()
    found = rig.live.get(Kind.TASKRUNS, outcome.taskruns[0].id)
    assert found is not None
    assert rig.verify().differences == []
    return found


def whats(rig: Rig) -> list[tuple[What, Kind, str]]:
    return [(each.what, each.kind, each.id) for each in rig.verify().differences]


def put(rig: Rig, document: Document) -> None:
    """Put a document in the place of whatever is there."""
    rig.live.delete_where(document.kind, Is("id", (document.id,)))
    assert rig.live.put([document]) == {}


def test_a_missing_document_is_found(rig: Rig, taskrun: Document) -> None:
    rig.live.delete_where(Kind.TASKRUNS, Is("id", (taskrun.id,)))

    assert whats(rig) == [(What.MISSING, Kind.TASKRUNS, taskrun.id)]


def test_an_older_document_is_found(rig: Rig, taskrun: Document) -> None:
    put(rig, replace(taskrun, version=taskrun.version - 1))

    assert whats(rig) == [(What.OLDER, Kind.TASKRUNS, taskrun.id)]


@pytest.mark.parametrize("change", [{"state": "FAILED"}, {"snapshot": OTHER}, {"workerId": None}])
def test_a_document_of_the_right_version_with_another_content_is_found(
    rig: Rig, taskrun: Document, change: dict[str, object]
) -> None:
    body = {name: value for name, value in {**taskrun.body, **change}.items() if value is not None}
    put(rig, replace(taskrun, body=body))

    assert whats(rig) == [(What.DIFFERENT, Kind.TASKRUNS, taskrun.id)]


def test_how_slow_a_task_run_was_beside_others_is_no_difference(rig: Rig, taskrun: Document) -> None:
    put(rig, replace(taskrun, body={**taskrun.body, "baselineMs": 5, "slowdown": 2.0}))

    assert whats(rig) == []


def test_documents_that_no_fact_tells_of_are_found(rig: Rig, taskrun: Document) -> None:
    stranger = replace(taskrun, id="stranger", body={**taskrun.body, "id": "stranger"})
    execution = rig.live.get(Kind.EXECUTIONS, taskrun.body["executionId"])
    assert execution is not None
    unheard_of = replace(execution, id="unheard", body={**execution.body, "id": "unheard"})
    rig.live.put([stranger, unheard_of])

    assert whats(rig) == [(What.EXTRA, Kind.TASKRUNS, "stranger"), (What.EXTRA, Kind.EXECUTIONS, "unheard")]


def test_what_the_indexer_has_not_read_is_behind_and_what_is_wrong_beside_it_is_not(
    rig: Rig, taskrun: Document
) -> None:
    rig.live.delete_where(Kind.TASKRUNS, Is("id", (taskrun.id,)))
    late = rig.run(FAN)

    result = rig.verify()

    assert [each.id for each in result.faults] == [taskrun.id]
    behind = {each.id for each in result.differences if each.what is What.BEHIND}
    assert behind == {late.execution.id, *(run.id for run in late.taskruns)}
    assert result.behind > 0

    rig.index()
    assert {each.id for each in rig.verify().differences} == {taskrun.id}


def test_a_sample_is_always_the_same_part(rig: Rig) -> None:
    ids = [rig.run(STEPS_FLOW).execution.id for _ in range(20)]
    rig.index()
    tenth, half = Scope(sample=0.1), Scope(sample=0.5)

    looked_at = rig.verify(sample=0.5).executions

    assert looked_at == sum(half.includes(each) for each in ids)
    assert 0 < looked_at < 20
    assert {each for each in ids if tenth.includes(each)} <= {each for each in ids if half.includes(each)}
    assert rig.verify(sample=0.0).executions == 0

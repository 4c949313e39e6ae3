"""A deleted execution in the index: gone with all that belongs to it, and nothing brings it back."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from msgspec.structs import replace
from tests.unit.indexer.test_indexer import DATE, Topic, record, taskrun

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.documents.query import Query
from runfold.errors import Unavailable
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Deletion, Execution
from runfold.execution.state import Entry, State
from runfold.indexer.service import Indexer
from runfold.ports import Record
from runfold.topology import EXECUTIONS, LOGS, METRICS, TASKRUNS

FILE = "/n/f/executions/ex/tasks/t/tr/out.txt"
OTHER = "/n/f/executions/other/inputs/a/in.txt"
LATER = DATE + timedelta(hours=1)


@pytest.fixture
def index() -> Iterator[SqliteIndex]:
    opened = SqliteIndex()
    yield opened
    opened.close()


@pytest.fixture
def files() -> MemoryFiles:
    files = MemoryFiles()
    files.put(FILE, BytesIO(b"x"))
    files.put(OTHER, BytesIO(b"x"))
    return files


def all_of(execution_id: str, offset: int = 0) -> list[Record]:
    run = replace(taskrun(f"{execution_id}-tr"), execution_id=execution_id)
    return [
        record(EXECUTIONS, execution_id, Execution(execution_id, "n", "f", 1, (Entry(State.SUCCESS, DATE),), seq=5)),
        record(TASKRUNS, f"{execution_id}/{run.id}", run),
        record(LOGS, execution_id, LogEntry("n", "f", execution_id, DATE, "INFO", "hello"), offset),
        record(
            METRICS, execution_id, MetricEntry("n", "f", execution_id, "t", run.id, "counter", "r", 2.0, DATE), offset
        ),
    ]


def deleted(**kept: bool) -> Record:
    deletion = Deletion(LATER, **kept)
    return record(
        EXECUTIONS, "ex", Execution("ex", "n", "f", 1, (Entry(State.SUCCESS, LATER),), seq=6, deletion=deletion)
    )


def counts(index: SqliteIndex) -> dict[str, int]:
    return {str(kind): index.search(Query(kind)).total for kind in Kind if kind is not Kind.PROGRESS}


def test_all_documents_and_files_of_a_deleted_execution_go_and_those_of_others_stay(index, files):
    topic = Topic(*all_of("ex"), *all_of("other", 1))
    indexer = Indexer(topic, index, files=files)
    indexer.step()
    topic.records = [deleted(), record(TASKRUNS, "ex/ex-tr", None)]
    indexer.step()
    assert counts(index) == {"taskruns": 1, "executions": 1, "logs": 1, "metrics": 1, "deletions": 1}
    assert index.get(Kind.EXECUTIONS, "ex") is None
    assert [stored.path for stored in files.list("/n")] == [OTHER]
    proof = index.get(Kind.DELETIONS, "ex").body["source"]
    assert (proof["executionId"], proof["date"]) == ("ex", "2026-05-04T01:00:00Z")


def test_logs_metrics_and_files_stay_when_that_is_wanted(index, files):
    topic = Topic(*all_of("ex"), deleted(logs=False, metrics=False, files=False), *all_of("ex", 1))
    Indexer(topic, index, files=files).step()
    assert counts(index) == {"taskruns": 0, "executions": 0, "logs": 2, "metrics": 2, "deletions": 1}
    assert len(list(files.list("/n"))) == 2


def test_what_comes_late_or_again_of_a_deleted_execution_is_not_stored(index, files):
    topic = Topic(*all_of("ex"), deleted())
    Indexer(topic, index, files=files).step()
    topic.records = all_of("ex", 7)
    Indexer(topic, index, files=files).step()
    topic.records = [deleted(), record(EXECUTIONS, "ex", None), *all_of("ex", 8)]
    Indexer(topic, index, files=files).step()
    assert counts(index) == {"taskruns": 0, "executions": 0, "logs": 0, "metrics": 0, "deletions": 1}


def test_a_deletion_is_confirmed_once_everything_is_gone(index):
    class Away(MemoryFiles):
        def list(self, folder):  # noqa: ARG002 -- it is away
            raise Unavailable("no storage")

    topic = Topic(*all_of("ex"), deleted())
    indexer = Indexer(topic, index, files=Away())
    with pytest.raises(Unavailable):
        indexer.step()
    assert topic.confirmed == []


def test_an_execution_that_begins_under_a_deleted_name_is_found(index, files):
    topic = Topic(*all_of("ex"), deleted())
    indexer = Indexer(topic, index, files=files)
    indexer.step()
    since = LATER + timedelta(hours=1)
    topic.records = [
        record(TASKRUNS, "ex/new", replace(taskrun("new"), histories=(Entry(State.CREATED, since),))),
        record(EXECUTIONS, "ex", Execution("ex", "n", "f", 1, (Entry(State.RUNNING, since),), seq=1)),
    ]
    indexer.step()
    topic.records = [record(LOGS, "ex", LogEntry("n", "f", "ex", since, "INFO", "hello"), 9)]
    indexer.step()
    assert counts(index) == {"taskruns": 1, "executions": 1, "logs": 1, "metrics": 0, "deletions": 0}


def test_a_name_that_means_the_files_of_others_removes_none(index, files):
    bad = Execution("../other", "n", "f", 1, (Entry(State.SUCCESS, LATER),), seq=6, deletion=Deletion(LATER))
    Indexer(Topic(record(EXECUTIONS, "../other", bad)), index, files=files).step()
    assert len(list(files.list("/n"))) == 2

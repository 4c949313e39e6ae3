"""The indexer: from records to documents, and what becomes of those that nobody can read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Document, Kind
from runfold.documents.query import Is, Page, Query, Sort, Words
from runfold.documents.statistics import Group, Statistics, StatisticsAnswer
from runfold.documents.statistics.figures import NO_FIGURES
from runfold.errors import Unavailable
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Execution, TaskRun
from runfold.execution.state import Entry, State
from runfold.indexer.service import Indexer, Pace
from runfold.ports import Message, Record
from runfold.topology import DEAD_LETTERS, EXECUTIONS, LOGS, METRICS, TASKRUNS

DATE = datetime(2026, 5, 4, tzinfo=UTC)


class Topic:
    """A log that hands out records once, and remembers what was confirmed."""

    def __init__(self, *records: Record) -> None:
        self.records = list(records)
        self.confirmed: list[Record] = []
        self.written: list[Message] = []
        self.polls: list[tuple[int, float]] = []
        self.is_away = False

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        """Take at most a dozen, as they come over a network; never wait."""
        self.polls.append((limit, timeout_s))
        limit = min(limit, 12)
        taken, self.records = self.records[:limit], self.records[limit:]
        return taken

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        if self.is_away:
            raise Unavailable("no broker")
        self.confirmed += read
        self.written += written

    def wake(self) -> None: ...

    def close(self) -> None: ...


class Flaky:
    """An index that is away at first, refuses some, and remembers what it was given."""

    def __init__(self, away: int = 0, refused: Mapping[str, str] | None = None) -> None:
        self.away = away
        self.refused = refused or {}
        self.given: list[list[Document]] = []

    def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
        if self.away:
            self.away -= 1
            raise Unavailable("no index")
        if not all(document.kind is Kind.PROGRESS for document in documents):
            self.given.append(list(documents))
        return self.refused

    def search(self, query: Query) -> Page:  # noqa: ARG002 -- nothing was ever deleted here
        return Page((), 0)

    def refresh(self) -> None: ...

    def statistics(self, wanted: Statistics) -> StatisticsAnswer:  # noqa: ARG002 -- nothing ran here
        return StatisticsAnswer((), Group(figures={"runMs": NO_FIGURES}))


def record(topic: str, key: str, value: Any, offset: int = 0) -> Record:
    encoded = value if value is None or isinstance(value, bytes) else msgspec.json.encode(value)
    return Record(topic, 0, offset, key, encoded, {}, 0)


def taskrun(document_id: str, seq: int = 1, state: State = State.CREATED) -> TaskRun:
    return TaskRun(document_id, "ex", "n", "f", 1, "t", "T", 0, (Entry(state, DATE),), seq)


@pytest.fixture
def index() -> Iterator[SqliteIndex]:
    opened = SqliteIndex()
    yield opened
    opened.close()


def test_every_topic_becomes_searchable(index: SqliteIndex):
    topic = Topic(
        record(EXECUTIONS, "ex", Execution("ex", "n", "f", 1, (Entry(State.CREATED, DATE),))),
        record(TASKRUNS, "ex/tr", taskrun("tr")),
        record(LOGS, "ex", LogEntry("n", "f", "ex", DATE, "INFO", "hello world"), 5),
        record(METRICS, "ex", MetricEntry("n", "f", "ex", "t", "tr", "counter", "rows", 2.0, DATE), 6),
    )
    Indexer(topic, index).step()
    found = {kind: index.search(Query(kind)).total for kind in Kind if kind is not Kind.PROGRESS}
    assert found == dict.fromkeys(found, 1) | {Kind.DELETIONS: 0}
    assert index.search(Query(Kind.LOGS, Words("hel wor"))).documents[0].id == "logs-0-5"
    assert len(topic.confirmed) == 4
    assert topic.written == []


def test_only_the_newest_snapshot_of_a_batch_is_stored():
    topic = Topic(*(record(TASKRUNS, f"ex/t{n % 2}", taskrun(f"t{n % 2}", seq=n), n) for n in range(10)))
    index = Flaky()
    Indexer(topic, index).step()
    assert [(document.id, document.version) for document in index.given[0]] == [("t0", 8), ("t1", 9)]
    assert len(topic.confirmed) == 10


def test_a_tombstone_deletes_nothing(index: SqliteIndex):
    indexer = Indexer(topic := Topic(record(TASKRUNS, "ex/tr", taskrun("tr"))), index)
    indexer.step()
    topic.records = [record(TASKRUNS, "ex/tr", None, 1)]
    indexer.step()
    assert index.get(Kind.TASKRUNS, "tr") is not None
    assert [confirmed.offset for confirmed in topic.confirmed] == [0, 1]


def test_a_task_run_that_is_removed_is_searched_no_more_whatever_comes_twice(index: SqliteIndex):
    made = record(TASKRUNS, "ex/a", taskrun("a"), 0)
    removed = record(TASKRUNS, "ex/a", msgspec.structs.replace(taskrun("a", seq=2), is_removed=True), 1)
    indexer = Indexer(topic := Topic(made, record(TASKRUNS, "ex/b", taskrun("b"))), index)
    indexer.step()
    for again in ([removed], [made, removed], [removed, removed]):
        topic.records = list(again)
        indexer.step()
        found = index.search(Query(Kind.TASKRUNS)).documents
        assert [document.id for document in found] == ["b"]
    assert topic.written == []


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'{"id":"x"}',
        b"null",
        msgspec.json.encode(taskrun("x")).replace(b"T00:00:00Z", b""),
    ],
)
def test_a_record_that_nobody_can_read_becomes_a_dead_letter_and_stops_nothing(index: SqliteIndex, poison: bytes):
    topic = Topic(
        record(TASKRUNS, "ex/a", taskrun("a"), 0),
        record(TASKRUNS, "ex/x", poison, 1),
        record(TASKRUNS, "ex/b", taskrun("b"), 2),
    )
    Indexer(topic, index).step()
    found = index.search(Query(Kind.TASKRUNS, sort=(Sort("id"),))).documents
    assert [document.id for document in found] == ["a", "b"]
    (letter,) = topic.written
    body = json.loads(letter.value)
    assert (letter.topic, letter.key) == (DEAD_LETTERS, "ex/x")
    assert (body["topic"], body["partition"], body["offset"], body["key"]) == (TASKRUNS, 0, 1, "ex/x")
    assert body["error"]
    assert "value" in body or "valueBase64" in body


def test_a_history_without_entries_is_a_dead_letter(index: SqliteIndex):
    topic = Topic(record(TASKRUNS, "ex/x", msgspec.structs.replace(taskrun("x"), histories=())))
    Indexer(topic, index).step()
    assert len(topic.written) == len(topic.confirmed) == 1


def test_when_the_newest_snapshot_can_not_be_read_the_one_before_it_is_stored(index: SqliteIndex):
    topic = Topic(record(TASKRUNS, "ex/a", taskrun("a", seq=4), 0), record(TASKRUNS, "ex/a", b"{", 1))
    Indexer(topic, index).step()
    assert index.get(Kind.TASKRUNS, "a").version == 4
    assert len(topic.written) == 1


def test_a_document_that_the_index_refuses_becomes_a_dead_letter():
    topic = Topic(record(TASKRUNS, "ex/a", taskrun("a"), 7), record(TASKRUNS, "ex/b", taskrun("b"), 8))
    Indexer(topic, Flaky(refused={"b": "too deep"})).step()
    (letter,) = topic.written
    assert json.loads(letter.value)["offset"] == 8
    assert json.loads(letter.value)["error"] == "too deep"


def test_nothing_is_confirmed_until_the_index_took_it():
    topic = Topic(record(TASKRUNS, "ex/a", taskrun("a")))
    index = Flaky(away=2)
    indexer = Indexer(topic, index)
    for _ in range(2):
        with pytest.raises(Unavailable):
            indexer.step()
        assert topic.confirmed == []
    indexer.step()
    assert [document.id for document in index.given[0]] == ["a"]
    assert len(topic.confirmed) == 1


def test_what_could_not_be_confirmed_is_stored_and_confirmed_again(index: SqliteIndex):
    topic = Topic(record(TASKRUNS, "ex/a", taskrun("a")), record(TASKRUNS, "ex/x", b"{"))
    topic.is_away = True
    indexer = Indexer(topic, index)
    with pytest.raises(Unavailable):
        indexer.step()
    topic.is_away = False
    indexer.step()
    assert len(topic.confirmed) == 2
    assert len(topic.written) == 1
    assert index.search(Query(Kind.TASKRUNS, Is("id", ("a",)))).total == 1


def lines(count: int) -> list[Record]:
    return [record(LOGS, "ex", LogEntry("n", "f", "ex", DATE, "INFO", "m"), n) for n in range(count)]


def test_who_has_much_to_catch_up_with_fills_its_batches_without_rest_and_rests_once_it_has_caught_up():
    index = Flaky()
    topic = Topic(*lines(63))
    indexer = Indexer(topic, index, Pace(batch_max=22, rest_s=0.01))
    for size, polls in (
        (13, [(21, 0)]),
        (22, [(21, 0.01), (9, 0.01)]),
        (22, [(21, 0.01), (9, 0.01)]),
        (6, [(21, 0.01), (16, 0.01)]),
    ):
        topic.polls = []
        indexer.step()
        assert (len(index.given[-1]), topic.polls[1:]) == (size, polls)
    topic.records, topic.polls = lines(3), []
    indexer.step()
    assert topic.polls[1:] == [(21, 0)]


def test_the_index_knows_how_far_it_is_in_each_partition(index: SqliteIndex) -> None:
    topic = Topic(record(TASKRUNS, "ex/a", taskrun("a"), 3), record(TASKRUNS, "ex/b", taskrun("b"), 7))

    Indexer(topic, index).step()

    (progress,) = index.search(Query(Kind.PROGRESS)).documents
    assert (progress.body["topic"], progress.body["partition"], progress.body["next"]) == (TASKRUNS, 0, 8)


def test_the_index_is_not_said_to_be_further_than_what_it_stored() -> None:
    class Refusing(SqliteIndex):
        def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
            if any(document.kind is Kind.TASKRUNS for document in documents):
                raise Unavailable("no index")
            return super().put(documents)

    index = Refusing()
    with pytest.raises(Unavailable):
        Indexer(Topic(record(TASKRUNS, "ex/a", taskrun("a"))), index).step()

    assert index.search(Query(Kind.PROGRESS)).total == 0
    index.close()

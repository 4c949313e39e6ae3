"""The promises of the port `Index`, on both sides: each answers exactly as plain Python does."""

import string
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from runfold.adapters.elastic_bulk import TRIES_MAX, Bulk
from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.elastic_mapping import Names
from runfold.adapters.elastic_months import LiveMonths
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.leaves import leaves
from runfold.documents.model import FIELDS, SEARCH_ONLY, Document, Kind
from runfold.documents.query import (
    PAGED_MAX,
    All,
    AnyOf,
    Exists,
    Filter,
    Holds,
    Is,
    Not,
    Query,
    Sort,
    Under,
    Words,
    matches,
)
from runfold.documents.source import source_of
from runfold.documents.storable import storable
from runfold.errors import BadRequest, Unavailable
from runfold.ports import Index
from tests.contracts.dice import DAWN, STARTS, Dice, snapshot

DOCUMENTS = 300
QUERIES = 150


def in_order(query: Query, documents: Sequence[Document]) -> list[Document]:
    """Return all that `query` finds, sorted: what any page is cut from."""
    found = sorted((document for document in documents if matches(query.filter, document.body)), key=lambda d: d.id)
    for sort in reversed(query.sort):
        present = [document for document in found if document.body.get(sort.field) is not None]
        absent = [document for document in found if document.body.get(sort.field) is None]
        present.sort(key=lambda document, field=sort.field: document.body[field], reverse=sort.descending)
        found = present + absent
    return found


def ids(documents: Sequence[Document]) -> list[str]:
    return [document.id for document in documents]


def given_back(document: Document) -> Document:
    fields = FIELDS[document.kind]
    kept = {name: value for name, value in document.body.items() if fields[name] not in SEARCH_ONLY}
    return replace(document, body=kept)


def walk(index: Index, query: Query) -> Iterator[Document]:
    for _ in range(DOCUMENTS + 2):
        page = index.search(query)
        yield from page.documents
        if page.next is None:
            return
        query = replace(query, after=page.next)
    pytest.fail("a cursor led in circles")


def taskrun(document_id: str, version: int = 1, **fields: Any) -> Document:
    return Document(Kind.TASKRUNS, document_id, version, DAWN, {"id": document_id, "seq": version, **fields})


@pytest.mark.parametrize("kind", list(Kind))
def test_random_queries_are_answered_as_plain_python_answers_them(index: Index, kind: Kind):
    dice = Dice(seed=list(Kind).index(kind))
    documents = [dice.document(kind, number) for number in range(DOCUMENTS)]
    assert index.put(documents) == {}
    index.refresh()
    found_any = 0
    for _ in range(QUERIES):
        query = dice.query(kind)
        expected = in_order(query, documents)
        page = index.search(query)
        start = (query.page - 1) * query.size
        assert (page.total, page.is_exact) == (len(expected), True), query
        assert ids(page.documents) == ids(expected[start : start + query.size]), query
        assert (page.next is not None) == (bool(page.documents) and start + query.size < len(expected)), query
        found_any += bool(expected)
    assert found_any > QUERIES / 4


@pytest.mark.parametrize("seed", range(2))
def test_a_cursor_passes_every_document_exactly_once_in_order(index: Index, seed: int):
    dice = Dice(seed)
    documents = [dice.document(Kind.TASKRUNS, number) for number in range(DOCUMENTS)]
    index.put(documents)
    index.refresh()
    for size in (30, 1000):
        query = replace(dice.query(Kind.TASKRUNS), page=1, size=size, filter=All(()))
        assert ids(list(walk(index, query))) == ids(in_order(query, documents)), query
    query = replace(dice.query(Kind.TASKRUNS), page=1, size=10)
    assert ids(list(walk(index, query))) == ids(in_order(query, documents)), query


def test_documents_come_back_as_they_were_put_keys_in_their_order(index: Index):
    dice = Dice(seed=5)
    documents = [dice.document(kind, number) for kind in Kind for number in range(20)]
    index.put(documents)
    index.refresh()
    for document in documents:
        found = index.search(Query(document.kind, Is("id", (document.id,)))).documents
        got = index.get(document.kind, document.id)
        assert found == (given_back(document),)
        assert got == given_back(document)
        assert list(got.body.get("source", {})) == list(document.body.get("source", {}))


def test_an_older_version_changes_nothing_in_whatever_order_they_come(index: Index):
    versions = [taskrun("t", version, state=f"S{version}", text=f"word{version}") for version in range(5)]
    for order in ((4, 0, 3), (1, 2), (3,)):
        assert index.put([versions[version] for version in order]) == {}
    index.refresh()
    assert index.get(Kind.TASKRUNS, "t") == given_back(versions[4])
    assert ids(index.search(Query(Kind.TASKRUNS, Words("word4"))).documents) == ["t"]
    assert not index.search(
        Query(Kind.TASKRUNS, AnyOf((Words("word3"), Words("word0"), Is("state", ("S3",)))))
    ).documents


def test_what_a_newer_version_does_not_have_any_more_is_found_no_more(index: Index):
    index.put([taskrun("t", 1, text="old both", outputs={"a": "old", "b": "same"}, state="OLD", endDate=DAWN)])
    index.put([taskrun("t", 2, text="new both", outputs={"a": "new", "b": "same"}, state="NEW")])
    index.put([taskrun("u", 1, text="other"), taskrun("t", 3, text="new both", outputs={"b": "same"}, state="NEW")])
    index.refresh()
    for gone in (Words("old"), Holds("outputs", "a"), Is("state", ("OLD",)), Exists("endDate")):
        assert index.search(Query(Kind.TASKRUNS, gone)).total == 0, gone
    for kept in (Words("new both"), Holds("outputs", "b", "same"), Is("state", ("NEW",))):
        assert ids(index.search(Query(Kind.TASKRUNS, kept)).documents) == ["t"], kept


def test_of_equal_versions_the_last_one_stays(index: Index):
    index.put([taskrun("t", 1, state="FIRST"), taskrun("t", 1, state="SECOND")])
    assert index.get(Kind.TASKRUNS, "t").body["state"] == "SECOND"
    index.put([taskrun("t", 1, state="THIRD", outputs={"a": "new"})])
    index.refresh()
    page = index.search(Query(Kind.TASKRUNS, Holds("outputs", "a", "new")))
    assert [document.body["state"] for document in page.documents] == ["THIRD"]


def test_putting_twice_is_harmless(index: Index):
    dice = Dice(seed=6)
    documents = [dice.document(Kind.EXECUTIONS, number) for number in range(50)]
    for _ in range(2):
        assert index.put(documents) == {}
    index.refresh()
    page = index.search(Query(Kind.EXECUTIONS, size=1000))
    assert sorted(page.documents, key=lambda document: document.id) == sorted(
        map(given_back, documents), key=lambda document: document.id
    )


def test_a_document_is_got_right_after_it_was_put(index: Index):
    assert index.get(Kind.TASKRUNS, "t") is None
    for version in range(1, 6):
        index.put([taskrun("t", version, state=f"S{version}")])
        assert index.get(Kind.TASKRUNS, "t").body["state"] == f"S{version}"
    other_month = replace(taskrun("u"), created=DAWN + timedelta(days=40))
    index.put([other_month])
    assert index.get(Kind.TASKRUNS, "u") == given_back(other_month)
    assert index.get(Kind.TASKRUNS, "v") is None
    assert index.get(Kind.EXECUTIONS, "t") is None


@pytest.mark.parametrize("kind", list(Kind))
def test_what_fits_is_removed_whole_and_nothing_else(index: Index, kind: Kind):
    dice = Dice(seed=20 + list(Kind).index(kind))
    left = [dice.document(kind, number) for number in range(DOCUMENTS)]
    index.put(left)
    for _ in range(6):
        wanted = All((dice.filter(kind, 2), Not(Is("id", (left[0].id,)))))
        gone = [document for document in left if matches(wanted, document.body)]
        assert index.delete_where(kind, wanted) == len(gone), wanted
        left = [document for document in left if not matches(wanted, document.body)]
        index.refresh()
        found = index.search(Query(kind, size=1000)).documents
        assert ids(found) == sorted(ids(left)), wanted
        for word in STARTS:
            expected = sorted(document.id for document in left if matches(Words(word), document.body))
            assert ids(index.search(Query(kind, Words(word), size=1000)).documents) == expected


def test_many_are_removed_in_whatever_months_they_are_and_may_be_put_again(index: Index):
    documents = [replace(taskrun(f"t{n}", text="w"), created=DAWN + timedelta(days=n % 3 * 20)) for n in range(2500)]
    index.put([*documents, taskrun("other")])
    assert index.delete_where(Kind.TASKRUNS, Words("w")) == 2500
    index.put(documents[:5])
    index.refresh()
    assert index.search(Query(Kind.TASKRUNS)).total == 6
    assert index.get(Kind.TASKRUNS, "t7") is None
    with pytest.raises(BadRequest):
        index.delete_where(Kind.TASKRUNS, Is("nothing", ("x",)))


def test_documents_that_are_known_are_removed_unless_newer_ones_are_stored(index: Index):
    elsewhere = replace(taskrun("b", 2, text="w"), created=DAWN + timedelta(days=40))
    index.put([taskrun("a", 2, text="w"), elsewhere, taskrun("c", 2, text="w")])
    index.remove([taskrun("a", 3), replace(elsewhere, version=2), taskrun("c", 1), taskrun("unknown", 1)])
    index.refresh()
    assert ids(index.search(Query(Kind.TASKRUNS, Words("w"))).documents) == ["c"]
    index.remove([replace(taskrun("d"), created=DAWN + timedelta(days=400))])
    assert index.search(Query(Kind.TASKRUNS)).total == 1, "a month that is not there stays so"


def test_nothing_is_removed_from_an_empty_index(index: Index):
    assert index.delete_where(Kind.LOGS, All()) == 0


def test_an_empty_index_answers_with_an_empty_page(index: Index):
    page = index.search(Query(Kind.LOGS, Words("anything"), (Sort("timestamp"),)))
    assert (page.documents, page.total, page.is_exact, page.next) == ((), 0, True, None)


def test_below_a_namespace_is_a_rule_of_paths_not_of_beginnings(index: Index):
    for name in ("io.k", "io.kestra", "io.k.x", "io.k.x.y", "io", "io.k-x", "io.k/x"):
        index.put([taskrun(name, namespace=name)])
    index.refresh()
    page = index.search(Query(Kind.TASKRUNS, Under("namespace", "io.k")))
    assert ids(page.documents) == ["io.k", "io.k.x", "io.k.x.y"]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("hello", True),
        ("HELLO", True),
        ("wor hel", True),
        ("orld", False),
        ("hello mars", False),
        ("io.kestra", True),
        ("kestra io", True),
        ("snake_c", True),
        ("case", False),
        ("straße", True),
        ("über", True),
        ("42", True),
        ('"*:(', True),
        ("日", True),
        ("hello OR mars", False),
    ],
)
def test_each_word_is_found_by_its_beginning(index: Index, text: str, is_found: bool):
    index.put([taskrun("t", text="Hello, World! io.kestra.tests snake_case STRASSE/straße Über 4242 日本語")])
    index.refresh()
    assert bool(index.search(Query(Kind.TASKRUNS, Words(text))).documents) is is_found


def test_whatever_users_write_is_taken_and_found_by_its_leaves(index: Index):
    dice = Dice(seed=7)
    alphabet = string.printable + "äß日\U0001f600\u200b\0"
    deep: Any = "bottom"
    for level in range(100):
        deep = {f"level{level}": deep}
    documents = []
    for number in range(200):
        keys = ["".join(dice.random.choices(alphabet, k=dice.random.randrange(1, 60))) for _ in range(5)]
        odd = {"deep": deep, "n": dice.random.choice((number, str(number), {"n": 1}))}
        outputs = {key: dice.json(4) for key in keys} | odd
        documents.append(
            taskrun(f"t{number:03}", outputs=outputs, labels=dict.fromkeys(keys, "v"), snapshot=snapshot(outputs))
        )
    assert index.put(documents) == {}
    index.refresh()
    for document in documents[::10]:
        for path, texts in list(leaves(document.body["outputs"]).items())[:6]:
            wanted = Holds("outputs", path, texts[-1])
            expected = [other.id for other in documents if matches(wanted, other.body)]
            assert ids(index.search(Query(Kind.TASKRUNS, wanted, size=300)).documents) == expected, wanted
        assert index.get(Kind.TASKRUNS, document.id).body["snapshot"] == document.body["snapshot"]


@pytest.mark.elasticsearch
def test_what_users_write_never_grows_the_mapping(elastic: ElasticIndex, server: Elasticsearch):
    alias = elastic.names.alias(Kind.TASKRUNS)
    elastic.put([taskrun("first")])
    before = server.indices.get_mapping(index=alias).body
    dice = Dice(seed=8)
    elastic.put([dice.document(Kind.TASKRUNS, number) for number in range(200)])
    after = server.indices.get_mapping(index=alias).body
    assert len({repr(month["mappings"]) for month in (before | after).values()}) == 1


def test_a_poisonous_document_stops_no_other_one(index: Index):
    bottomless: Any = {}
    for _ in range(5000):
        bottomless = {"d": bottomless}
    poison = [
        taskrun("wrong-type", state="FAILED", iteration="many"),
        taskrun("surrogate", state="FAILED", outputs={"a": "\ud800"}),
        taskrun("no-number", state="FAILED", durationMs=2**70),
        taskrun("no-date", state="FAILED", startDate="yesterday"),
        taskrun("long-ago", state="FAILED", startDate=datetime(1, 1, 2, tzinfo=UTC)),
        taskrun("bottomless", state="FAILED", snapshot=snapshot(bottomless)),
        taskrun("no-json", state="FAILED", snapshot=snapshot({"a": object()})),
    ]
    hopeless = [replace(taskrun("\ud800"), id="\ud800"), replace(taskrun("old"), created=datetime(1, 1, 2, tzinfo=UTC))]
    sound = [taskrun(f"sound{number}", state="SUCCESS") for number in range(20)]
    refused = index.put([*sound[:10], *poison, *hopeless, *sound[10:]])
    assert set(refused) == {document.id for document in (*poison, *hopeless)}
    assert all(refused.values())
    index.refresh()
    assert index.search(Query(Kind.TASKRUNS, Is("state", ("SUCCESS",)))).total == 20
    found = index.search(Query(Kind.TASKRUNS, Is("state", ("FAILED",)), size=50)).documents
    assert ids(found) == sorted(ids(poison))
    for document in found:
        assert source_of(document)["state"]["current"] == "FAILED", document


def test_a_snapshot_that_the_server_can_not_nest_is_left_out_and_reported(index: Index):
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    refused = index.put(
        [taskrun("deep", state="FAILED", snapshot=snapshot({"a": deep})), taskrun("flat", state="FAILED")]
    )
    assert set(refused) <= {"deep"}
    index.refresh()
    assert index.search(Query(Kind.TASKRUNS, Is("state", ("FAILED",)))).total == 2


@pytest.mark.parametrize(
    "wrong",
    [
        Query(Kind.TASKRUNS, size=0),
        Query(Kind.TASKRUNS, size=1001),
        Query(Kind.TASKRUNS, page=0),
        Query(Kind.TASKRUNS, page=11, size=1000),
        Query(Kind.TASKRUNS, sort=(Sort("nothing"),)),
        Query(Kind.TASKRUNS, sort=(Sort("outputs"),)),
        Query(Kind.TASKRUNS, Is("nothing", ("x",))),
        Query(Kind.TASKRUNS, Is("startDate", ("yesterday",))),
        Query(Kind.TASKRUNS, Is("startDate", (datetime(2026, 1, 1),))),  # noqa: DTZ001 -- the fault is the point
        Query(Kind.TASKRUNS, Is("iteration", (True,))),
        Query(Kind.TASKRUNS, Is("iteration", (2**64,))),
        Query(Kind.TASKRUNS, Is("state", ("\ud800",))),
        Query(Kind.TASKRUNS, Holds("state", "a")),
        Query(Kind.TASKRUNS, Under("startDate", "a")),
        Query(Kind.TASKRUNS, Exists("snapshot")),
        Query(Kind.TASKRUNS, AnyOf((Exists("state"),) * 801)),
        Query(Kind.TASKRUNS, after="nonsense"),
        Query(Kind.TASKRUNS, after="W10"),
        Query(Kind.TASKRUNS, after="é" * 10),
    ],
)
def test_a_query_that_can_not_be_answered_is_refused(index: Index, wrong: Query):
    with pytest.raises(BadRequest):
        index.search(wrong)


def test_the_largest_filters_allowed_are_answered(index: Index):
    index.put([taskrun(f"t{number}", text=" ".join(f"w{n}" for n in range(400))) for number in range(3)])
    index.refresh()
    nested: Filter = Exists("id")
    for _ in range(14):
        nested = Not(AnyOf((nested,)) if isinstance(nested, Exists) else nested)
    for wanted in (
        nested,
        AnyOf(tuple(Is("id", (f"t{number}",)) for number in range(240))),
        All(tuple(Exists("id") for _ in range(490))),
        Is("id", tuple(f"t{number}" for number in range(5000))),
        Words(" ".join(f"w{number}" for number in range(300))),
    ):
        assert index.search(Query(Kind.TASKRUNS, wanted)).total == 3, wanted


def test_a_cursor_is_of_one_order_only(index: Index):
    index.put([taskrun(f"t{number}") for number in range(5)])
    index.refresh()
    page = index.search(Query(Kind.TASKRUNS, sort=(Sort("startDate"),), size=2))
    with pytest.raises(BadRequest):
        index.search(Query(Kind.TASKRUNS, sort=(Sort("startDate", descending=True),), size=2, after=page.next))


def test_counting_may_stop_at_ten_thousand(index: Index):
    index.put([taskrun(f"t{number}") for number in range(PAGED_MAX + 1)])
    index.refresh()
    counted = index.search(Query(Kind.TASKRUNS, size=1000, page=10, exact_total=False))
    assert (counted.total, counted.is_exact) == (PAGED_MAX, False)
    following = index.search(Query(Kind.TASKRUNS, size=1000, exact_total=False, after=counted.next))
    assert (len(following.documents), following.total, following.is_exact, following.next) == (
        1,
        PAGED_MAX,
        False,
        None,
    )
    exact = index.search(Query(Kind.TASKRUNS))
    assert (exact.total, exact.is_exact) == (PAGED_MAX + 1, True)


def test_searches_go_on_while_others_put(index: Index):
    index.put([taskrun("t0", state="S")])
    faults: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(20):
                page = index.search(Query(Kind.TASKRUNS, Is("state", ("S",)), (Sort("startDate"),), size=1000))
                assert all(document.body["state"] == "S" for document in page.documents)
        except BaseException as error:  # noqa: BLE001 -- handed to the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        index.put([taskrun(f"t{number}", turn + 1, state="S") for number in range(turn * 5, turn * 5 + 20)])
    for thread in threads:
        thread.join()
    index.refresh()
    assert not faults
    assert index.search(Query(Kind.TASKRUNS)).total == 19 * 5 + 20


def test_searches_go_on_while_months_begin(index: Index):
    faults: list[BaseException] = []
    is_over = threading.Event()

    def search() -> None:
        try:
            while not is_over.is_set():
                index.search(Query(Kind.TASKRUNS))
        except BaseException as error:  # noqa: BLE001 -- handed to the test's own thread
            faults.append(error)

    index.put([taskrun("t")])
    thread = threading.Thread(target=search)
    thread.start()
    for month in range(1, 13):
        index.put([replace(taskrun(f"t{month}"), created=datetime(2025, month, 1, tzinfo=UTC))])
    is_over.set()
    thread.join()
    assert not faults


def test_the_embedded_index_keeps_what_was_put_when_it_is_opened_again(tmp_path):
    first = SqliteIndex(tmp_path / "deep" / "index.sqlite")
    first.put([taskrun("t", text="hello", labels={"a": "b"})])
    first.close()
    second = SqliteIndex(tmp_path / "deep" / "index.sqlite")
    assert second.search(Query(Kind.TASKRUNS, All((Words("hel"), Holds("labels", "a", "b"))))).total == 1
    second.close()


def test_a_server_that_is_away_is_said_to_be_unavailable():
    index = ElasticIndex(Elasticsearch("http://127.0.0.1:9", request_timeout=1, max_retries=0), "p-")
    for ask in (
        lambda: index.put([taskrun("t")]),
        lambda: index.search(Query(Kind.TASKRUNS)),
        lambda: index.get(Kind.TASKRUNS, "t"),
        index.refresh,
    ):
        with pytest.raises(Unavailable):
            ask()
    index.close()


class BusyServer:
    """Answers each request with the next list of statuses; after the last one, it takes everything."""

    def __init__(self, *answers: Sequence[int]) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []

    def bulk(self, operations: Sequence[bytes], **_: Any) -> Mapping[str, Any]:
        self.sizes.append(len(operations))
        statuses = self.answers.pop(0) if self.answers else [200] * len(operations)
        error = {"type": "some", "reason": "because"}
        items = [{"index": {"status": s} | ({"error": error} if s >= 300 else {})} for s in statuses]
        return {"errors": any(status >= 300 for status in statuses), "items": items}


def bulk_of(server: BusyServer, count: int) -> Mapping[str, str]:
    items = [storable(taskrun(f"t{number}"))[0] for number in range(count)]
    return Bulk(server, LiveMonths(server, Names("p-"))).write(items)


def test_only_what_the_server_had_no_room_for_is_sent_again():
    server = BusyServer([201, 409, 429, 503, 400])
    assert bulk_of(server, 5) == {"t4": "some: because"}
    assert server.sizes == [5, 1, 2]


def test_a_server_that_stays_overloaded_is_unavailable_after_a_few_tries(monkeypatch):
    monkeypatch.setattr("runfold.adapters.elastic_bulk.PAUSE_FIRST_S", 0.001)
    with pytest.raises(Unavailable):
        bulk_of(BusyServer(*[[429]] * TRIES_MAX), 1)


def test_requests_have_a_largest_size():
    server = BusyServer()
    assert bulk_of(server, 1201) == {}
    assert server.sizes == [500, 500, 201]

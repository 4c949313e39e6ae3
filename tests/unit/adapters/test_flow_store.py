"""The store of flows: what it wrote it sees, what others wrote it finds."""

import threading
from datetime import UTC, datetime

import msgspec
import pytest

from runfold.adapters.flow_store import FlowStore
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.errors import Conflict, FlowInvalid, NotFound
from runfold.flows.record import FlowRecord
from runfold.ports import RECORD_SIZE_MAX, Message
from runfold.tasks import load_task_types
from runfold.topology import FLOWS

NOW = datetime(2024, 12, 5, 10, 0, 0, 123456, tzinfo=UTC)
TYPES = load_task_types([])


def source(flow_id: str = "hello", text: str = "Hi") -> str:
    task = f"  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: {text}\n"
    return f"id: {flow_id}\nnamespace: company.team\nrevision: 77\ntasks:\n{task}"


@pytest.fixture
def broker():
    made = SqliteBroker(None)
    yield made
    made.close()


def store(broker: SqliteBroker) -> FlowStore:
    return FlowStore(broker, TYPES, clock=lambda: NOW)


def put(broker: SqliteBroker, record: FlowRecord) -> None:
    broker.publish([Message(FLOWS, record.key, msgspec.json.encode(record))])


def test_the_store_sees_its_own_write_and_counts_revisions_itself(broker):
    flows = store(broker)
    made = flows.create(source())
    assert (made.record.revision, made.flow.revision, made.record.updated) == (1, 1, NOW)
    assert flows.get("company.team", "hello") is made
    assert flows.update("company.team", "hello", source(text="Bye")).record.revision == 2
    assert flows.get("company.team", "hello").flow.tasks[0].message == "Bye"
    assert flows.get("company.team", "hello", 1).flow.tasks[0].message == "Hi"
    assert flows.get("company.team", "hello", 3) is None


def test_the_same_source_makes_no_revision(broker):
    flows = store(broker)
    first = flows.create(source())
    assert flows.update("company.team", "hello", source()) is first
    assert len(list(broker.history(FLOWS))) == 1


def test_another_process_finds_what_was_written_before_and_after_it_began(broker):
    one = store(broker)
    one.create(source("before"))
    other = store(broker)
    one.create(source("after"))
    assert [stored.record.id for stored in other.all()] == ["after", "before"]
    one.update("company.team", "after", source("after", "Bye"))
    assert other.get("company.team", "after").record.revision == 2
    assert other.find("company.team", "after", 2, timeout_s=1).record.revision == 2


def test_a_revision_that_must_be_there_is_waited_for(broker):
    flows = store(broker)
    late = FlowRecord("company.team", "hello", 1, source(), NOW)
    writer = threading.Timer(0.1, put, [broker, late])
    writer.start()
    assert flows.find("company.team", "hello", 1, timeout_s=5).record == late
    writer.join()
    with pytest.raises(NotFound):
        flows.find("company.team", "hello", 2, timeout_s=0.01)


def test_a_deleted_flow_is_only_there_for_who_asks_for_it(broker):
    flows = store(broker)
    flows.create(source())
    flows.delete("company.team", "hello")
    assert flows.get("company.team", "hello") is None
    assert flows.all() == []
    gone = flows.get("company.team", "hello", allow_deleted=True)
    assert (gone.record.deleted, gone.record.revision, gone.flow.deleted) == (True, 2, True)
    assert flows.get("company.team", "hello", 1).flow is not None
    with pytest.raises(NotFound):
        flows.delete("company.team", "hello")
    with pytest.raises(NotFound):
        flows.update("company.team", "hello", source())
    assert flows.create(source()).record.revision == 3
    assert [stored.record.deleted for stored in flows.revisions("company.team", "hello")] == [False, True, False]


def test_a_flow_that_no_longer_parses_is_there_with_the_reason(broker):
    put(broker, FlowRecord("company.team", "old", 1, source("old").replace("log.Log", "gone.Gone"), NOW))
    stored = store(broker).get("company.team", "old")
    assert stored.flow is None
    assert "Invalid type: io.kestra.plugin.core.gone.Gone" in stored.exception


def test_a_record_that_nobody_can_read_harms_no_other_flow(broker):
    broker.publish([Message(FLOWS, "x", b"{"), Message(FLOWS, "y", None)])
    flows = store(broker)
    broker.publish([Message(FLOWS, "z", b"[]")])
    assert flows.create(source()).record.revision == 1


def test_what_is_no_flow_or_too_large_is_refused_and_not_written(broker):
    flows = store(broker)
    with pytest.raises(FlowInvalid):
        flows.create("id: hello")
    with pytest.raises(FlowInvalid, match="too large"):
        flows.create(source() + "# " + "x" * RECORD_SIZE_MAX)
    assert list(broker.history(FLOWS)) == []


def test_threads_that_create_the_same_flow_at_once_make_it_once(broker):
    flows = store(broker)
    outcomes = []

    def create(text: str) -> None:
        try:
            outcomes.append(flows.create(source(text=text)).record.revision)
        except FlowInvalid:
            outcomes.append(None)

    threads = [threading.Thread(target=create, args=[f"text {at}"]) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1] + [None] * 7
    assert len(list(broker.history(FLOWS))) == 1


class Hasty(SqliteBroker):
    """Lets another process write the same revision right after ours."""

    rival: FlowRecord | None = None

    def publish(self, messages) -> None:
        super().publish(messages)
        if self.rival is not None:
            rival, self.rival = self.rival, None
            put(self, rival)


def test_a_revision_that_another_process_wrote_at_the_same_time_is_a_conflict():
    broker = Hasty(None)
    flows = store(broker)
    broker.rival = FlowRecord("company.team", "hello", 1, source(text="theirs"), NOW)
    with pytest.raises(Conflict):
        flows.create(source(text="mine"))
    assert flows.get("company.team", "hello").record.source == source(text="theirs")
    broker.close()

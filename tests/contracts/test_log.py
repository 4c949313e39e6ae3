"""The contract of `Broker` and `Log`, on the embedded side and on Kafka."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import RECORD_SIZE_MAX, Assignment, Broker, Log, Message, Partitions, Reading, Record, slot_of
from tests.contracts.sites import PARTITIONS, Site

ARRIVES_S = 30.0
CHECKOUT = Path(__file__).parents[2]
TOO_LARGE = Message("facts", "k", b"x" * (RECORD_SIZE_MAX + 1))

both_kinds = pytest.mark.parametrize("exactly_once", [True, False], ids=["exactly-once", "at-least-once"])


def claims(count: int, keys: int = 3) -> list[Message]:
    return [Message("claims", f"k{number % keys}", str(number).encode()) for number in range(count)]


def values(records: Sequence[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


def take(log: Log, count: int, limit: int = 500) -> list[Record]:
    """Poll until `count` records came, or fail."""
    found: list[Record] = []
    deadline_s = time.monotonic() + ARRIVES_S
    while len(found) < count:
        assert time.monotonic() < deadline_s, f"{len(found)} of {count} records came"
        found += log.poll(min(limit, count - len(found)), 1.0)
    return found


def until(holds: Callable[[], bool], *logs: Log) -> None:
    """Poll `logs` (so that a group can settle) until `holds`."""
    deadline_s = time.monotonic() + ARRIVES_S
    while not holds():
        assert time.monotonic() < deadline_s
        for log in logs:
            log.poll(1, 0.05)


def executor(member: str | None = "one", assignment: Assignment | None = None) -> Reading:
    return Reading(("claims",), group="executor", exactly_once=True, member=member, assignment=assignment)


@pytest.fixture
def opened() -> Iterator[Callable[[Broker, Reading], Log]]:
    logs: list[Log] = []

    def open_log(broker: Broker, reading: Reading) -> Log:
        logs.append(broker.log(reading))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


Open = Callable[[Broker, Reading], Log]


def test_records_of_a_key_come_in_the_order_they_were_written(broker: Broker, opened: Open) -> None:
    broker.publish(claims(50))
    broker.publish([Message("claims", f"k{number % 3}", str(number).encode()) for number in range(50, 100)])

    records = take(opened(broker, Reading(("claims",), group="reader")), 100, limit=7)

    assert sorted(values(records)) == list(range(100))
    for key in ("k0", "k1", "k2"):
        mine = values([record for record in records if record.key == key])
        assert mine == sorted(mine)


def test_a_record_comes_as_it_was_written(broker: Broker, opened: Open) -> None:
    before_ms = int(time.time() * 1000)
    broker.publish(
        [
            Message("claims", None, b"\x00\xff", {"reply-topic": "answers", "name": "Zoë"}),
            Message("facts", "key with spaces / ö", b""),
        ]
    )

    records = {record.topic: record for record in take(opened(broker, Reading(("claims", "facts"))), 2)}

    assert records["claims"].key is None
    assert records["claims"].value == b"\x00\xff"
    assert records["claims"].headers == {"reply-topic": "answers", "name": "Zoë"}
    assert records["facts"].key == "key with spaces / ö"
    assert records["facts"].value == b""
    assert records["facts"].headers == {}
    assert before_ms - 1000 <= records["facts"].timestamp_ms <= time.time() * 1000 + 1000


def test_a_slot_chooses_the_partition_and_else_the_key_does(broker: Broker, opened: Open) -> None:
    broker.publish([Message("claims", f"k{slot}", str(slot).encode(), slot=slot) for slot in range(6)])
    broker.publish([Message("facts", f"k{number}", str(number).encode()) for number in range(6)])

    records = take(opened(broker, Reading(("claims", "facts"))), 12)

    assert broker.partitions("claims") == PARTITIONS
    for record in records:
        slot = int(record.value or b"") if record.topic == "claims" else slot_of(record.key or "")
        assert record.partition == slot % PARTITIONS


def test_a_topic_that_nobody_made_has_no_partitions_and_no_history(broker: Broker) -> None:
    assert broker.partitions("nothing-of-the-kind") == 0
    assert list(broker.history("nothing-of-the-kind")) == []


def test_a_poll_of_nothing_waits_its_time_and_no_longer(broker: Broker, opened: Open) -> None:
    log = opened(broker, Reading(("claims",)))
    log.poll(1, 0.0)

    begin_s = time.monotonic()
    assert log.poll(10, 0.3) == []

    assert 0.25 <= time.monotonic() - begin_s < 2.0


def test_a_waiting_poll_returns_as_soon_as_something_is_written(broker: Broker, opened: Open) -> None:
    log = opened(broker, Reading(("claims",), start="latest"))
    log.poll(1, 0.1)
    writer = threading.Timer(0.2, broker.publish, [claims(1)])
    writer.start()

    begin_s = time.monotonic()
    records = log.poll(10, 20.0)

    writer.join()
    assert values(records) == [0]
    assert time.monotonic() - begin_s < 5.0


def test_wake_makes_a_waiting_poll_return(broker: Broker, opened: Open) -> None:
    log = opened(broker, Reading(("claims",), group="reader"))
    log.poll(1, 0.1)
    waker = threading.Timer(0.2, log.wake)
    waker.start()

    begin_s = time.monotonic()
    assert log.poll(10, 20.0) == []

    waker.join()
    assert time.monotonic() - begin_s < 5.0


@both_kinds
def test_what_was_not_confirmed_comes_back_to_the_next_reader(
    broker: Broker, reopen: Callable[[], Broker], opened: Open, *, exactly_once: bool
) -> None:
    reading = Reading(("claims",), group="reader", exactly_once=exactly_once, member="one")
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(10)])
    first = broker.log(reading)
    records = take(first, 10)
    first.commit(records[:4], [])
    first.close()

    again = take(opened(reopen(), reading), 6)

    assert values(again) == [4, 5, 6, 7, 8, 9]


@both_kinds
def test_a_reader_confirms_part_by_part(broker: Broker, opened: Open, *, exactly_once: bool) -> None:
    reading = Reading(("claims",), group="reader", exactly_once=exactly_once, member="one")
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(12)])
    log = broker.log(reading)
    records = take(log, 8)
    log.commit(records[:3], [])
    log.commit(records[3:5], [Message("facts", "k", b"0")])
    records += take(log, 4)
    log.commit(records[5:9], [])
    log.close()

    assert values(records) == list(range(12))
    assert values(take(opened(broker, reading), 3)) == [9, 10, 11]


def test_a_commit_that_fails_writes_nothing_and_its_records_come_again(broker: Broker, opened: Open) -> None:
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(5)])
    log = opened(broker, executor())
    first = take(log, 2)
    log.commit(first, [Message("facts", "k", b"0")])
    second = take(log, 3)

    with pytest.raises(ValueError, match="bytes"):
        log.commit(second, [Message("facts", "k", b"1"), TOO_LARGE])

    again = take(log, 3)
    assert values(again) == values(second) == [2, 3, 4]
    log.commit(again, [Message("facts", "k", b"2")])
    assert values(list(broker.history("facts"))) == [0, 2]


def test_a_record_that_is_too_large_stops_all_that_go_with_it(broker: Broker) -> None:
    with pytest.raises(ValueError, match="bytes"):
        broker.publish([Message("facts", "k", b"1"), TOO_LARGE])

    broker.publish([Message("facts", "k", b"x" * RECORD_SIZE_MAX)])

    assert [len(record.value or b"") for record in broker.history("facts")] == [RECORD_SIZE_MAX]


def test_a_commit_may_write_without_having_read(broker: Broker, opened: Open) -> None:
    log = opened(broker, executor())
    log.poll(1, 0.1)
    log.commit([], [Message("facts", "k", b"7")])

    assert values(list(broker.history("facts"))) == [7]


def test_two_groups_each_see_everything(broker: Broker, opened: Open) -> None:
    broker.publish(claims(10))

    for group in ("executor", "indexer"):
        log = opened(broker, Reading(("claims",), group=group))
        records = take(log, 10)
        log.commit(records, [])
        assert sorted(values(records)) == list(range(10))


def test_a_reader_without_a_group_begins_where_it_says(broker: Broker, opened: Open) -> None:
    broker.publish(claims(4))
    earliest = opened(broker, Reading(("claims",)))
    latest = opened(broker, Reading(("claims",), start="latest"))
    broker.publish([Message("claims", "k", b"4")])

    assert sorted(values(take(earliest, 5))) == [0, 1, 2, 3, 4]
    assert values(take(latest, 1)) == [4]


def test_of_a_compacted_topic_the_newest_of_each_key_is_read(broker: Broker, opened: Open) -> None:
    for number in range(5):
        broker.publish([Message("executions", key, f"{number}".encode()) for key in ("a", "b")])
    broker.publish([Message("executions", "b", None)])

    for records in (list(broker.history("executions")), take_all(opened(broker, Reading(("executions",))), "b")):
        newest = {record.key: record.value for record in records}
        assert newest == {"a": b"4", "b": None}
        offsets = [(record.partition, record.offset) for record in records]
        assert len(set(offsets)) == len(offsets)


def take_all(log: Log, last_key: str) -> list[Record]:
    """Poll until the tombstone of `last_key` and then until nothing comes."""
    records: list[Record] = []
    deadline_s = time.monotonic() + ARRIVES_S
    while not any(record.key == last_key and record.value is None for record in records):
        assert time.monotonic() < deadline_s
        records += log.poll(100, 1.0)
    while more := log.poll(100, 0.3):
        records += more
    return records


def test_history_reads_one_partition_or_all_up_to_now(broker: Broker) -> None:
    broker.publish([Message("facts", "k", str(number).encode(), slot=number) for number in range(6)])
    all_of_it = broker.history("facts")
    broker.publish([Message("facts", "k", b"6", slot=0)])

    assert sorted(values(list(all_of_it))) == list(range(6))
    assert values(list(broker.history("facts", 0))) == [0, 2, 4, 6]
    assert values(list(broker.history("facts", 1))) == [1, 3, 5]
    assert list(broker.history("claims", 1)) == []


def test_history_since_a_time_passes_over_what_was_written_before(broker: Broker) -> None:
    broker.publish([Message("facts", "k", str(number).encode(), slot=number) for number in range(4)])
    begun_ms = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 <= begun_ms:
        pass  # the next records must carry another millisecond
    broker.publish([Message("facts", "k", str(number).encode(), slot=number) for number in range(4, 8)])
    times = {int(record.value or b""): record.timestamp_ms for record in broker.history("facts")}

    assert values(list(broker.history("facts", 0, times[4]))) == [4, 6]
    assert sorted(values(list(broker.history("facts", since_ms=times[4])))) == [4, 5, 6, 7]
    assert values(list(broker.history("facts", 0, times[0] - 1))) == [0, 2, 4, 6]
    assert list(broker.history("facts", since_ms=times[7] + 60_000)) == []


def test_history_since_an_offset_passes_over_what_stands_before_it(broker: Broker) -> None:
    broker.publish([Message("facts", "k", str(number).encode(), slot=number) for number in range(8)])
    read = list(broker.history("facts", 0))

    assert values(read) == [0, 2, 4, 6]
    assert values(list(broker.history("facts", 0, since=read[2].offset))) == [4, 6]
    assert values(list(broker.history("facts", 0, read[0].timestamp_ms, read[3].offset))) == [6]
    assert list(broker.history("facts", 0, since=read[3].offset + 1)) == []


def test_history_of_one_key_has_its_records_only(broker: Broker) -> None:
    keys = ("a", "b", "a", None, "b", "a")
    broker.publish([Message("facts", key, str(number).encode(), slot=0) for number, key in enumerate(keys)])
    read = list(broker.history("facts", 0))

    assert values(list(broker.history("facts", 0, key="a"))) == [0, 2, 5]
    assert values(list(broker.history("facts", 0, since=read[1].offset, key="b"))) == [1, 4]
    assert list(broker.history("facts", 0, key="nobody")) == []


def test_history_holds_what_was_committed_a_moment_ago(broker: Broker, opened: Open) -> None:
    log = opened(broker, executor())
    broker.publish(claims(30))
    done = 0
    while done < 30:
        records = log.poll(3, 5.0)
        log.commit(records, [Message("executions", f"e{value}", b"0", slot=value) for value in values(records)])
        done += len(records)
        assert len(list(broker.history("executions"))) == done


def test_many_threads_publish_at_once(broker: Broker, opened: Open) -> None:
    def publish(writer: int) -> None:
        for number in range(20):
            broker.publish([Message("claims", f"w{writer}", str(number).encode())])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, range(4)))  # raises what a writer raised

    records = take(opened(broker, Reading(("claims",))), 80)
    for writer in range(4):
        assert values([record for record in records if record.key == f"w{writer}"]) == list(range(20))


def test_all_partitions_are_announced_before_the_first_record(broker: Broker) -> None:
    broker.publish([Message("claims", "k", b"0", slot=slot) for slot in range(PARTITIONS)])
    events: list[str] = []
    seen = Assignment(
        lambda numbers: events.append(f"+{list(numbers)}"), lambda numbers: events.append(f"-{list(numbers)}")
    )
    log = broker.log(Reading(("claims", "facts"), group="executor", exactly_once=True, member="one", assignment=seen))
    take(log, PARTITIONS)
    assert events == ["+[0, 1]"]
    log.close()
    assert events == ["+[0, 1]", "-[0, 1]"]


def test_a_newer_log_of_the_same_member_fences_the_older(broker: Broker, opened: Open) -> None:
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(3)])
    older = opened(broker, executor())
    records = take(older, 3)
    newer = opened(broker, executor())
    again = take(newer, 3)

    with pytest.raises(BrokenInvariant):
        older.commit(records, [Message("facts", "k", b"1")])

    newer.commit(again, [Message("facts", "k", b"2")])
    assert values(list(broker.history("facts"))) == [2]


@both_kinds
def test_when_a_member_closes_another_takes_its_partitions_over(broker: Broker, *, exactly_once: bool) -> None:
    held: dict[str, set[int]] = {"a": set(), "b": set()}

    def member(name: str) -> Log:
        watch = Assignment(held[name].update, held[name].difference_update)
        return broker.log(Reading(("claims",), group="executor", exactly_once=exactly_once, assignment=watch))

    first = member("a")
    until(lambda: held["a"] == {0, 1}, first)
    second = member("b")
    broker.publish([Message("claims", "k", str(number).encode()) for number in range(5)])
    records = take(first, 1)
    first.commit(records, [])
    first.close()

    until(lambda: held["b"] == {0, 1}, second)
    assert held["a"] == set()
    second.close()


def test_members_of_a_group_share_its_partitions(broker: Broker, site: Site) -> None:
    if site.kind != "kafka":
        pytest.skip("embedded, the oldest member of a group reads all: one process has one executor")
    held: dict[str, set[int]] = {"a": set(), "b": set()}
    logs = [
        broker.log(
            Reading(
                ("claims", "executions"),
                group="executor",
                exactly_once=True,
                assignment=Assignment(held[name].update, held[name].difference_update),
            )
        )
        for name in held
    ]
    until(lambda: len(held["a"]) == len(held["b"]) == 1, *logs)
    assert held["a"] | held["b"] == {0, 1}
    broker.publish([Message("claims", "k", str(slot).encode(), slot=slot) for slot in range(PARTITIONS)])
    for log, numbers in zip(logs, held.values(), strict=True):
        assert {record.partition for record in take(log, 1)} == numbers
    for log in logs:
        log.close()


def test_what_a_member_confirms_while_partitions_leave_it_is_read_by_no_other(broker: Broker, site: Site) -> None:
    if site.kind != "kafka":
        pytest.skip("embedded, partitions leave a member only when it closes")
    held: dict[str, set[int]] = {"a": set(), "b": set()}
    unconfirmed: list[Record] = []

    def confirm(_partitions: Partitions) -> None:
        logs[0].commit(unconfirmed, [])
        unconfirmed.clear()

    def member(name: str) -> Log:
        watch = Assignment(
            held[name].update, held[name].difference_update, leaving=confirm if name == "a" else _nothing
        )
        return broker.log(Reading(("claims",), group="worker", assignment=watch))

    logs = [member("a")]
    until(lambda: held["a"] == {0, 1}, logs[0])
    broker.publish([Message("claims", "k", str(slot).encode(), slot=slot) for slot in range(PARTITIONS)])
    unconfirmed += take(logs[0], 2)
    logs.append(member("b"))
    until(lambda: len(held["a"]) == len(held["b"]) == 1, *logs)
    broker.publish([Message("claims", "k", b"7", slot=slot) for slot in range(PARTITIONS)])

    assert [values(take(log, 1)) for log in logs] == [[7], [7]]
    assert unconfirmed == []
    for log in logs:
        log.close()


def _nothing(_partitions: Partitions) -> None: ...


@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_between_each_claim_becomes_one_fact_in_order(
    broker: Broker, reopen: Callable[[], Broker], seed: int
) -> None:
    dice = random.Random(seed)
    place = broker
    log = place.log(executor())
    published = 0
    for _ in range(25):
        match dice.choice(["publish", "step", "step", "step", "part", "fail", "reopen"]):
            case "publish":
                count = dice.randint(1, 8)
                broker.publish(
                    [Message("claims", f"k{n % 3}", str(n).encode()) for n in range(published, published + count)]
                )
                published += count
            case "step":
                records = log.poll(dice.randint(1, 10), 0.05)
                log.commit(records, [Message("facts", record.key, record.value) for record in records])
            case "part":
                records = log.poll(10, 0.05)
                part = records[: dice.randint(0, len(records))]
                log.commit(part, [Message("facts", record.key, record.value) for record in part])
                log.close()  # what is left comes again
                log = place.log(executor())
            case "fail":
                records = log.poll(10, 0.05)
                with pytest.raises(ValueError, match="bytes"):
                    log.commit(
                        records, [*(Message("facts", record.key, record.value) for record in records), TOO_LARGE]
                    )
            case "reopen":
                log.close()
                place = reopen()
                log = place.log(executor())
    deadline_s = time.monotonic() + ARRIVES_S
    while len(facts := list(broker.history("facts"))) < published:
        assert time.monotonic() < deadline_s
        records = log.poll(10, 0.5)
        log.commit(records, [Message("facts", record.key, record.value) for record in records])
    log.close()
    assert sorted(values(facts)) == list(range(published))
    for key in ("k0", "k1", "k2"):
        mine = values([record for record in facts if record.key == key])
        assert mine == sorted(mine)


def start_crashing(site: Site, polls: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contracts.crashing", site.kind, site.address, site.prefix, str(polls)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_process_killed_between_poll_and_commit_loses_and_doubles_nothing(
    broker: Broker, site: Site, opened: Open
) -> None:
    if site.kind == "memory":
        pytest.skip("memory does not outlive its process")
    broker.publish(claims(60))
    for polls in (1, 3):
        process = start_crashing(site, polls)
        assert process.stdout is not None
        assert "holding\n" in iter(process.stdout.readline, "")
        kill(process)

    assert_each_became_one_fact(broker, opened(broker, executor()), 60)


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(broker: Broker, site: Site, opened: Open) -> None:
    if site.kind == "memory":
        pytest.skip("memory does not outlive its process")
    dice = random.Random(7)
    broker.publish(claims(2000))
    for _ in range(3):
        process = start_crashing(site, 0)
        assert process.stdout is not None
        for _ in range(dice.randint(2, 30)):
            assert process.stdout.readline()
        kill(process)

    assert_each_became_one_fact(broker, opened(broker, executor()), 2000)


def assert_each_became_one_fact(broker: Broker, log: Log, count: int) -> None:
    """Let `log` do the rest of the work of those that were killed, then count."""
    deadline_s = time.monotonic() + ARRIVES_S
    while len(facts := list(broker.history("facts"))) < count:
        assert time.monotonic() < deadline_s
        records = log.poll(500, 1.0)
        written = [Message("facts", record.key, record.value) for record in records]
        log.commit(records, [*written, *(Message("executions", record.key, record.value) for record in records)])
    assert Counter(values(facts)) == Counter(range(count))
    assert log.poll(10, 0.3) == []


def test_a_poll_for_nothing_reads_nothing_and_loses_nothing(broker: Broker, opened: Open) -> None:
    log = opened(broker, Reading(("claims",), group="worker", member="one"))
    broker.publish(claims(3))
    first = take(log, 1)

    nothing = [log.poll(0, 0.1) for _ in range(10)]

    assert nothing == [[]] * 10
    assert sorted(values(first + take(log, 2))) == [0, 1, 2]


def test_an_answer_to_others_goes_to_their_topic_by_its_own_name(
    broker: Broker, site: Site, opened: Open, make_topic: Callable[[str], None]
) -> None:
    theirs = f"{site.prefix}answers"
    make_topic(theirs)
    answers = opened(broker, Reading(("answers",)))
    assert broker.partitions(theirs, literal=True) > 0
    log = opened(broker, executor())

    log.commit((), [Message(theirs, "k", b"1", literal=True), Message("facts", "k", b"2")])
    broker.publish([Message(theirs, None, b"3", literal=True)])

    assert sorted(values(take(answers, 2))) == [1, 3]
    assert values(list(broker.history("facts"))) == [2]


def test_nobody_can_name_a_topic_of_ours_as_theirs(broker: Broker, site: Site) -> None:
    for name in ("facts", "claims", "tasks.default", "tasks.other"):
        assert broker.partitions(f"{site.prefix}{name}", literal=True) == 0


@pytest.mark.kafka
def test_a_topic_of_others_that_is_gone_or_takes_no_record_stops_nothing_of_ours(
    site: Site, broker: Broker, opened: Open, make_topic: Callable[..., None], drop_topic: Callable[[str], None]
) -> None:
    if site.kind != "kafka":
        pytest.skip("the embedded broker makes any topic that is named")
    absent, narrow, dropped = (f"{site.prefix}{name}" for name in ("absent", "narrow", "dropped"))
    make_topic(narrow, {"max.message.bytes": "100"})
    make_topic(dropped)
    log = opened(broker, executor())
    answers = [
        Message(narrow, None, random.Random(0).randbytes(5_000), literal=True),
        Message(absent, None, b"", literal=True),
    ]

    def committed(number: int, *answers: Message) -> None:
        deadline_s = time.monotonic() + 2 * ARRIVES_S
        while True:
            assert time.monotonic() < deadline_s
            try:
                log.poll(1, 0.1)
                log.commit((), [*answers, Message("facts", "k", str(number).encode())])
            except Unavailable:
                continue
            return

    committed(0, *answers)
    committed(1, Message(dropped, None, b"", literal=True))
    drop_topic(dropped)
    committed(2, Message(dropped, None, b"", literal=True))

    assert values(list(broker.history("facts"))) == [0, 1, 2]

"""
What the machine does without us, measured in the same run: raw commits of SQLite, raw transactions of Kafka.

One consume-transform-produce loop with our client settings: records in, as many out, offsets
in the transaction. A second process's work is not in it: the broker's is.
"""

import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from runfold.adapters.kafka_cluster import CLIENT, CONSUMER, PRODUCER
from tests.bench.figures import Raw

VALUE: Final = b"x" * 600
COMMITS: Final = 3_000
ROWS: Final = 30_000
RECORDS: Final = {10: 1_500, 100: 8_000, 1_000: 30_000}
"""Records a transaction to records in all."""

WARM_UP_RECORDS: Final = 2_000
TIMEOUT_S: Final = 30.0


def sqlite() -> list[Raw]:
    """Return how many commits of one row a second, and how many rows in commits of 100."""
    return [
        Raw("SQLite, commits of 1 row (commits/s)", _sqlite(COMMITS, 1) / 1),
        Raw("SQLite, commits of 100 rows (rows/s)", _sqlite(ROWS, 100)),
    ]


def _sqlite(rows: int, size: int) -> float:
    with tempfile.TemporaryDirectory(prefix="runfold-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "raw.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, value BLOB)")
        began_s = time.perf_counter()
        for _ in range(0, rows, size):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO records (value) VALUES (?)", [(VALUE,)] * size)
            connection.execute("COMMIT")
        seconds = time.perf_counter() - began_s
        connection.close()
    return round(rows / seconds, 1)


def kafka(bootstrap: str) -> list[Raw]:
    """Return records/s through transactions of several sizes, on a broker that is warm."""
    _kafka(bootstrap, 100, WARM_UP_RECORDS)
    return [
        Raw(f"Kafka, consume-transform-produce, {size:,} a transaction (records/s)", _kafka(bootstrap, size, total))
        for size, total in RECORDS.items()
    ]


def _kafka(bootstrap: str, size: int, total: int) -> float:
    client: dict[str, Any] = {**CLIENT, "bootstrap.servers": bootstrap}
    name = f"raw-{uuid.uuid4().hex[:8]}"
    topics = [f"{name}-in", f"{name}-out"]
    admin = AdminClient(client)
    for made in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
        made.result(TIMEOUT_S)
    filling = Producer({**client, **PRODUCER})
    for _ in range(total):
        filling.produce(topics[0], VALUE, partition=0)
    filling.flush(TIMEOUT_S)
    producer = Producer({**client, **PRODUCER, "transactional.id": name})
    producer.init_transactions(TIMEOUT_S)
    consumer = Consumer({**client, **CONSUMER, "group.id": name})
    consumer.assign([TopicPartition(topics[0], 0, 0)])
    try:
        first = _read(consumer, size)
        began_s = time.perf_counter()
        done = _pass_on(consumer, producer, (topics[1], first), lambda done: _read(consumer, min(size, total - done)))
        return round(done / (time.perf_counter() - began_s), 1)
    finally:
        consumer.close()


def _read(consumer: Consumer, count: int) -> list[bytes]:
    found = consumer.consume(count, TIMEOUT_S) if count else []
    assert len(found) == count, f"{len(found)} of {count} records came"
    return [message.value() or b"" for message in found]


def _pass_on(
    consumer: Consumer, producer: Producer, first: tuple[str, list[bytes]], more: Callable[[int], list[bytes]]
) -> int:
    topic, values = first
    done = 0
    while values:
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=0)
        done += len(values)
        places = [TopicPartition(place.topic, place.partition, done) for place in consumer.assignment()]
        producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata(), TIMEOUT_S)
        producer.commit_transaction(TIMEOUT_S)
        values = more(done)
    return done

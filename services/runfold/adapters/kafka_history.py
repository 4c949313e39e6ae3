"""
What a topic holds, read once from its beginning to its end.

The end is the high watermark as of the call, not the last stable offset: the records of a
transaction that was committed a moment ago must be among those read, even where its
markers have not arrived on this partition yet (KAFKA-10167 tells of the same mistake).
"""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from runfold.adapters.kafka_cluster import PASSING, REQUEST_TIMEOUT_S, KafkaCluster, ours, translated
from runfold.errors import Unavailable
from runfold.ports import Record

FETCH_MAX: Final = 1000
SILENCE_S: Final = 0.1
STALLED_S: Final = 30.0
"""Longer than any transaction lives: after so long without a record, something is wrong."""

IDLE_CONSUMERS_MAX: Final = 4

LEADER_PAUSE_S: Final = 0.02
LEADERLESS: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError._NOENT,  # noqa: SLF001 - "no leaders found"
    }
)

EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class KafkaHistory:
    """Reads histories; keeps a few consumers, for connecting costs more than reading an empty partition."""

    def __init__(self, cluster: KafkaCluster, admin: AdminClient) -> None:
        self._cluster = cluster
        self._admin = admin
        self._idle: list[Consumer] = []
        self._lock = threading.Lock()

    def read(self, topic: str, partitions: Sequence[int]) -> Iterator[Record]:
        """Yield the records of these partitions of `topic` (full name); the end is fixed before the first."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        begins = ends(self._admin, places, EARLIEST)
        lasts = ends(self._admin, places, LATEST)
        open_ends = {place: end for place, end in lasts.items() if end > begins[place]}
        return self._read(topic, {place: begins[place] for place in open_ends}, open_ends)

    def close(self) -> None:
        """Close the idle consumers."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _read(self, topic: str, begins: dict[int, int], open_ends: dict[int, int]) -> Iterator[Record]:
        if not open_ends:
            return
        consumer = self._take()
        try:
            with translated():
                consumer.assign([TopicPartition(topic, partition, begin) for partition, begin in begins.items()])
            moved_s = time.monotonic()
            while open_ends:
                with translated():
                    first = consumer.poll(SILENCE_S)
                    found = [] if first is None else [first, *consumer.consume(FETCH_MAX, 0)]
                good = _before_the_ends(found, open_ends)
                if found:
                    moved_s = time.monotonic()
                elif time.monotonic() - moved_s > STALLED_S:
                    raise Unavailable(f"Kafka: no record of {topic} for {STALLED_S} s, yet its end is not reached")
                yield from self._cluster.records(good)
        finally:
            self._give_back(consumer)

    def _take(self) -> Consumer:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        # EOF events say that the rest are markers only; the short wait makes them come at once.
        return Consumer(self._cluster.consumer("history", **{"enable.partition.eof": True, "fetch.wait.max.ms": 5}))

    def _give_back(self, consumer: Consumer) -> None:
        with translated():
            consumer.unassign()
        with self._lock:
            if len(self._idle) < IDLE_CONSUMERS_MAX:
                self._idle.append(consumer)
                return
        consumer.close()


def ends(admin: AdminClient, places: Sequence[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
    """
    Return the offset of each partition (of one topic) that `spec` asks for, whatever is committed yet.

    Partitions without a leader (just created, or moving) or with a new one are waited for.
    """
    deadline_s = time.monotonic() + REQUEST_TIMEOUT_S
    while True:
        try:
            answers = admin.list_offsets(
                dict.fromkeys(places, spec),
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=REQUEST_TIMEOUT_S,
            )
            return {place.partition: answer.result().offset for place, answer in answers.items()}
        except KafkaException as error:
            if error.args[0].code() not in LEADERLESS or time.monotonic() > deadline_s:
                raise ours(error.args[0]) from error
            time.sleep(LEADER_PAUSE_S)
            with translated():
                admin.list_topics(timeout=REQUEST_TIMEOUT_S)  # it goes on asking by what it knew, unless told anew


def _before_the_ends(found: Sequence[Any], open_ends: dict[int, int]) -> list[Any]:
    """Return the messages before their partition's end; forget in `open_ends` the partitions that reached it."""
    good = []
    for message in found:
        error = message.error()
        if error is not None and error.code() not in PASSING:
            raise ours(error)
        end = open_ends.get(message.partition())
        if end is None:
            continue
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF and message.offset() >= end:  # noqa: SLF001
                del open_ends[message.partition()]
            continue
        if message.offset() < end:
            good.append(message)
        if message.offset() >= end - 1:
            del open_ends[message.partition()]
    return good

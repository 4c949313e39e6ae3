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

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from runfold.adapters.kafka_cluster import PASSING, KafkaCluster, ours, translated
from runfold.adapters.kafka_contact import Contact, CutOff, KafkaAdmin
from runfold.adapters.kafka_line import abandon
from runfold.errors import Unavailable
from runfold.ports import Record

FETCH_MAX: Final = 1000
POLL_S: Final = 0.1
SILENCE_S: Final = 2.0
"""After so long without a record it is asked whether the cluster still answers: there are records to come."""

STALLED_S: Final = 30.0
"""Longer than any transaction lives: after so long without a record, something is wrong."""

IDLE_CONSUMERS_MAX: Final = 4

EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class KafkaHistory:
    """Reads histories; keeps a few consumers, for connecting costs more than reading an empty partition."""

    def __init__(self, cluster: KafkaCluster, admin: KafkaAdmin) -> None:
        self._cluster = cluster
        self._admin = admin
        self._idle: list[Consumer] = []
        self._lock = threading.Lock()

    def read(self, topic: str, partitions: Sequence[int], since_ms: int = 0, since: int = 0) -> Iterator[Record]:
        """Yield the records of these partitions of `topic` (full name); the end is fixed before the first."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        spec = OffsetSpec.for_timestamp(since_ms) if since_ms else EARLIEST
        found = self._admin.ends(places, spec)
        begins = {place: begin if begin < 0 else max(begin, since) for place, begin in found.items()}
        lasts = self._admin.ends(places, LATEST)
        # A time after the last record has no offset: -1.
        open_ends = {place: end for place, end in lasts.items() if 0 <= begins[place] < end}
        return self._read(topic, {place: begins[place] for place in open_ends}, open_ends)

    def close(self) -> None:
        """Close the idle consumers."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _abandon_idle(self) -> None:
        with self._lock:
            while self._idle:
                abandon(self._idle.pop())

    def _read(self, topic: str, begins: dict[int, int], open_ends: dict[int, int]) -> Iterator[Record]:
        if not open_ends:
            return
        consumer = self._take()
        contact = Contact(self._cluster)
        try:
            with translated():
                consumer.assign([TopicPartition(topic, partition, begin) for partition, begin in begins.items()])
            moved_s = time.monotonic()
            while open_ends:
                with translated():
                    first = consumer.poll(POLL_S)
                    found = [] if first is None else [first, *consumer.consume(FETCH_MAX, 0)]
                good = _before_the_ends(found, open_ends)
                if found:
                    moved_s = time.monotonic()
                    contact.heard()
                else:
                    contact.check(consumer, SILENCE_S)
                    _check_patience(topic, moved_s)
                yield from self._cluster.records(good)
        except CutOff:
            abandon(consumer)
            self._abandon_idle()  # what befell this one may have befallen those as well
            raise
        except BaseException:
            self._give_back(consumer)
            raise
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


def _check_patience(topic: str, moved_s: float) -> None:
    if time.monotonic() - moved_s > STALLED_S:
        raise Unavailable(f"Kafka: no record of {topic} for {STALLED_S} s, yet its end is not reached")


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

"""
The cluster's broker: topics on Kafka, under a prefix.

Publishing goes through one idempotent producer for all threads; a thread of its own takes
the acknowledgements in, so that each caller waits for its own messages only. Topics are
never created by the way: see `kafka_topics`.
"""

import itertools
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from runfold.adapters.kafka_cluster import (
    DELIVERY_TIMEOUT_MS,
    KafkaCluster,
    headers_of,
    ours,
)
from runfold.adapters.kafka_history import EARLIEST, LATEST, KafkaHistory, ends
from runfold.adapters.kafka_known import ABSENT_S, KnownTopics
from runfold.adapters.kafka_log import KafkaGroupLog, KafkaLoneLog, Writing
from runfold.adapters.kafka_transactions import Placed
from runfold.adapters.partitioner import check_sizes, partition_of
from runfold.errors import Unavailable
from runfold.ports import Log, Message, Reading, Record
from runfold.topology import PARTITIONS, is_known

ACKNOWLEDGED_S: Final = DELIVERY_TIMEOUT_MS / 1000 + 5
SERVE_S: Final = 0.1
QUEUE_FULL_PAUSE_S: Final = 0.05
FLUSH_S: Final = 5.0

logger = logging.getLogger(__name__)


class KafkaBroker:
    """See `ports.Broker`. Topics and groups are named without `prefix` everywhere else."""

    def __init__(
        self, client_settings: Mapping[str, str], prefix: str, partitions: int = PARTITIONS, replication: int = 1
    ) -> None:
        self.cluster = KafkaCluster(client_settings, prefix, partitions, replication)
        self._admin = AdminClient(self.cluster.client())
        self._producer = Producer(self.cluster.producer())
        self._history = KafkaHistory(self.cluster, self._admin)
        self._topics = KnownTopics(self._admin)
        self._turn = itertools.count()
        self._stop = threading.Event()
        self._server = threading.Thread(target=self._serve, name="kafka-acknowledgements", daemon=True)
        self._server.start()

    def log(self, reading: Reading) -> Log:
        if reading.group is not None:
            return KafkaGroupLog(self.cluster, reading, Writing(self.publish, self._place, self._topics.failed))
        spec = LATEST if reading.start == "latest" else EARLIEST
        places: list[TopicPartition] = []
        for topic in reading.topics:
            full = self.cluster.prefix + topic
            wanted = [TopicPartition(full, partition) for partition in range(self._count(topic))]
            places += [
                TopicPartition(full, number, offset) for number, offset in ends(self._admin, wanted, spec).items()
            ]
        return KafkaLoneLog(self.cluster, places, self.publish)

    def publish(self, messages: Sequence[Message]) -> None:
        check_sizes(messages)
        if not messages:
            return
        placed = self._place(messages)
        batch = _Batch(len(placed))
        for topic, partition, message in placed:
            self._produce(topic, partition, message, batch)
        batch.wait()

    def history(self, topic: str, partition: int | None = None) -> Iterator[Record]:
        count = self.partitions(topic)
        if count == 0:
            return iter(())
        numbers = range(count) if partition is None else (partition,)
        return self._history.read(self.cluster.prefix + topic, numbers)

    def partitions(self, topic: str, *, literal: bool = False) -> int:
        prefix = self.cluster.prefix
        if not literal:
            return self._topics.partitions(prefix + topic)
        if topic.startswith(prefix) and is_known(topic.removeprefix(prefix)):
            return 0
        return self._topics.partitions(topic, absent_for_s=ABSENT_S)

    def close(self) -> None:
        self._producer.flush(FLUSH_S)
        self._stop.set()
        self._server.join()
        self._history.close()

    def _count(self, topic: str) -> int:
        count = self.partitions(topic)
        if count == 0:
            raise Unavailable(f"Kafka has no topic {self.cluster.prefix}{topic}: create it with `runfold topics apply`")
        return count

    def _place(self, messages: Sequence[Message]) -> list[Placed]:
        ours = {message.topic for message in messages if not message.literal}
        theirs = {message.topic for message in messages if message.literal}
        counts = {(False, topic): self._count(topic) for topic in ours}
        counts |= {(True, topic): self.partitions(topic, literal=True) for topic in theirs}
        return list(self._placed(messages, counts))

    def _placed(self, messages: Sequence[Message], counts: Mapping[tuple[bool, str], int]) -> Iterator[Placed]:
        for message in messages:
            count = counts[message.literal, message.topic]
            if count == 0:
                # Somebody else's: that it is gone must not stop us.
                logger.warning("A record for %s is dropped: no such topic, or it refuses records", message.topic)
                continue
            topic = message.topic if message.literal else self.cluster.prefix + message.topic
            yield topic, partition_of(message, count, next(self._turn)), message

    def _produce(self, topic: str, partition: int, message: Message, batch: "_Batch") -> None:
        headers = headers_of(message)
        while True:
            try:
                self._producer.produce(
                    topic, message.value, message.key, partition, headers=headers, on_delivery=batch.delivered
                )
            except BufferError:
                self._stop.wait(QUEUE_FULL_PAUSE_S)  # the serving thread empties it: each message has a timeout
            except KafkaException as error:
                raise ours(error.args[0]) from error
            else:
                return

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(SERVE_S)


class _Batch:
    """The acknowledgements that one caller waits for."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._error: Any = None
        self._done = threading.Event()
        if count == 0:
            self._done.set()

    def delivered(self, error: Any, _message: object) -> None:
        """Count one; only the serving thread (or the last flush) calls it."""
        self._error = self._error or error
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def wait(self) -> None:
        if not self._done.wait(ACKNOWLEDGED_S):
            raise Unavailable(f"Kafka: {self._left} records are not acknowledged after {ACKNOWLEDGED_S:.0f} s")
        if self._error is not None:
            raise ours(self._error)

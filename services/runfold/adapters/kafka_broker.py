"""
The cluster's broker: topics on Kafka, under a prefix.

Publishing goes through one idempotent producer for all threads; a thread of its own takes
the acknowledgements in, so that each caller waits for its own messages only. Topics are
never created by the way: see `kafka_topics`.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from runfold.adapters.kafka_cluster import (
    DELIVERY_TIMEOUT_MS,
    REQUEST_TIMEOUT_S,
    KafkaCluster,
    headers_of,
    ours,
    translated,
)
from runfold.adapters.kafka_history import EARLIEST, LATEST, KafkaHistory, ends
from runfold.adapters.kafka_log import KafkaGroupLog, KafkaLoneLog
from runfold.adapters.kafka_transactions import Placed
from runfold.adapters.partitioner import check_sizes, partition_of
from runfold.errors import Unavailable
from runfold.ports import Log, Message, Reading, Record
from runfold.topology import PARTITIONS

ACKNOWLEDGED_S: Final = DELIVERY_TIMEOUT_MS / 1000 + 5
SERVE_S: Final = 0.1
QUEUE_FULL_PAUSE_S: Final = 0.05
FLUSH_S: Final = 5.0


class KafkaBroker:
    """See `ports.Broker`. Topics and groups are named without `prefix` everywhere else."""

    def __init__(
        self, client_settings: Mapping[str, str], prefix: str, partitions: int = PARTITIONS, replication: int = 1
    ) -> None:
        self.cluster = KafkaCluster(client_settings, prefix, partitions, replication)
        self._admin = AdminClient(self.cluster.client())
        self._producer = Producer(self.cluster.producer())
        self._history = KafkaHistory(self.cluster, self._admin)
        self._counts: dict[str, int] = {}
        self._turn = itertools.count()
        self._stop = threading.Event()
        self._server = threading.Thread(target=self._serve, name="kafka-acknowledgements", daemon=True)
        self._server.start()

    def log(self, reading: Reading) -> Log:
        if reading.group is not None:
            return KafkaGroupLog(self.cluster, reading, self.publish, self._place)
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
        batch = _Batch(len(messages))
        for topic, partition, message in self._place(messages):
            self._produce(topic, partition, message, batch)
        batch.wait()

    def history(self, topic: str, partition: int | None = None) -> Iterator[Record]:
        count = self.partitions(topic)
        if count == 0:
            return iter(())
        numbers = range(count) if partition is None else (partition,)
        return self._history.read(self.cluster.prefix + topic, numbers)

    def partitions(self, topic: str) -> int:
        found = self._counts.get(topic)
        if found is None:
            with translated():
                # All topics: asking for one by name could create it, where the cluster allows that.
                known = self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
            cut = len(self.cluster.prefix)
            self._counts = {
                name[cut:]: len(metadata.partitions)
                for name, metadata in known.items()
                if name.startswith(self.cluster.prefix)
            }
            found = self._counts.get(topic, 0)
        return found

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
        counts = {topic: self._count(topic) for topic in {message.topic for message in messages}}
        prefix = self.cluster.prefix
        return [
            (prefix + message.topic, partition_of(message, counts[message.topic], next(self._turn)), message)
            for message in messages
        ]

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

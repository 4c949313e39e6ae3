"""
The cluster's broker: topics on Kafka, under a prefix.

Topics are never created by the way: see `kafka_topics`.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import TopicPartition

from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_contact import KafkaAdmin
from runfold.adapters.kafka_history import EARLIEST, LATEST, KafkaHistory
from runfold.adapters.kafka_known import ABSENT_S, KnownTopics
from runfold.adapters.kafka_log import KafkaGroupLog, KafkaLoneLog, Writing
from runfold.adapters.kafka_publisher import Publisher
from runfold.adapters.kafka_transactions import Placed
from runfold.adapters.partitioner import check_sizes, partition_of
from runfold.errors import Unavailable
from runfold.ports import Log, Message, Reading, Record
from runfold.topology import PARTITIONS, is_known

logger = logging.getLogger(__name__)


class KafkaBroker:
    """See `ports.Broker`. Topics and groups are named without `prefix` everywhere else."""

    def __init__(
        self, client_settings: Mapping[str, str], prefix: str, partitions: int = PARTITIONS, replication: int = 1
    ) -> None:
        self.cluster = KafkaCluster(client_settings, prefix, partitions, replication)
        self._admin = KafkaAdmin(self.cluster)
        self._publisher = Publisher(self.cluster)
        self._history = KafkaHistory(self.cluster, self._admin)
        self._topics = KnownTopics(self._admin)
        self._turn = itertools.count()

    def log(self, reading: Reading) -> Log:
        if reading.group is not None:
            return KafkaGroupLog(self.cluster, reading, Writing(self.publish, self._place, self._topics))
        spec = LATEST if reading.start == "latest" else EARLIEST
        places: list[TopicPartition] = []
        for topic in reading.topics:
            full = self.cluster.prefix + topic
            wanted = [TopicPartition(full, partition) for partition in range(self._count(topic))]
            places += [
                TopicPartition(full, number, offset) for number, offset in self._admin.ends(wanted, spec).items()
            ]
        return KafkaLoneLog(self.cluster, places, self.publish)

    def publish(self, messages: Sequence[Message]) -> None:
        check_sizes(messages)
        if messages:
            self._publisher.publish(self._place(messages))

    def history(
        self, topic: str, partition: int | None = None, since_ms: int = 0, since: int = 0, *, key: str | None = None
    ) -> Iterator[Record]:
        count = self.partitions(topic)
        if count == 0:
            return iter(())
        numbers = range(count) if partition is None else (partition,)
        records = self._history.read(self.cluster.prefix + topic, numbers, since_ms, since)
        return records if key is None else (record for record in records if record.key == key)

    def partitions(self, topic: str, *, literal: bool = False) -> int:
        prefix = self.cluster.prefix
        if not literal:
            return self._topics.partitions(prefix + topic)
        if topic.startswith(prefix) and is_known(topic.removeprefix(prefix)):
            return 0
        return self._topics.partitions(topic, absent_for_s=ABSENT_S)

    def close(self) -> None:
        self._publisher.close()
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

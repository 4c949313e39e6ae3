"""
The topics that the topology wants and those that the cluster has.

`plan` says how they differ, `apply` creates what is missing. What exists is never changed:
another number of partitions would send keys elsewhere, so that is for people to decide.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from runfold.adapters.kafka_cluster import REQUEST_TIMEOUT_S, KafkaCluster, ours, translated
from runfold.errors import Unavailable
from runfold.topology import FACTS, TOPICS, Cleanup, Topic, tasks_topic

DAY_MS: Final = 24 * 60 * 60 * 1000
FOREVER_MS: Final = -1
MIN_INSYNC_OF_THREE: Final = 2
KNOWN_PAUSE_S: Final = 0.05

CONFIGS: Final = {
    Cleanup.DELETE: {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)},
    # The truth is never thrown away unasked; an operator may set a limit.
    Cleanup.KEEP: {"cleanup.policy": "delete", "retention.ms": str(FOREVER_MS)},
    Cleanup.COMPACT: {
        "cleanup.policy": "compact",
        # Snapshots are written again and again: compacting early keeps restores short.
        "min.cleanable.dirty.ratio": "0.2",
        "min.compaction.lag.ms": "60000",
        "max.compaction.lag.ms": "3600000",
        "delete.retention.ms": str(DAY_MS),
        "segment.bytes": str(64 * 1024 * 1024),
    },
}


@dataclass(frozen=True, slots=True)
class Difference:
    """How one topic (full name) is not as it should be; `missing` is what `apply` mends."""

    topic: str
    problem: str
    missing: bool = False

    def __str__(self) -> str:
        return f"{self.topic}: {self.problem}"


class KafkaTopics:
    """The topics under one prefix, with those of `worker_groups` beside the topology's."""

    def __init__(
        self, cluster: KafkaCluster, worker_groups: Iterable[str] = (), facts_retention_s: float | None = None
    ) -> None:
        self._cluster = cluster
        self._facts_retention_s = facts_retention_s
        self._admin = AdminClient(cluster.client())
        known = {topic.name: topic for topic in TOPICS}
        template = known[tasks_topic("default")]
        for group in worker_groups:
            name = tasks_topic(group)
            known.setdefault(name, Topic(name, template.key, template.record, template.writers, template.readers))
        self._topics = tuple(known.values())

    def plan(self) -> Sequence[Difference]:
        """Return what is missing or other than wanted."""
        with translated():
            present = self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        cleanups = self._cleanups([topic for topic in self._topics if self._name(topic) in present])
        differences = []
        for topic in self._topics:
            name = self._name(topic)
            if name not in present:
                differences.append(Difference(name, f"is missing ({self._partitions(topic)} partitions)", missing=True))
                continue
            count, wanted = len(present[name].partitions), self._partitions(topic)
            if count != wanted:
                differences.append(Difference(name, f"has {count} partitions, not {wanted}"))
            policy = CONFIGS[topic.cleanup]["cleanup.policy"]
            if cleanups[name] != policy:
                differences.append(Difference(name, f"has cleanup.policy {cleanups[name]}, not {policy}"))
        return differences

    def apply(self) -> Sequence[Difference]:
        """Create what is missing; return what still differs and is for people to decide."""
        missing = {difference.topic for difference in self.plan() if difference.missing}
        wanted = [self._new(topic) for topic in self._topics if self._name(topic) in missing]
        if wanted:
            with translated():
                answers = self._admin.create_topics(wanted, request_timeout=REQUEST_TIMEOUT_S)
            for answer in answers.values():
                _await_created(answer)
            self._await_known(missing)
        return [difference for difference in self.plan() if not difference.missing]

    def require(self, *, create: bool) -> None:
        """
        See to it that every topic is there.

        Raises:
            Unavailable: Some are missing and may not be created here; it lists them.
        """
        missing = [difference.topic for difference in self.plan() if difference.missing]
        if missing and not create:
            raise Unavailable(f"Kafka lacks topics: {', '.join(missing)}. Create them with `runfold topics apply`")
        if missing:
            self.apply()

    def _await_known(self, names: set[str]) -> None:
        """Wait until the cluster speaks of `names`: what it has created it does not know everywhere at once."""
        deadline_s = time.monotonic() + REQUEST_TIMEOUT_S
        while time.monotonic() < deadline_s:
            with translated():
                present = self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
            if all(name in present and all(p.leader >= 0 for p in present[name].partitions.values()) for name in names):
                return
            time.sleep(KNOWN_PAUSE_S)
        raise Unavailable(f"Kafka created topics and does not know them after {REQUEST_TIMEOUT_S} s")

    def _name(self, topic: Topic) -> str:
        return self._cluster.prefix + topic.name

    def _partitions(self, topic: Topic) -> int:
        """Return the count wanted: the setting, for the topics that may be spread at all."""
        return 1 if topic.partitions == 1 else self._cluster.partitions

    def _new(self, topic: Topic) -> NewTopic:
        config = dict(CONFIGS[topic.cleanup])
        if topic.name == FACTS and self._facts_retention_s is not None:
            config["retention.ms"] = str(int(self._facts_retention_s * 1000))
        if self._cluster.replication > MIN_INSYNC_OF_THREE:
            config["min.insync.replicas"] = str(MIN_INSYNC_OF_THREE)
        return NewTopic(
            self._name(topic),
            num_partitions=self._partitions(topic),
            replication_factor=self._cluster.replication,
            config=config,
        )

    def _cleanups(self, topics: Sequence[Topic]) -> dict[str, str]:
        resources = [ConfigResource(ResourceType.TOPIC, self._name(topic)) for topic in topics]
        if not resources:
            return {}
        with translated():
            answers = self._admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_S)
            return {resource.name: str(answer.result()["cleanup.policy"].value) for resource, answer in answers.items()}


def _await_created(answer: object) -> None:
    try:
        answer.result()  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
            raise ours(error.args[0]) from error

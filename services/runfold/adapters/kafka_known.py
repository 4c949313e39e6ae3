"""
Which topics the cluster has, and with how many partitions, as far as we were told.

Our own topics stay once they are there. Topics of others come and go, may be closed to us,
or take only small records: none of that may hold the engine up, so a topic that refused
a record is taken for absent for a while, and what was to go there is dropped.
"""

import threading
import time
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError

from runfold.adapters.kafka_contact import KafkaAdmin

ABSENT_S: Final = 1.0
"""How long a topic of others that was not there is not asked for again."""

REFUSED_S: Final = 60.0
TOPICS_MAX: Final = 10_000
"""Topics of others that are kept in mind as absent."""

REFUSALS: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.POLICY_VIOLATION,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - the client names its own errors so
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)


class KnownTopics:
    """Topics by full name. May be asked by any thread."""

    def __init__(self, admin: KafkaAdmin) -> None:
        self._admin = admin
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._absent_until_s: dict[str, float] = {}

    def partitions(self, topic: str, absent_for_s: float = 0.0) -> int:
        """
        Return how many partitions `topic` has; 0: it is not there.

        `absent_for_s`: so long an absent one is taken for absent without asking.

        Raises:
            Unavailable: The cluster did not answer.
        """
        if self._is_absent(topic):
            return 0
        found = self._counts.get(topic)
        if found is None:
            self._counts = {name: len(metadata.partitions) for name, metadata in self._admin.topics().items()}
            found = self._counts.get(topic, 0)
            if found == 0 and absent_for_s:
                self._set_absent(topic, absent_for_s)
        return found

    def delivered(self, error: Any, message: Any) -> None:
        """Take the report on a record of somebody else's topic: a delivery callback of the client."""
        if error is not None and error.code() in REFUSALS:
            self._set_absent(message.topic(), REFUSED_S)

    def forget(self, topics: Iterable[str]) -> None:
        """Ask anew when one of these is wanted next: something went wrong that may be their fault."""
        for topic in topics:
            self._counts.pop(topic, None)

    def _is_absent(self, topic: str) -> bool:
        until_s = self._absent_until_s.get(topic)
        return until_s is not None and time.monotonic() < until_s

    def _set_absent(self, topic: str, for_s: float) -> None:
        now_s = time.monotonic()
        with self._lock:
            if len(self._absent_until_s) >= TOPICS_MAX:
                self._absent_until_s = {name: at for name, at in self._absent_until_s.items() if at > now_s}
            if len(self._absent_until_s) < TOPICS_MAX:
                self._absent_until_s[topic] = now_s + for_s

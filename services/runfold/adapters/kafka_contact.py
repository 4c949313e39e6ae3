"""
Clients that lost the cluster for good, and how we notice.

After an outage a client may be left without any broker, even those that it was given at the
start: it asks nobody any more, and says nothing. So whoever hears nothing for a while asks
the cluster one question. If that gets no answer while a fresh client's does, the client is
left behind and another one opened.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from runfold.adapters.kafka_cluster import REQUEST_TIMEOUT_S, ConsumerLost, KafkaCluster, ours, translated
from runfold.adapters.kafka_line import abandon
from runfold.errors import Unavailable

SILENCE_S: Final = 10.0
"""After so long without a record, it is asked whether anybody is there."""

ANSWER_S: Final = 3.0

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


class CutOff(ConsumerLost):
    """This client reaches no broker: open another."""


def is_cut_off(cluster: KafkaCluster, client: Any) -> bool:
    """Return whether `client` gets no answer, though others do."""
    return not _answers(client) and _answers(AdminClient(cluster.client()))


def _answers(client: Any) -> bool:
    try:
        client.list_topics(timeout=ANSWER_S)
    except KafkaException:
        return False
    return True


class Contact:
    """Watches over one consumer at a time."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._heard_s = time.monotonic()
        self._untold = 0

    def heard(self) -> None:
        """Note that the cluster spoke."""
        self._heard_s = time.monotonic()

    def check(self, consumer: Consumer, silence_s: float = SILENCE_S) -> None:
        """
        Look into a silence of so long. Where the cluster itself is away, that is all.

        Raises:
            CutOff: The cluster is there, and this consumer does not reach it.
        """
        if time.monotonic() - self._heard_s < silence_s:
            return
        cut_off = is_cut_off(self._cluster, consumer)
        self.heard()
        if cut_off:
            raise CutOff("Kafka answers others, and not this client")

    def told(self) -> None:
        """Note that the group said where to read on."""
        self._untold = 0

    def untold(self, error: Unavailable) -> None:
        """
        Note that the group did not say in time where to read on.

        Raises:
            CutOff: That was the second, fourth, eighth time in a row, and the cluster is there: another
                consumer may be told.
        """
        self._untold += 1
        is_power_of_two = self._untold & (self._untold - 1) == 0
        if self._untold > 1 and is_power_of_two and _answers(AdminClient(self._cluster.client())):
            raise CutOff(f"Kafka answers others, and does not tell this client its places: {error}") from error


class KafkaAdmin:
    """What the cluster says of itself. For any thread."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._client: AdminClient | None = None

    def topics(self) -> Mapping[str, Any]:
        """Return all topics by full name. Raises: Unavailable."""
        client = self._given()
        try:
            with translated():
                # All of them: asking for one by name could create it, where the cluster allows that.
                return dict(client.list_topics(timeout=REQUEST_TIMEOUT_S).topics)
        except Unavailable:
            self._doubt(client)
            raise

    def ends(self, places: Sequence[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
        """
        Return the offset of each partition (of one topic) that `spec` asks for, whatever is committed yet.

        Partitions without a leader (just created, or moving) or with a new one are waited for.
        """
        deadline_s = time.monotonic() + REQUEST_TIMEOUT_S
        while True:
            client = self._given()
            try:
                answers = client.list_offsets(
                    dict.fromkeys(places, spec),
                    isolation_level=IsolationLevel.READ_UNCOMMITTED,
                    request_timeout=REQUEST_TIMEOUT_S,
                )
                return {place.partition: answer.result().offset for place, answer in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in LEADERLESS or time.monotonic() > deadline_s:
                    self._doubt(client)
                    raise ours(error.args[0]) from error
                time.sleep(LEADER_PAUSE_S)
                self.topics()  # it goes on asking by what it knew, unless told anew

    def _given(self) -> AdminClient:
        with self._lock:
            if self._client is None:
                self._client = AdminClient(self._cluster.client())
            return self._client

    def _doubt(self, client: AdminClient) -> None:
        if is_cut_off(self._cluster, client):
            abandon(client)
            with self._lock:
                if self._client is client:
                    self._client = None

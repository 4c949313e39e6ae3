"""
Transactions of one exactly-once log: what it writes and how far it has read, both or neither.

One producer with a fixed transactional id. Whenever it is not known how a transaction
ended, the producer is thrown away: the next one's `init_transactions` ends what is open.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaException, Producer, TopicPartition

from runfold.adapters.kafka_cluster import (
    FENCED,
    TRANSACTION_TIMEOUT_MS,
    KafkaCluster,
    headers_of,
    ours,
)
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message

INIT_TIMEOUT_S: Final = 10.0
COMMIT_TIMEOUT_S: Final = 20.0
ABORT_TIMEOUT_S: Final = 5.0
CALL_TIMEOUT_S: Final = 5.0
QUEUE_FULL_PAUSE_S: Final = 0.05

Placed = tuple[str, int, Message]
"""A message with its topic's full name and its partition."""

Delivered = Callable[[Any, Any], None]
"""The client's callback with an error (or None) and its message."""


class OutcomeUnknown(Unavailable):
    """Nobody knows whether the transaction was committed: read what is there and go on from that."""


class KafkaTransactions:
    """The producer of one transactional id. `delivered` hears of what goes to topics of others."""

    def __init__(self, cluster: KafkaCluster, transactional_id: str, delivered: Delivered) -> None:
        self._delivered = delivered
        self._settings = cluster.producer(
            **{"transactional.id": transactional_id, "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS}
        )
        self._starting: Producer | None = None
        self._producer: Producer | None = None

    def ready(self) -> Producer:
        """Return the producer; a new one first ends what the one before left open, and fences it."""
        if self._producer is None:
            self._starting = self._starting or Producer(self._settings)
            try:
                self._starting.init_transactions(INIT_TIMEOUT_S)
            except KafkaException as error:
                if not error.args[0].retriable():
                    self._starting = None
                raise ours(error.args[0]) from error
            self._producer, self._starting = self._starting, None
        return self._producer

    def commit(self, written: Sequence[Placed], offsets: list[TopicPartition], group: Any) -> None:
        """
        Write `written` and `offsets` of `group` in one transaction.

        Raises:
            OutcomeUnknown: It may have happened or not.
            Unavailable: It did not happen.
            BrokenInvariant: Another process has this one's transactional id, or its place in the group.
        """
        producer = self.ready()
        deadline_s = time.monotonic() + COMMIT_TIMEOUT_S
        try:
            producer.begin_transaction()
            for topic, partition, message in written:
                self._produce(producer, topic, partition, message)
            if offsets:
                _retried(lambda: producer.send_offsets_to_transaction(offsets, group, CALL_TIMEOUT_S), deadline_s)
            _retried(lambda: producer.commit_transaction(CALL_TIMEOUT_S), deadline_s)
        except KafkaException as error:
            raise self._failed(producer, error) from error

    def discard(self) -> None:
        """Throw the producer away, and what it has not sent."""
        if self._producer is not None:
            self._producer.purge()
            self._producer = None

    def _failed(self, producer: Producer, failure: KafkaException) -> Unavailable | BrokenInvariant:
        error = failure.args[0]
        if error.code() in FENCED:
            self.discard()
            return ours(error)
        if error.txn_requires_abort():
            try:
                _retried(lambda: producer.abort_transaction(CALL_TIMEOUT_S), time.monotonic() + ABORT_TIMEOUT_S)
            except KafkaException as second:
                self.discard()
                return OutcomeUnknown(f"Kafka: {error}; and no abort: {second}")
            return Unavailable(f"Kafka: {error}")
        # Fatal, or given up while nobody answered.
        self.discard()
        return OutcomeUnknown(f"Kafka: {error}")

    def _produce(self, producer: Producer, topic: str, partition: int, message: Message) -> None:
        """Queue a message; a full queue is waited out (its own timeout empties it at last)."""
        more = {"on_delivery": self._delivered} if message.literal else {}
        key, headers = message.key, headers_of(message)
        while True:
            try:
                producer.produce(topic, message.value, key, partition, headers=headers, **more)
            except BufferError:
                producer.poll(QUEUE_FULL_PAUSE_S)
            else:
                return


def _retried(call: Callable[[], object], deadline_s: float) -> None:
    """Call again what the client says may be called again, until `deadline_s`."""
    while True:
        try:
            call()
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline_s:
                raise
        else:
            return

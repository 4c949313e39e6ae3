"""
Transactions of one exactly-once log: what it writes and how far it has read, both or neither.

One producer with a fixed transactional id. Whenever it is not known how a transaction
ended, the producer is thrown away: the next one's `init_transactions` ends what is open.

Each producer lives in a thread of its own (see `kafka_line`): after an outage a call may never return.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaException, Producer, TopicPartition

from runfold.adapters.kafka_cluster import (
    DELIVERY_TIMEOUT_MS,
    FENCED,
    TRANSACTION_TIMEOUT_MS,
    KafkaCluster,
    headers_of,
    ours,
)
from runfold.adapters.kafka_known import KnownTopics
from runfold.adapters.kafka_line import Hung, Line
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message

INIT_TIMEOUT_S: Final = 10.0
COMMIT_TIMEOUT_S: Final = DELIVERY_TIMEOUT_MS / 1000 + 2
ABORT_TIMEOUT_S: Final = 5.0
CALL_TIMEOUT_S: Final = 5.0
QUEUE_FULL_PAUSE_S: Final = 0.05
Placed = tuple[str, int, Message]
"""A message with its topic's full name and its partition."""


class OutcomeUnknown(Unavailable):
    """Nobody knows whether the transaction was committed: read what is there and go on from that."""


class KafkaTransactions:
    """The producer of one transactional id. `topics` hear of what becomes of records for topics of others."""

    def __init__(self, cluster: KafkaCluster, transactional_id: str, topics: KnownTopics) -> None:
        self._topics = topics
        self._settings = cluster.producer(
            **{"transactional.id": transactional_id, "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS}
        )
        self._line: Line[Producer] | None = None

    def ready(self) -> None:
        """Have a producer; a new one first ends what the one before left open, and fences it."""
        if self._line is not None:
            return
        line = Line("kafka-transactions", lambda: Producer(self._settings))
        try:
            line.call(lambda producer: producer.init_transactions(INIT_TIMEOUT_S))
        except KafkaException as error:
            line.leave(Producer.purge)
            raise ours(error.args[0]) from error
        self._line = line

    def commit(self, written: Sequence[Placed], offsets: list[TopicPartition], group: Any) -> None:
        """
        Write `written` and `offsets` of `group` in one transaction.

        Raises:
            OutcomeUnknown: It may have happened or not.
            Unavailable: It did not happen.
            BrokenInvariant: Another process has this one's transactional id, or its place in the group.
        """
        self.ready()
        assert self._line is not None  # noqa: S101 - that is what `ready` sees to
        try:
            self._line.call(lambda producer: self._commit(producer, written, offsets, group))
        except Hung as error:
            self.discard()
            self._topics.forget(_of_others(written))
            raise OutcomeUnknown(str(error)) from error
        except KafkaException as error:
            self._topics.forget(_of_others(written))
            raise self._failed(self._line, error) from error

    def discard(self) -> None:
        """Throw the producer away, and what it has not sent."""
        if self._line is not None:
            self._line.leave(Producer.purge)
            self._line = None

    def _commit(self, producer: Producer, written: Sequence[Placed], offsets: list[TopicPartition], group: Any) -> None:
        deadline_s = time.monotonic() + COMMIT_TIMEOUT_S
        producer.begin_transaction()
        for topic, partition, message in written:
            self._produce(producer, topic, partition, message)
        if offsets:
            _retried(lambda: producer.send_offsets_to_transaction(offsets, group, CALL_TIMEOUT_S), deadline_s)
        _retried(lambda: producer.commit_transaction(CALL_TIMEOUT_S), deadline_s)

    def _failed(self, line: Line[Producer], failure: KafkaException) -> Unavailable | BrokenInvariant:
        error = failure.args[0]
        if error.code() in FENCED:
            self.discard()
            return ours(error)
        if error.txn_requires_abort():
            try:
                line.call(_abort)
            except (KafkaException, Hung) as second:
                self.discard()
                return OutcomeUnknown(f"Kafka: {error}; and no abort: {second}")
            return Unavailable(f"Kafka: {error}")
        # Fatal, or given up while nobody answered.
        self.discard()
        return OutcomeUnknown(f"Kafka: {error}")

    def _produce(self, producer: Producer, topic: str, partition: int, message: Message) -> None:
        """Queue a message; a full queue is waited out (its own timeout empties it at last)."""
        delivered = self._topics.delivered if message.literal else None
        key, headers = message.key, headers_of(message)
        while True:
            try:
                producer.produce(topic, message.value, key, partition, headers=headers, on_delivery=delivered)
            except BufferError:
                producer.poll(QUEUE_FULL_PAUSE_S)
            else:
                return


def _of_others(written: Sequence[Placed]) -> set[str]:
    return {topic for topic, _, message in written if message.literal}


def _abort(producer: Producer) -> None:
    deadline_s = time.monotonic() + ABORT_TIMEOUT_S
    _retried(lambda: producer.abort_transaction(CALL_TIMEOUT_S), deadline_s)


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

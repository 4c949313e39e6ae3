"""
What all parts of the Kafka adapter share: client settings, the prefix, records and errors.

The prefix stands before every topic, group and transactional id, and nowhere else: names
inside Runfold carry none. Foreign exceptions are translated here, once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException

from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message, Record
from runfold.topology import PARTITIONS

REQUEST_TIMEOUT_S: Final = 10.0
"""How long one question to the cluster may take."""

TRANSACTION_TIMEOUT_MS: Final = 15_000
SESSION_TIMEOUT_MS: Final = 10_000
DELIVERY_TIMEOUT_MS: Final = 10_000
QUEUE_MESSAGES_MAX: Final = 200_000
QUEUE_KIB_MAX: Final = 256 * 1024

CLIENT: Final = {
    # Without these, `send_offsets_to_transaction` waits 100 ms for the markers of the transaction before.
    "retry.backoff.ms": 1,
    "retry.backoff.max.ms": 5,
    "reconnect.backoff.max.ms": 1000,
    "log.connection.close": False,
    "log_level": 3,
}

PRODUCER: Final = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 0,
    "compression.type": "lz4",
    "message.timeout.ms": DELIVERY_TIMEOUT_MS,
    "queue.buffering.max.messages": QUEUE_MESSAGES_MAX,
    "queue.buffering.max.kbytes": QUEUE_KIB_MAX,
}

CONSUMER: Final = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "fetch.queue.backoff.ms": 10,
    "allow.auto.create.topics": False,
}

GROUP: Final = {
    # Range gives partition p of every topic to the same member: its state lies in one place.
    "partition.assignment.strategy": "range",
    "session.timeout.ms": SESSION_TIMEOUT_MS,
}

FENCED: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - the client names its own errors so
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
"""A newer producer has the transactional id."""

LOST: Final = frozenset({KafkaError.FENCED_INSTANCE_ID, KafkaError._FATAL})  # noqa: SLF001

PASSING: Final = frozenset(
    {
        KafkaError._PARTITION_EOF,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - the partitions were lost; the callback says so
    }
)
"""What a consumer reports and mends by itself."""


class ConsumerLost(Unavailable):
    """This consumer will never read again: the group took its place away. Open another."""


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Where the cluster is and how we call things there. `partitions`, `replication`: of topics we create."""

    client_settings: Mapping[str, str]
    prefix: str
    partitions: int = PARTITIONS
    replication: int = 1

    def client(self, **settings: Any) -> dict[str, Any]:
        """Return client settings; what the operator set wins."""
        return {**CLIENT, **settings, **self.client_settings}

    def producer(self, **settings: Any) -> dict[str, Any]:
        """Return a producer's settings."""
        return self.client(**PRODUCER, **settings)

    def consumer(self, group: str, **settings: Any) -> dict[str, Any]:
        """Return a consumer's settings. `group` without prefix."""
        return self.client(**{**CONSUMER, "group.id": self.prefix + group, **settings})

    def records(self, found: Sequence[Any]) -> list[Record]:
        """Return the client's messages as records."""
        cut = len(self.prefix)
        return [
            Record(
                message.topic()[cut:],
                message.partition(),
                message.offset(),
                _text(message.key()),
                message.value(),
                {name: _text(value) or "" for name, value in message.headers() or ()},
                message.timestamp()[1],
            )
            for message in found
        ]


def headers_of(message: Message) -> list[tuple[str, str | bytes | None]] | None:
    """Return the headers as the client takes them."""
    return [(name, value.encode()) for name, value in message.headers.items()] or None


def fetch(consumer: Consumer, limit: int, timeout_s: float) -> list[Any]:
    """
    Return up to `limit` messages as soon as there is one. A limit of 0 only keeps the place in the group.

    Raises:
        Unavailable: Nothing came but an error.
        ConsumerLost: Nothing ever will.
    """
    with translated():
        found = _next(consumer, limit, timeout_s) if limit > 0 else _attend(consumer, timeout_s)
    good = [message for message in found if message.error() is None]
    for message in found:
        error = message.error()
        if error is not None and error.code() not in PASSING and (not good or error.fatal()):
            raise ours(error)
    return good


def _next(consumer: Consumer, limit: int, timeout_s: float) -> list[Any]:
    # `consume` alone would wait the whole time unless it gets all that it asked for.
    first = consumer.poll(timeout_s)
    if first is None:
        return []
    return [first, *consumer.consume(limit - 1, 0)] if limit > 1 else [first]


def _attend(consumer: Consumer, timeout_s: float) -> list[Any]:
    """Let errors and changes of the group come in, and no message."""
    consumer.pause(consumer.assignment())
    event = consumer.poll(timeout_s)
    consumer.resume(consumer.assignment())
    return [] if event is None else [event]


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's exceptions into ours."""
    try:
        yield
    except KafkaException as error:
        raise ours(error.args[0]) from error


def ours(error: Any) -> Unavailable | BrokenInvariant:
    """Return the exception that says what the reader of `error` must do."""
    if isinstance(error, KafkaError):
        if error.code() in FENCED:
            return BrokenInvariant(f"Another process took this one's place: {error}")
        if error.fatal() or error.code() in LOST:
            return ConsumerLost(f"Kafka: {error}")
    return Unavailable(f"Kafka: {error}")


def _text(value: bytes | str | None) -> str | None:
    """Return text; others may write to public topics what is no UTF-8, and that must not stop us."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value

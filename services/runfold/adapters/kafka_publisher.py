"""
Writing outside transactions: one idempotent producer for all threads.

A thread of its own takes the acknowledgements in, so that each caller waits for its own
messages only. A producer that failed and reaches no broker any more is replaced.

What is acknowledged without an offset is written again. On a partition that has just got its leader, a broker that
did not take the first records may take later ones, then call the first ones doubles of those; the client
believes it, and nobody has them (Kafka 4.3, librdkafka 2.16). True doubles do no harm: readers know them.
"""

import logging
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaException, Producer

from runfold.adapters.kafka_cluster import DELIVERY_TIMEOUT_MS, KafkaCluster, headers_of, ours
from runfold.adapters.kafka_contact import is_cut_off
from runfold.adapters.kafka_line import abandon
from runfold.adapters.kafka_transactions import Placed
from runfold.errors import Unavailable

ACKNOWLEDGED_S: Final = DELIVERY_TIMEOUT_MS / 1000 + 5
SERVE_S: Final = 0.1
QUEUE_FULL_PAUSE_S: Final = 0.05
FLUSH_S: Final = 5.0
WRITES_MAX: Final = 5
"""So often a record is written that is acknowledged without an offset."""

logger = logging.getLogger(__name__)


class Publisher:
    """See the module. For any thread."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._producer = Producer(cluster.producer())
        self._doubted = threading.Event()
        self._stop = threading.Event()
        self._server = threading.Thread(target=self._serve, name="kafka-acknowledgements", daemon=True)
        self._server.start()

    def publish(self, placed: Sequence[Placed]) -> None:
        """Write all and return once they are acknowledged. Raises: Unavailable."""
        left = placed
        for _ in range(WRITES_MAX):
            batch = _Batch(len(left))
            for each in left:
                self._produce(each, batch)
            try:
                left = batch.wait()
            except Unavailable:
                self._doubted.set()
                raise
            if not left:
                return
        raise Unavailable(f"Kafka does not say where it has {len(left)} records")

    def close(self) -> None:
        """Send what is under way, within limits, and end."""
        self._producer.flush(FLUSH_S)
        self._stop.set()
        self._server.join()

    def _produce(self, placed: Placed, batch: "_Batch") -> None:
        topic, partition, message = placed
        headers = headers_of(message)
        while True:
            try:
                self._producer.produce(
                    topic,
                    message.value,
                    message.key,
                    partition,
                    headers=headers,
                    on_delivery=partial(batch.delivered, placed),
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
            if self._doubted.is_set():
                self._doubted.clear()
                self._check()

    def _check(self) -> None:
        if is_cut_off(self._cluster, self._producer):
            logger.warning("Kafka does not answer this producer, another one takes over")
            abandon(self._producer)
            self._producer = Producer(self._cluster.producer())


class _Batch:
    """The acknowledgements that one caller waits for."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._nowhere: list[Placed] = []
        self._error: Any = None
        self._done = threading.Event()
        if count == 0:
            self._done.set()

    def delivered(self, placed: Placed, error: Any, message: Any) -> None:
        """Count one; only the serving thread (or the last flush) calls it."""
        self._error = self._error or error
        if error is None and message.offset() is None:
            self._nowhere.append(placed)
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def wait(self) -> Sequence[Placed]:
        """Return those that have no offset. Raises: Unavailable."""
        if not self._done.wait(ACKNOWLEDGED_S):
            raise Unavailable(f"Kafka: {self._left} records are not acknowledged after {ACKNOWLEDGED_S:.0f} s")
        if self._error is not None:
            raise ours(self._error)
        return self._nowhere

"""
Readers of Kafka topics: one for members of a group, one for those who read alone.

A group's member with `exactly_once` confirms inside a transaction; any other publishes
first and confirms then. Rebalance callbacks only note what happened: partitions that came
are read from nowhere until `_settle` has fetched their confirmed places and the owner has
restored their state. A place is always set by assigning anew, never by a seek.

Static members (`Reading.member`) keep their partitions over a restart; when one closes for
good, the others get them only after the session's timeout. After an outage the cluster may
take a static member for its own twin and fence it. So a fenced consumer is opened anew once
in a while; a second time soon after means that there is a twin. Of exactly-once twins the
older stops at its first commit at the latest, for the newer has its transactional id.
"""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from runfold.adapters.kafka_cluster import GROUP, REQUEST_TIMEOUT_S, ConsumerLost, KafkaCluster, fetch, ours, translated
from runfold.adapters.kafka_contact import Contact, CutOff
from runfold.adapters.kafka_known import KnownTopics
from runfold.adapters.kafka_line import Hung, Line, abandon
from runfold.adapters.kafka_transactions import KafkaTransactions, OutcomeUnknown, Placed
from runfold.adapters.partitioner import check_sizes
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message, Reading, Record

logger = logging.getLogger(__name__)

SLICE_S: Final = 0.05
"""The client cannot be woken: a waiting poll looks this often whether it should return."""

REJOIN_PERIOD_S: Final = 15.0
"""A consumer that is fenced twice within this time has a twin."""

Place = tuple[str, int]
"""A topic's full name and a partition."""

Publish = Callable[[Sequence[Message]], None]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a member writes: outside a transaction; where messages go; what is known of topics."""

    publish: Publish
    place: Callable[[Sequence[Message]], list[Placed]]
    topics: KnownTopics


class KafkaGroupLog:
    """See `ports.Log`; a member of a group."""

    def __init__(self, cluster: KafkaCluster, reading: Reading, writing: Writing) -> None:
        self._cluster = cluster
        self._reading = reading
        self._writing = writing
        self._woken = threading.Event()
        self._subscribed = False
        self._closed = False
        self._is_leaving = False
        self._epoch = 0
        self._arrived: list[TopicPartition] = []
        self._confirmed: dict[Place, int] = {}
        self._fenced_s = -REJOIN_PERIOD_S
        self._contact = Contact(cluster)
        self._consumer = self._open()
        self._line = self._new_line()
        self._transactions = None
        if reading.exactly_once:
            member = reading.member or uuid.uuid4().hex
            transactional_id = f"{cluster.prefix}{reading.group}.{member}"
            self._transactions = KafkaTransactions(cluster, transactional_id, writing.topics)

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        try:
            return self._poll(limit, timeout_s)
        except ConsumerLost as error:
            self._rejoin(error)
            raise

    def _poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        deadline_s = time.monotonic() + timeout_s
        left_s = timeout_s
        while True:
            self._settle()
            epoch = self._epoch
            found = fetch(self._consumer, limit, min(max(left_s, 0.0), SLICE_S))
            if epoch != self._epoch:
                found = []  # of partitions that have just gone: their next owner reads them
            if found:
                self._contact.heard()
            else:
                self._contact.check(self._consumer)
            left_s = deadline_s - time.monotonic()
            if found or self._woken.is_set() or left_s <= 0:
                self._woken.clear()
                return self._cluster.records(found)

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        try:
            self._commit(read, written)
        except ConsumerLost as error:
            if not self._is_leaving:  # within a call of that consumer it can't be closed
                self._rejoin(error)
            raise

    def _commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        try:
            if self._transactions is None:
                self._writing.publish(written)
                self._confirm(self._ends(read))
            else:
                self._commit_together(self._transactions, read, written)
        except ConsumerLost:
            raise
        except Unavailable:
            self._contact.check(self._consumer)
            raise

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._transactions is not None:
            self._transactions.discard()
        self._close_consumer()

    def _confirm(self, ends: dict[Place, int]) -> None:
        # What is no longer ours is not confirmed: its owner may be further already.
        offsets = [
            TopicPartition(*place, following)
            for place, following in ends.items()
            if following > self._confirmed.get(place, following)
        ]
        if not offsets:
            return
        if self._is_leaving:
            # The client answers nobody within its own call; what is sent now goes before our leave.
            with translated():
                self._consumer.commit(offsets=offsets, asynchronous=True)
            return
        with translated():
            for place in self._called(lambda consumer: consumer.commit(offsets=offsets, asynchronous=False)):
                if place.error is not None:
                    raise ours(place.error)
        self._confirmed.update({(offset.topic, offset.partition): offset.offset for offset in offsets})

    def _commit_together(
        self, transactions: KafkaTransactions, read: Sequence[Record], written: Sequence[Message]
    ) -> None:
        try:
            check_sizes(written)
            ends = self._ends(read)
            offsets = self._offsets(ends)
            transactions.commit(self._writing.place(written), offsets, self._consumer.consumer_group_metadata())
        except OutcomeUnknown:
            self._restart()
            raise
        except (Unavailable, ValueError):
            self._go_back()
            raise
        self._confirmed.update(ends)

    def _offsets(self, ends: dict[Place, int]) -> list[TopicPartition]:
        """
        Return what to confirm so that `ends` are.

        Raises:
            Unavailable: Some of these partitions are no longer ours.
        """
        if not ends.keys() <= self._confirmed.keys():
            raise Unavailable("Partitions of these records went to another member")
        if not ends and self._confirmed:
            # A confirmation of nothing new, so that a member that lost its place is found out here too.
            place = min(self._confirmed)
            ends = {place: max(self._confirmed[place], 0)}
        return [TopicPartition(*place, following) for place, following in ends.items()]

    def _settle(self) -> None:
        """Have a producer, be in the group, and take over the partitions that came."""
        if self._transactions is not None:
            self._transactions.ready()
        if not self._subscribed:
            topics = [self._cluster.prefix + topic for topic in self._reading.topics]
            with translated():
                self._consumer.subscribe(
                    topics, on_assign=self._on_assigned, on_revoke=self._on_revoked, on_lost=self._on_lost
                )
            self._subscribed = True
        if self._arrived:
            self._take_over()

    def _take_over(self) -> None:
        # Read-committed consumers get a stable answer only: transactions of the owner before are over by then.
        try:
            with translated():
                places = self._consumer.committed(self._arrived, REQUEST_TIMEOUT_S)
            for place in places:
                if place.error is not None:
                    raise ours(place.error)
        except ConsumerLost:
            raise
        except Unavailable as error:
            self._contact.untold(error)
            raise
        self._contact.told()
        if self._reading.assignment is not None:
            self._reading.assignment.assigned(_numbers([(place.topic, place.partition) for place in places]))
        self._confirmed = {(place.topic, place.partition): place.offset for place in places}
        self._arrived = []
        self._go_back()

    def _go_back(self) -> None:
        """Read on behind what is confirmed."""
        places = [
            TopicPartition(topic, partition, OFFSET_BEGINNING if following < 0 else following)
            for (topic, partition), following in self._confirmed.items()
        ]
        with translated():
            self._consumer.assign(places)

    def _open(self) -> Consumer:
        settings = dict(GROUP)
        if self._reading.member is not None:
            settings["group.instance.id"] = self._reading.member
        return Consumer(self._cluster.consumer(self._reading.group or "", **settings))

    def _new_line(self) -> Line[Consumer]:
        consumer = self._consumer
        return Line("kafka-consumer", lambda: consumer)

    def _called(self, call: Callable[[Consumer], Any]) -> Any:
        """
        Make a call that has no timeout.

        Raises:
            CutOff: It does not return; the consumer is of no use any more.
        """
        try:
            return self._line.call(call)
        except Hung as error:
            raise CutOff(str(error)) from error

    def _close_consumer(self) -> None:
        with contextlib.suppress(Hung):
            self._line.call(Consumer.close)
        self._line.leave(_nothing)

    def _rejoin(self, error: ConsumerLost) -> None:
        """
        Give everything up and join the group anew.

        Raises:
            BrokenInvariant: That was done a moment ago.
        """
        if not isinstance(error, CutOff):
            now_s = time.monotonic()
            if now_s - self._fenced_s < REJOIN_PERIOD_S:
                raise BrokenInvariant(f"Another process took this one's place: {error}") from error
            self._fenced_s = now_s
        self._let_go()
        if not isinstance(error, CutOff):  # closing that one may hang: its line holds it for ever
            self._close_consumer()
        self._consumer = self._open()
        self._line = self._new_line()
        self._subscribed = False

    def _restart(self) -> None:
        """Give up what is held and take it over again, as after a crash."""
        held = [TopicPartition(*place) for place in self._confirmed]
        self._let_go()
        with translated():
            self._consumer.assign([])
        self._arrived = held

    def _let_go(self) -> None:
        numbers = _numbers(list(self._confirmed))
        self._epoch += 1
        self._arrived = []
        self._confirmed = {}
        if numbers and self._reading.assignment is not None:
            self._reading.assignment.revoked(numbers)

    def _on_assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        self._epoch += 1
        self._arrived = [TopicPartition(place.topic, place.partition) for place in places]
        consumer.assign([])

    def _on_revoked(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        if consumer is self._consumer and self._transactions is None:
            self._leave()
        self._on_lost(consumer, places)

    def _leave(self) -> None:
        numbers = _numbers(list(self._confirmed))
        if not numbers or self._reading.assignment is None or self._closed:
            return
        self._is_leaving = True
        try:
            self._reading.assignment.leaving(numbers)
        except Unavailable as error:
            logger.warning("Partitions %s leave unconfirmed: %s", numbers, error)
        finally:
            self._is_leaving = False

    def _on_lost(self, consumer: Consumer, _places: list[TopicPartition]) -> None:
        if consumer is self._consumer:  # one that was left behind may speak up later
            self._let_go()

    def _ends(self, read: Sequence[Record]) -> dict[Place, int]:
        """Return the offset behind the last record of each partition in `read`."""
        ends: dict[Place, int] = {}
        for record in read:
            place = (self._cluster.prefix + record.topic, record.partition)
            ends[place] = max(record.offset + 1, ends.get(place, 0))
        return ends


class KafkaLoneLog:
    """See `ports.Log`; a reader without a group. `places` say where it begins."""

    def __init__(self, cluster: KafkaCluster, places: list[TopicPartition], publish: Publish) -> None:
        self._cluster = cluster
        self._publish = publish
        self._woken = threading.Event()
        self._closed = False
        self._next = {(place.topic, place.partition): place.offset for place in places}
        self._contact = Contact(cluster)
        self._consumer = self._open()

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        try:
            return self._poll(limit, timeout_s)
        except ConsumerLost:
            abandon(self._consumer)
            self._consumer = self._open()
            raise

    def _poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        deadline_s = time.monotonic() + timeout_s
        left_s = timeout_s
        while True:
            found = fetch(self._consumer, limit, min(max(left_s, 0.0), SLICE_S))
            if found:
                self._contact.heard()
            else:
                self._contact.check(self._consumer)
            left_s = deadline_s - time.monotonic()
            if found or self._woken.is_set() or left_s <= 0:
                self._woken.clear()
                self._next.update({(message.topic(), message.partition()): message.offset() + 1 for message in found})
                return self._cluster.records(found)

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:  # noqa: ARG002 - nothing to confirm
        self._publish(written)

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._consumer.close()

    def _open(self) -> Consumer:
        # The client wants a name for the group; nobody joins it.
        consumer = Consumer(self._cluster.consumer("alone"))
        with translated():
            consumer.assign([TopicPartition(*place, following) for place, following in self._next.items()])
        return consumer


def _nothing(_consumer: Consumer) -> None:
    """Do nothing: it is closed, or never will be."""


def _numbers(places: Sequence[Place]) -> Sequence[int]:
    return sorted({partition for _, partition in places})

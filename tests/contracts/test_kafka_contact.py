"""Clients that a real cluster answers no more, not fully, or with something else than the truth."""

import pytest
from deploy.local.ports import free_port

from runfold.adapters.kafka_broker import KafkaBroker
from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_contact import Contact, CutOff
from runfold.adapters.kafka_publisher import WRITES_MAX
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.errors import Unavailable
from runfold.ports import Message, Reading

pytestmark = pytest.mark.kafka

ARRIVES_S = 30.0
NO_ANSWER = Unavailable("Waiting for committed offsets timed out")


def told_nothing(contact, times):
    """Return in which of so many times in a row the consumer was given up."""
    given_up = []
    for time in range(1, times + 1):
        try:
            contact.untold(NO_ANSWER)
        except CutOff:
            given_up.append(time)
    return given_up


def test_a_consumer_that_is_not_told_its_places_is_replaced_at_intervals_that_grow(kafka, prefix):
    contact = Contact(KafkaCluster({"bootstrap.servers": kafka.bootstrap}, prefix, partitions=1))

    assert told_nothing(contact, 9) == [2, 4, 8]


def test_a_consumer_that_was_told_its_places_in_between_is_kept(kafka, prefix):
    contact = Contact(KafkaCluster({"bootstrap.servers": kafka.bootstrap}, prefix, partitions=1))

    for _ in range(3):
        assert told_nothing(contact, 1) == []
        contact.told()


def test_while_the_cluster_is_away_another_consumer_would_be_told_nothing_either(prefix):
    nobody = {"bootstrap.servers": f"127.0.0.1:{free_port()}", "log_level": "0"}

    assert told_nothing(Contact(KafkaCluster(nobody, prefix, partitions=1)), 2) == []


def test_what_is_acknowledged_without_a_place_is_written_again_and_never_said_to_be_stored(kafka, prefix):
    # A producer that does not wait for the broker is told of no offset: as of first records that got lost.
    careless = {"bootstrap.servers": kafka.bootstrap, "acks": "0", "enable.idempotence": "false"}
    KafkaTopics(KafkaCluster(careless, f"{prefix}places.", partitions=1)).apply()
    broker = KafkaBroker(careless, f"{prefix}places.", 1)

    with pytest.raises(Unavailable, match="does not say where it has 1 records"):
        broker.publish([Message("logs", "k", b"1")])

    log = broker.log(Reading(("logs",)))
    values = [record.value for _ in range(WRITES_MAX) for record in log.poll(1, ARRIVES_S)]
    assert values == [b"1"] * WRITES_MAX
    log.close()
    broker.close()

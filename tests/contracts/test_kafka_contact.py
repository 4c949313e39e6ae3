"""Clients that a real cluster answers no more, or not fully."""

import pytest
from deploy.local.ports import free_port

from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_contact import Contact, CutOff
from runfold.errors import Unavailable

pytestmark = pytest.mark.kafka

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

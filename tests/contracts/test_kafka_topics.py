"""The topology's topics on a real cluster."""

import time

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.errors import Unavailable
from runfold.topology import TOPICS

pytestmark = pytest.mark.kafka


@pytest.fixture
def cluster(kafka, prefix):
    return KafkaCluster({"bootstrap.servers": kafka.bootstrap}, f"{prefix}topics.", partitions=2)


def test_missing_topics_are_named_then_created_and_others_are_left_to_people(cluster):
    wrong = NewTopic(f"{cluster.prefix}executions", num_partitions=3, config={"cleanup.policy": "delete"})
    admin = AdminClient(cluster.client())
    admin.create_topics([wrong])[f"{cluster.prefix}executions"].result()
    deadline_s = time.monotonic() + 10
    while wrong.topic not in admin.list_topics(timeout=10).topics:
        assert time.monotonic() < deadline_s
    topics = KafkaTopics(cluster, worker_groups=["gpu"])

    with pytest.raises(Unavailable, match=f"{cluster.prefix}claims.*runfold topics apply"):
        topics.require(create=False)
    missing = {difference.topic for difference in topics.plan() if difference.missing}
    left = topics.apply()

    names = {cluster.prefix + topic.name for topic in TOPICS} | {f"{cluster.prefix}tasks.gpu"}
    assert missing == names - {f"{cluster.prefix}executions"}
    assert [str(difference) for difference in left] == [
        f"{cluster.prefix}executions: has 3 partitions, not 2",
        f"{cluster.prefix}executions: has cleanup.policy delete, not compact",
    ]
    topics.require(create=False)


def test_facts_are_kept_for_ever_or_as_long_as_it_is_set(cluster, kafka, prefix):
    other = KafkaCluster({"bootstrap.servers": kafka.bootstrap}, f"{prefix}limited.", partitions=1)
    KafkaTopics(cluster).apply()
    KafkaTopics(other, facts_retention_s=90 * 86_400.0).apply()

    wanted = [ConfigResource(ResourceType.TOPIC, f"{each.prefix}facts") for each in (cluster, other)]
    admin = AdminClient(cluster.client())
    answers = admin.describe_configs(wanted)
    kept = [answers[resource].result()["retention.ms"].value for resource in wanted]
    assert kept == ["-1", str(90 * 86_400_000)]

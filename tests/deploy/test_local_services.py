"""The real servers that tests and developers work with: what they keep, and what survives their death."""

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from elasticsearch import Elasticsearch

ANSWER_S = 30.0


def records(consumer: Consumer, count: int) -> list[Message]:
    """Read until there are `count` records and nothing follows within half a second."""
    read: list[Message] = []
    while len(read) < count:
        message = consumer.poll(ANSWER_S)
        assert message is not None, f"only {len(read)} of {count} records came"
        assert message.error() is None
        read.append(message)
    late = consumer.poll(0.5)
    assert late is None
    return read


@pytest.fixture
def topic(kafka, prefix):
    topic = f"{prefix}facts"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(ANSWER_S)
    return topic


@pytest.fixture
def producer(kafka, prefix):
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": f"{prefix}producer"})
    producer.init_transactions(ANSWER_S)
    return producer


@pytest.fixture
def consumer(kafka, topic, prefix):
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": f"{prefix}readers",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    yield consumer
    consumer.close()


def test_what_a_transaction_wrote_is_read_and_what_it_took_back_is_not(producer, consumer, topic):
    producer.begin_transaction()
    producer.produce(topic, key="a", value="taken back")
    producer.flush(ANSWER_S)
    producer.abort_transaction(ANSWER_S)
    producer.begin_transaction()
    producer.produce(topic, key="a", value="kept")
    producer.commit_transaction(ANSWER_S)

    assert [(read.key(), read.value()) for read in records(consumer, 1)] == [(b"a", b"kept")]


def test_a_committed_transaction_survives_the_brokers_death(kafka, producer, consumer, topic):
    producer.begin_transaction()
    for number in range(100):
        producer.produce(topic, value=str(number))
    producer.commit_transaction(ANSWER_S)

    kafka.kill()
    kafka.start()

    assert [int(read.value()) for read in records(consumer, 100)] == list(range(100))


def test_acknowledged_documents_survive_the_servers_death(elasticsearch, prefix):
    index = f"{prefix}taskruns"
    with Elasticsearch(elasticsearch.url, request_timeout=ANSWER_S) as client:
        for number in range(20):
            client.index(index=index, id=str(number), document={"state": "SUCCESS", "number": number})

    elasticsearch.kill()
    elasticsearch.start()

    with Elasticsearch(elasticsearch.url, request_timeout=ANSWER_S) as client:
        client.indices.refresh(index=index)
        found = client.search(index=index, size=100, query={"term": {"state.keyword": "SUCCESS"}})
    assert sorted(hit["_source"]["number"] for hit in found["hits"]["hits"]) == list(range(20))


@pytest.mark.kafka
def test_a_test_that_follows_a_murder_finds_the_broker_alive(request):
    kafka = request.getfixturevalue("kafka")

    assert AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=ANSWER_S).brokers


def test_a_server_goes_on_with_its_port_and_data_after_a_restart(kafka, producer, topic, consumer):
    before = kafka.bootstrap
    producer.begin_transaction()
    producer.produce(topic, value="before")
    producer.commit_transaction(ANSWER_S)

    kafka.restart()

    assert kafka.bootstrap == before
    assert [read.value() for read in records(consumer, 1)] == [b"before"]

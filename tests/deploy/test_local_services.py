"""The real servers that tests and developers work with: what they keep, and what survives their death."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from deploy.local import processes
from elasticsearch import Elasticsearch

ROOT = Path(__file__).parents[2]
ANSWER_S = 30.0
KILLED_SESSION = """
import os, signal, sys
from pathlib import Path
from deploy.local.elasticsearch_server import ElasticsearchServer
from deploy.local.kafka_server import KafkaServer

kafka, elasticsearch = (
    kind(Path(sys.argv[1]) / kind.name, brief=True) for kind in (KafkaServer, ElasticsearchServer)
)
elasticsearch.launch()
kafka.start()
elasticsearch.wait()
print(kafka.pid, elasticsearch.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


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
    # Seen once: the markers are in the partition. A broker that dies before may lose them, whatever it said (and
    # a fold sees the gap by `seq`); that is Kafka's, not ours to test.
    assert len(records(consumer, 100)) == 100

    kafka.kill()
    kafka.start()

    consumer.assign([TopicPartition(topic, 0, 0)])
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


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("setpriv"), reason="the kernel's help is needed")
@pytest.mark.kafka
@pytest.mark.elasticsearch
def test_servers_of_a_session_that_is_killed_end_with_it():
    # In a folder of its own: pytest's is closed to the user that Elasticsearch runs as if we are root.
    folder = Path(tempfile.mkdtemp(prefix="runfold-killed-"))
    folder.chmod(0o755)
    try:
        started = subprocess.run(
            [sys.executable, "-c", KILLED_SESSION, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        servers = [int(pid) for pid in started.stdout.split()]

        assert started.returncode == -signal.SIGKILL, started.stderr
        assert len(servers) == 2
        deadline = time.monotonic() + ANSWER_S
        while any(processes.group_runs(pid) for pid in servers):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

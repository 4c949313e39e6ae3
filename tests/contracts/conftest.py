"""Both sides of each port, by name: the same tests run on all of them."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from elasticsearch import Elasticsearch

from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.elastic_mapping import Layout
from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.ports import Broker, Index
from tests.contracts.sites import PARTITIONS, Site

CHANGED_S = 30

_turn = itertools.count()


@pytest.fixture(params=["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    if request.param == "memory":
        return Site("memory", "")
    if request.param == "sqlite":
        return Site("sqlite", str(tmp_path / "log.db"))
    kafka = request.getfixturevalue("kafka")
    prefix = f"{request.getfixturevalue('prefix')}{next(_turn)}."
    KafkaTopics(KafkaCluster({"bootstrap.servers": kafka.bootstrap}, prefix, PARTITIONS)).require(create=True)
    return Site("kafka", kafka.bootstrap, prefix)


@pytest.fixture
def broker(site: Site) -> Iterator[Broker]:
    broker = site.open()
    yield broker
    broker.close()


@pytest.fixture
def reopen(site: Site, broker: Broker) -> Iterator[Callable[[], Broker]]:
    """Open the same place again, as after a restart; memory is what the first broker holds."""
    opened: list[Broker] = []

    def again() -> Broker:
        if site.kind == "memory":
            return broker
        opened.append(site.open())
        return opened[-1]

    yield again
    for other in opened:
        other.close()


@pytest.fixture
def make_topic(site: Site) -> Callable[..., None]:
    """Make a topic (full name) that is none of the engine's own."""

    def make(name: str, config: dict[str, str] | None = None) -> None:
        if site.kind != "kafka":
            return  # it comes into being when it is named
        admin = AdminClient({"bootstrap.servers": site.address})
        admin.create_topics([NewTopic(name, 1, 1, config=config or {})])[name].result(CHANGED_S)
        deadline_s = time.monotonic() + CHANGED_S
        while name not in admin.list_topics(timeout=CHANGED_S).topics:
            assert time.monotonic() < deadline_s

    return make


@pytest.fixture
def drop_topic(site: Site) -> Callable[[str], None]:
    def drop(name: str) -> None:
        admin = AdminClient({"bootstrap.servers": site.address})
        admin.delete_topics([name])[name].result(CHANGED_S)

    return drop


@pytest.fixture(scope="module")
def server(elasticsearch: Any) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch.url, request_timeout=30, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def on_server(server: Elasticsearch) -> Iterator[ElasticIndex]:
    """One index for all tests: templates are put once, and each test begins without documents."""
    prefix = f"contract-{uuid.uuid4().hex[:8]}-"
    yield ElasticIndex(server, prefix, Layout(replicas=0))
    for kind in Kind:
        server.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}{kind}")
    server.options(ignore_status=404).cluster.delete_component_template(name=f"{prefix}*")


@pytest.fixture
def elastic(on_server: ElasticIndex, server: Elasticsearch) -> Iterator[ElasticIndex]:
    yield on_server
    aliases = [on_server.names.alias(kind) for kind in Kind]
    months = server.indices.get(index=aliases, ignore_unavailable=True, features="aliases").body
    if months:
        server.indices.delete(index=list(months))


@pytest.fixture(params=["embedded", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    if request.param == "elasticsearch":
        yield request.getfixturevalue("elastic")
        return
    opened = SqliteIndex()
    yield opened
    opened.close()

"""Both sides of each port, by name: the same tests run on all of them."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.ports import Broker
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

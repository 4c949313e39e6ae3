"""Both sides of each port, by name: the same tests run on all of them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runfold.adapters.kafka_cluster import KafkaCluster
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.ports import Broker
from tests.contracts.sites import PARTITIONS, Site

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

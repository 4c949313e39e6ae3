"""
What all tests share: a real Kafka, a real Elasticsearch and names of one's own on both.

Servers are started only if a test asks for them. As a test may kill them, all tests that
use them run one after the other: in one process, under pytest-xdist in one group.
"""

import uuid
from collections.abc import Iterator
from typing import Final

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from deploy.local.server import Server
from elasticsearch import ApiError, TransportError
from elasticsearch import Elasticsearch as ElasticsearchClient
from hypothesis import HealthCheck, settings

from tests import servers

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # how quick a machine is at some moment is no property of ours

SERVERS: Final = pytest.StashKey[list[Server]]()
MARKS: Final = ("kafka", "elasticsearch")
CLEAN_UP_S: Final = 10


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark who uses a server; `-m "not kafka and not elasticsearch"` leaves those out."""
    config.stash[SERVERS] = []
    for item in items:
        for name in MARKS:
            if name in getattr(item, "fixturenames", ()) and item.get_closest_marker(name) is None:
                item.add_marker(name)
        if any(item.get_closest_marker(name) for name in MARKS):
            item.add_marker(pytest.mark.xdist_group("servers"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start again what an earlier test killed and left."""
    for server in item.config.stash[SERVERS]:
        if server.pid is None:
            server.start()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[servers.Kafka]:
    """A real Kafka: `bootstrap`, and `kill()`, `stop()`, `start()`, `restart()`."""
    _one_process_only(request.config)
    with servers.kafka(request.config.stash[SERVERS]) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch(request: pytest.FixtureRequest) -> Iterator[servers.Elasticsearch]:
    """A real Elasticsearch: `url`, and `kill()`, `stop()`, `start()`, `restart()`."""
    _one_process_only(request.config)
    with servers.elasticsearch(request.config.stash[SERVERS]) as server:
        yield server


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> Iterator[str]:
    """A start of topic and index names that is this test's alone. What begins with it is deleted afterwards."""
    prefix = new_prefix()
    yield prefix
    used = request.node.funcargs
    if "kafka" in used:
        delete_topics(used["kafka"].bootstrap, prefix)
    if "elasticsearch" in used:
        delete_indices(used["elasticsearch"].url, prefix)


def new_prefix() -> str:
    """Return a prefix that nobody has used. Whoever takes it cleans up behind it."""
    return f"t{uuid.uuid4().hex[:10]}."


def _one_process_only(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") and not config.getvalue("loadgroup"):
        pytest.fail("Tests share their servers: run with `--dist loadgroup`, or without `-n`", pytrace=False)


def delete_topics(bootstrap: str, prefix: str) -> None:
    """Free the broker from hundreds of partitions; a broker that the test left dead keeps them."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        names = [name for name in admin.list_topics(timeout=CLEAN_UP_S).topics if name.startswith(prefix)]
    except KafkaException:
        return
    for deleted in admin.delete_topics(names).values() if names else ():
        deleted.exception(CLEAN_UP_S)  # awaited, and of no interest


def delete_indices(url: str, prefix: str) -> None:
    with ElasticsearchClient(url, request_timeout=CLEAN_UP_S, max_retries=0) as client:
        try:
            client.indices.delete(index=f"{prefix}*", expand_wildcards="all", ignore_unavailable=True)
            client.indices.delete_index_template(name=f"{prefix}*")
            client.cluster.delete_component_template(name=f"{prefix}*")
        except (ApiError, TransportError):
            return

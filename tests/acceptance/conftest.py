"""Clusters for tests: one for each test, and one for all tests of a module that leave it as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cluster import Cluster, cluster_environment
from tests.conftest import delete_indices, delete_topics, new_prefix
from tests.servers import Elasticsearch, Kafka


@pytest.fixture
def cluster(kafka: Kafka, elasticsearch: Elasticsearch, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """No service runs yet."""
    cluster = Cluster(tmp_path, cluster_environment(kafka.bootstrap, elasticsearch.url, prefix))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def shared_prefix(kafka: Kafka, elasticsearch: Elasticsearch) -> Iterator[str]:
    prefix = new_prefix()
    yield prefix
    delete_topics(kafka.bootstrap, prefix)
    delete_indices(elasticsearch.url, prefix)


@pytest.fixture(scope="module")
def shared_cluster(
    kafka: Kafka, elasticsearch: Elasticsearch, shared_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """One process of each service runs."""
    environment = cluster_environment(kafka.bootstrap, elasticsearch.url, shared_prefix)
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), environment)
    try:
        cluster.start("executor-1", "worker-1", "indexer-1", "webserver-1")
        yield cluster
    finally:
        cluster.close()

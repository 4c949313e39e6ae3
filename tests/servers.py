"""
The real servers that tests share: one of each per session, started when the first test asks.

A test may kill them; the next one finds them up again. `RUNFOLD_TEST_KAFKA` and
`RUNFOLD_TEST_ELASTICSEARCH` name servers that run already: those are never touched.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pytest
from deploy.local.elasticsearch_server import ElasticsearchServer
from deploy.local.kafka_server import KafkaServer
from deploy.local.server import Server

KAFKA: Final = "RUNFOLD_TEST_KAFKA"
ELASTICSEARCH: Final = "RUNFOLD_TEST_ELASTICSEARCH"


class Restartable(Protocol):
    def start(self) -> None: ...

    def stop(self) -> bool: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...


class Kafka(Restartable, Protocol):
    @property
    def bootstrap(self) -> str: ...


class Elasticsearch(Restartable, Protocol):
    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Foreign:
    """A server that is not ours to stop: a test that must do so is skipped."""

    address: str

    @property
    def bootstrap(self) -> str:
        return self.address

    @property
    def url(self) -> str:
        return self.address

    def start(self) -> None:
        """Do nothing: it runs."""

    def stop(self) -> bool:
        pytest.skip(f"{self.address} is not ours to stop")

    def kill(self) -> None:
        pytest.skip(f"{self.address} is not ours to kill")

    def restart(self) -> None:
        pytest.skip(f"{self.address} is not ours to restart")


@contextmanager
def started(kind: type[Server], servers: list[Server]) -> Iterator[Server]:
    """Start a private server and enter it in `servers`; stop it and throw its data away at the end."""
    # Not pytest's own folder: that is closed to the user whom Elasticsearch runs as if we are root.
    folder = Path(tempfile.mkdtemp(prefix=f"runfold-{kind.name.lower()}-"))
    folder.chmod(0o755)
    server = kind(folder, brief=True)
    try:
        server.start()
        servers.append(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kafka(servers: list[Server]) -> Iterator[Kafka]:
    address = os.environ.get(KAFKA)
    if address:
        yield Foreign(address)
        return
    with started(KafkaServer, servers) as server:
        assert isinstance(server, KafkaServer)
        yield server


@contextmanager
def elasticsearch(servers: list[Server]) -> Iterator[Elasticsearch]:
    address = os.environ.get(ELASTICSEARCH)
    if address:
        yield Foreign(address)
        return
    with started(ElasticsearchServer, servers) as server:
        assert isinstance(server, ElasticsearchServer)
        yield server

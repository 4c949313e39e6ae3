"""A real Kafka, a real Elasticsearch, and one process for each of our services on them."""

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.elasticsearch_server import ElasticsearchServer
from deploy.local.kafka_server import KafkaServer
from deploy.local.ports import free_port
from deploy.local.server import Server

from runfold.adapters.flow_store import FlowStore
from runfold.assembly import core, kafka, kafka_topics
from runfold.settings import Settings
from tests.bench.api import Api
from tests.bench.loads import W1, W2_LARGE, W3, Bench
from tests.bench.processes import await_answer, runfold

NAME: Final = "kafka"
SERVICES: Final = ("executor", "worker", "indexer")
QUIET: Final = "2"
"""At the end the servers go away before the last of our clients; nobody needs to read of that."""

WARM_UP_ROUNDS: Final = 6


@dataclass(frozen=True)
class Servers:
    """Where the two are."""

    kafka: KafkaServer
    elasticsearch: ElasticsearchServer


@contextmanager
def servers(*, brief: bool = True, heap_mib: int | None = None) -> Iterator[Servers]:
    """
    Yield both, started for us; their data is thrown away.

    `brief`: they are to start soon, rather than be quick after minutes. `heap_mib`: of Elasticsearch.
    """
    with ExitStack() as closing:
        made: list[Server] = []
        for kind in (KafkaServer, ElasticsearchServer):
            # Elasticsearch runs as another user where we are root: the folder must be open to it.
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix=f"runfold-bench-{kind.name}-")))
            folder.chmod(0o755)
            server = kind(folder, brief=brief)
            if heap_mib is not None and isinstance(server, ElasticsearchServer):
                server.heap_mib = heap_mib
            closing.callback(server.stop)
            server.launch()
            made.append(server)
        for server in made:
            server.wait()
        first, second = made
        assert isinstance(first, KafkaServer)
        assert isinstance(second, ElasticsearchServer)
        yield Servers(first, second)


@dataclass(frozen=True)
class Cluster:
    """The running services: `bench` puts load on them, `api` is a client of their webserver."""

    bench: Bench
    api: Api


@contextmanager
def cluster(there: Servers) -> Iterator[Cluster]:
    """Yield our services on these servers, one process each."""
    name = uuid.uuid4().hex[:6]
    environment = {
        "RUNFOLD_KAFKA_BOOTSTRAP_SERVERS": there.kafka.bootstrap,
        "RUNFOLD_ELASTICSEARCH_HOSTS": there.elasticsearch.url,
        "RUNFOLD_TOPIC_PREFIX": f"bench-{name}.",
        "RUNFOLD_INDEX_PREFIX": f"bench-{name}-",
        "RUNFOLD_MEMBER": f"bench-{name}",
        "RUNFOLD_LOG_LEVEL": "WARNING",
    }
    settings = Settings(
        kafka={"bootstrap.servers": there.kafka.bootstrap, "log_level": QUIET},
        topic_prefix=environment["RUNFOLD_TOPIC_PREFIX"],
        index_prefix=environment["RUNFOLD_INDEX_PREFIX"],
    )
    with ExitStack() as closing:
        broker = kafka(settings)
        closing.callback(broker.close)
        kafka_topics(settings, broker).require(create=True)
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-bench-")))
        pids = {
            service: closing.enter_context(runfold([service], folder / f"{service}.log", environment))
            for service in SERVICES
        }
        port = free_port()
        log = folder / "webserver.log"
        closing.enter_context(runfold(["webserver", "--port", str(port)], log, environment))
        await_answer(f"http://127.0.0.1:{port}/health", log)
        api = Api(port)
        closing.callback(api.close)
        shared = core(settings, broker)
        yield Cluster(Bench(NAME, shared, FlowStore(broker, shared.types), pids["executor"]), api)


def warm_up(bench: Bench) -> None:
    """Run loads until the servers' virtual machines have compiled what matters."""
    for _ in range(WARM_UP_ROUNDS):
        for shape in (W1, W2_LARGE, W3):
            bench.once(shape)
            time.sleep(0.1)

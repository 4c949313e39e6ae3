"""Servers that hold a month of task runs: a real Kafka and Elasticsearch, or one process with the embedded index."""

import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from elasticsearch import Elasticsearch

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.assembly import kafka, kafka_topics
from runfold.documents.model import Document
from runfold.documents.project import project_execution, project_taskrun
from runfold.ports import Broker
from runfold.settings import Settings
from tests.bench.cluster import QUIET, servers
from tests.bench.processes import await_answer, runfold
from tests.bench.search.fill import fill_kafka
from tests.bench.search.measure import Server
from tests.bench.search.story import Story, stories

BATCH: Final = 100
HEAP_MIB: Final = 1024
INDEXERS: Final = 2
"""Processes; each computes on one core at a time."""

MERGED_S: Final = 180.0
CALM: Final = 8
"""So many looks without a merge under way."""

INDEX_S: Final = 1_800.0
POLL_S: Final = 0.25
COUNTED_EACH_S: Final = 1.0
"""Counting a million exactly costs the server as much as a hundred documents."""


@dataclass(frozen=True)
class Cluster:
    """A webserver on a filled Kafka. `environment`: what our commands need to find it and Elasticsearch."""

    server: Server
    broker: Broker
    environment: Mapping[str, str]
    folder: Path


@contextmanager
def cluster(count: int, end: datetime) -> Iterator[Cluster]:
    """Yield a cluster whose topics hold `count` task runs; nothing is indexed yet."""
    name = uuid.uuid4().hex[:6]
    prefix = f"search-{name}."
    with ExitStack() as closing:
        there = closing.enter_context(servers(brief=False, heap_mib=HEAP_MIB))
        client = {"bootstrap.servers": there.kafka.bootstrap, "log_level": QUIET}
        environment = {
            "RUNFOLD_KAFKA_BOOTSTRAP_SERVERS": there.kafka.bootstrap,
            "RUNFOLD_ELASTICSEARCH_HOSTS": there.elasticsearch.url,
            "RUNFOLD_TOPIC_PREFIX": prefix,
            "RUNFOLD_INDEX_PREFIX": f"search-{name}-",
            "RUNFOLD_MEMBER": name,
            "RUNFOLD_LOG_LEVEL": "WARNING",
        }
        settings = Settings(kafka=client, topic_prefix=prefix)
        broker = kafka(settings)
        closing.callback(broker.close)
        kafka_topics(settings, broker).require(create=True)
        fill_kafka(client, prefix, count, end)
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-search-")))
        server = closing.enter_context(_serving(["webserver"], folder, environment))
        yield Cluster(server, broker, environment, folder)


@contextmanager
def indexing(there: Cluster) -> Iterator[None]:
    """Let `INDEXERS` run."""
    with ExitStack() as closing:
        for number in range(INDEXERS):
            line = ["indexer", "--member", f"indexer-{number}"]
            closing.enter_context(runfold(line, there.folder / f"indexer-{number}.log", there.environment))
        yield


@dataclass(frozen=True)
class Rates:
    """
    Documents a second: task runs, and the executions that are indexed with them.

    `steady`: of the second half, when the server has compiled what it does.
    """

    overall: int
    steady: int


def await_indexed(server: Server, count: int, executions: int) -> Rates:
    """Return how quickly `count` task runs of so many `executions` were found by a search, and these themselves."""
    everything = count + executions
    began_s = time.monotonic()
    half: tuple[float, int] | None = None
    while (total := sum(_found(server, kind) for kind in ("taskruns", "executions"))) < everything:
        now_s = time.monotonic()
        assert now_s - began_s < INDEX_S, f"{total} of {everything} are indexed"
        if half is None and total >= everything / 2:
            half = now_s, total
        time.sleep(COUNTED_EACH_S)
    ended_s = time.monotonic()
    since_s, before = half or (began_s, 0)
    return Rates(round(total / (ended_s - began_s)), round((total - before) / (ended_s - since_s)))


def _found(server: Server, kind: str) -> int:
    return int(server.ask(f"/{kind}/count?total=exact")["total"])


def await_merged(there: Cluster) -> None:
    """Return once Elasticsearch has put its segments together, or gone on with it for long."""
    host = there.environment["RUNFOLD_ELASTICSEARCH_HOSTS"]
    client = Elasticsearch(host)
    until_s = time.monotonic() + MERGED_S
    calm = 0
    while calm < CALM and time.monotonic() < until_s:
        merges = client.nodes.stats(
            metric="indices", index_metric="merge", filter_path="nodes.*.indices.merges.current"
        )
        calm = calm + 1 if not any(node["indices"]["merges"]["current"] for node in merges["nodes"].values()) else 0
        time.sleep(POLL_S)
    client.close()


def fill_embedded(folder: Path, count: int, end: datetime) -> float:
    """Write an embedded index into `folder`; return how many seconds that took, the story included."""
    index = SqliteIndex(folder / "index.sqlite")
    began_s = time.monotonic()
    told = stories(count, 1, end)
    while batch := list(islice(told, BATCH)):
        index.put([document for story in batch for document in documents(story)])
    index.close()
    return time.monotonic() - began_s


@contextmanager
def embedded(folder: Path) -> Iterator[Server]:
    """Yield a server of what lies in `folder`."""
    with _serving(["standalone", "--data", str(folder)], folder, {"RUNFOLD_LOG_LEVEL": "WARNING"}) as server:
        yield server


def documents(story: Story) -> Iterator[Document]:
    """Yield what an indexer would make of an execution."""
    yield project_execution(story.aggregate.execution)
    yield from map(project_taskrun, story.aggregate.taskruns.values())


@contextmanager
def _serving(line: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    port = free_port()
    log = folder / f"{line[0]}.log"
    with runfold([*line, "--port", str(port)], log, environment) as pid:
        await_answer(f"http://127.0.0.1:{port}/health", log)
        server = Server(port, pid)
        try:
            yield server
        finally:
            server.close()

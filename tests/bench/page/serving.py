"""
What the page is looked at with: servers that hold many task runs, and one execution of many.

In earnest a real Kafka and Elasticsearch, filled as an executor and an indexer fill them; with less to wait for,
the embedded index.
"""

import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import httpx
from deploy.local.ports import free_port

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.assembly import kafka, kafka_topics
from runfold.documents.model import Document
from runfold.documents.project import project_execution, project_taskrun
from runfold.settings import Settings
from tests.bench.cluster import QUIET, servers
from tests.bench.page.large import large
from tests.bench.processes import await_answer, runfold
from tests.bench.search.fill import PROCESSES, fill_kafka, messages
from tests.bench.search.story import RUNS_EACH, Story, now, stories

BATCH: Final = 100
PUBLISHED: Final = 5_000
INDEX_S: Final = 1_800.0
POLL_S: Final = 1.0
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True)
class Served:
    """`url`: of the server, without the page's path. `execution_id`: of the execution with many task runs."""

    url: str
    execution_id: str


@contextmanager
def cluster(count: int, gantt: int) -> Iterator[Served]:
    """Serve `count` task runs and an execution with `gantt` more from a real Kafka and Elasticsearch."""
    name = uuid.uuid4().hex[:6]
    prefix = f"page-{name}."
    with ExitStack() as closing:
        there = closing.enter_context(servers())
        client = {"bootstrap.servers": there.kafka.bootstrap, "log_level": QUIET}
        environment = {
            "RUNFOLD_KAFKA_BOOTSTRAP_SERVERS": there.kafka.bootstrap,
            "RUNFOLD_ELASTICSEARCH_HOSTS": there.elasticsearch.url,
            "RUNFOLD_TOPIC_PREFIX": prefix,
            "RUNFOLD_INDEX_PREFIX": f"page-{name}-",
            "RUNFOLD_MEMBER": name,
            "RUNFOLD_LOG_LEVEL": "WARNING",
        }
        settings = Settings(kafka=client, topic_prefix=prefix)
        broker = kafka(settings)
        closing.callback(broker.close)
        kafka_topics(settings, broker).require(create=True)
        end = now()
        story = large(gantt, end)
        fill_kafka(client, prefix, count, end)
        written = list(messages(story))
        for at in range(0, len(written), PUBLISHED):
            broker.publish(written[at : at + PUBLISHED])
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-page-")))
        port = free_port()
        log = folder / "webserver.log"
        closing.enter_context(runfold(["webserver", "--port", str(port)], log, environment))
        url = f"http://127.0.0.1:{port}"
        await_answer(f"{url}/health", log)
        with runfold(["indexer"], folder / "indexer.log", environment):
            # The small ones come in whole executions.
            _await_indexed(url, count // (PROCESSES * RUNS_EACH) * PROCESSES * RUNS_EACH + gantt)
        yield Served(url, story.aggregate.execution.id)


def _await_indexed(url: str, count: int) -> None:
    until = time.monotonic() + INDEX_S
    total = 0
    with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as client:
        while total < count:
            assert time.monotonic() < until, f"{total} of {count} are indexed"
            time.sleep(POLL_S)
            answer = client.get("/api/v1/taskruns/count", params={"total": "exact"})
            # As long as the indexer has not made the index, there is nothing to count.
            total = int(answer.json()["total"]) if answer.is_success else 0


@contextmanager
def embedded(count: int, gantt: int) -> Iterator[Served]:
    """Serve the same from one process with the embedded index."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-page-")))
        end = now()
        story = large(gantt, end)
        index = SqliteIndex(folder / "index.sqlite")
        told = stories(count, 1, end)
        while batch := list(islice(told, BATCH)):
            index.put([document for each in batch for document in _documents(each)])
        index.put(list(_documents(story)))
        index.close()
        port = free_port()
        log = folder / "standalone.log"
        line = ["standalone", "--port", str(port), "--data", str(folder)]
        closing.enter_context(runfold(line, log, {"RUNFOLD_LOG_LEVEL": "WARNING"}))
        await_answer(f"http://127.0.0.1:{port}/health", log)
        yield Served(f"http://127.0.0.1:{port}", story.aggregate.execution.id)


def _documents(story: Story) -> Iterator[Document]:
    yield project_execution(story.aggregate.execution)
    yield from map(project_taskrun, story.aggregate.taskruns.values())

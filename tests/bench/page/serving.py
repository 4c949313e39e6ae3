"""
What the page is looked at with: servers that hold many task runs, and one execution of many.

In earnest a real Kafka and Elasticsearch, filled as an executor and an indexer fill them; with less to wait for,
the embedded index.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runfold.adapters.sqlite_index import SqliteIndex
from tests.bench.page.large import large
from tests.bench.search import serving
from tests.bench.search.fill import messages
from tests.bench.search.story import RUNS_EACH, Story, now

PUBLISHED: Final = 5_000


@dataclass(frozen=True)
class Served:
    """`url`: of the server, without the page's path. `execution_id`: of the execution with many task runs."""

    url: str
    execution_id: str


@contextmanager
def cluster(count: int, gantt: int) -> Iterator[Served]:
    """Serve `count` task runs and an execution with `gantt` more from a real Kafka and Elasticsearch."""
    end = now()
    story = large(gantt, end)
    with serving.cluster(count, end) as there:
        written = list(messages(story))
        for at in range(0, len(written), PUBLISHED):
            there.broker.publish(written[at : at + PUBLISHED])
        with serving.indexing(there):
            serving.await_indexed(there.server, count + gantt, count // RUNS_EACH + 1)
        yield _served(there.server.port, story)


@contextmanager
def embedded(count: int, gantt: int) -> Iterator[Served]:
    """Serve the same from one process with the embedded index."""
    end = now()
    story = large(gantt, end)
    with tempfile.TemporaryDirectory(prefix="runfold-page-") as name:
        folder = Path(name)
        serving.fill_embedded(folder, count, end)
        index = SqliteIndex(folder / "index.sqlite")
        index.put(list(serving.documents(story)))
        index.close()
        with serving.embedded(folder) as server:
            yield _served(server.port, story)


def _served(port: int, story: Story) -> Served:
    return Served(f"http://127.0.0.1:{port}", story.aggregate.execution.id)

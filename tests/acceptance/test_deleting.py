"""A deleted execution is nowhere: not in the API, the index, the storage, nor as a live record in a snapshot topic."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from runfold.adapters.flow_store import FlowStore
from runfold.documents.model import Kind
from runfold.documents.query import Is, Query
from runfold.errors import Unavailable
from runfold.ports import Message, slot_of
from runfold.topology import EXECUTIONS, LOGS, TASKRUNS
from tests.acceptance.auditor import Auditor
from tests.acceptance.cluster import Cluster, cluster_environment
from tests.engine import TYPES
from tests.servers import Elasticsearch, Kafka

GONE_S = 60.0
WINDOW_S = 5
NAMED_BY = {
    Kind.EXECUTIONS: "id",
    Kind.TASKRUNS: "executionId",
    Kind.LOGS: "executionId",
    Kind.METRICS: "executionId",
}

FLOW = """
id: leaves-traces
namespace: company.team
inputs:
  - {id: nap, type: STRING, defaults: PT0.1S}
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: "a trace of {{ execution.id }}"}
  - {id: give, type: io.kestra.plugin.core.debug.Return, format: "a trace of {{ execution.id }}"}
  - {id: logs, type: io.kestra.plugin.core.log.Fetch}
  - {id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: "{{ inputs.nap }}"}
"""


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def cluster(
    kafka: Kafka, elasticsearch: Elasticsearch, prefix: str, tmp_path: Path, storage: Path
) -> Iterator[Cluster]:
    """One process of each service; ended executions are remembered for a few seconds."""
    environment = {
        **cluster_environment(kafka.bootstrap, elasticsearch.url, prefix),
        "RUNFOLD_STORAGE_PATH": str(storage),
        "RUNFOLD_IDEMPOTENCY_WINDOW": f"PT{WINDOW_S}S",
    }
    cluster = Cluster(tmp_path, environment)
    try:
        cluster.start("executor-1", "worker-1", "indexer-1", "webserver-1")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def auditor(cluster: Cluster) -> Iterator[Auditor]:
    auditor = Auditor(cluster)
    FlowStore(auditor.broker, TYPES).create(FLOW)
    yield auditor
    auditor.close()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{cluster.url}/api/v1", timeout=30) as client:
        yield client


def documents(auditor: Auditor, execution_id: str) -> dict[Kind, int]:
    """Return how many documents of an execution a search finds: one that is asked for by its id is there earlier."""
    auditor.index.refresh()
    return {
        kind: auditor.index.search(Query(kind, Is(field, (execution_id,)))).total for kind, field in NAMED_BY.items()
    }


def run(client: httpx.Client, **inputs: str) -> str:
    form = {name: (None, value) for name, value in inputs.items()} or {"__none": (None, "")}
    answer = client.post("/executions/company.team/leaves-traces", files=form, params={"wait": str(not inputs).lower()})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def snapshots(auditor: Auditor, execution_id: str) -> dict[str, bytes | None]:
    found = {}
    for topic in (EXECUTIONS, TASKRUNS):
        for record in auditor.broker.history(topic):
            if (record.key or "").partition("/")[0] == execution_id:
                found[f"{topic} {record.key}"] = record.value
    return found


def until(auditor: Auditor, what: str, holds: Callable[[], bool]) -> None:
    def holds_by_now() -> bool:
        try:
            return holds()
        except Unavailable:
            return False  # an index that is being made does not answer yet

    auditor.until(holds_by_now, GONE_S, what)


def test_a_deleted_execution_is_nowhere_and_records_that_come_late_do_not_bring_it_back(
    cluster: Cluster, auditor: Auditor, client: httpx.Client, storage: Path
) -> None:
    gone, kept = run(client), run(client)
    until(auditor, "both are indexed whole", lambda: all(documents(auditor, each)[Kind.LOGS] for each in (gone, kept)))
    until(auditor, "task runs too", lambda: documents(auditor, gone)[Kind.TASKRUNS] == 4)
    logged = next(record for record in auditor.broker.history(LOGS) if record.key == gone)
    said = next(record for record in auditor.broker.history(TASKRUNS) if (record.key or "").startswith(gone))
    assert list(storage.rglob(f"*{gone}*"))

    assert client.delete(f"/executions/{gone}").status_code == 204
    assert client.get(f"/executions/{gone}").status_code == 404
    assert client.get("/logs/" + gone).json() == []

    until(auditor, "no document is left", lambda: not any(documents(auditor, gone).values()))
    until(
        auditor,
        "no file is left",
        lambda: not [file for file in storage.rglob("*") if gone in str(file) and file.is_file()],
    )
    until(auditor, "the name is gone too", lambda: set(snapshots(auditor, gone).values()) == {None})
    assert len(snapshots(auditor, gone)) == 5
    proof = auditor.index.get(Kind.DELETIONS, gone)
    assert proof is not None

    slot = slot_of(gone)
    auditor.broker.publish(
        [Message(LOGS, gone, logged.value, slot=slot), Message(TASKRUNS, said.key, said.value, slot=slot)]
    )
    marker = run(client)
    until(auditor, "what came after is indexed", lambda: documents(auditor, marker)[Kind.TASKRUNS] == 4)
    assert not any(documents(auditor, gone).values())
    assert documents(auditor, kept)[Kind.EXECUTIONS] == 1
    assert documents(auditor, kept)[Kind.TASKRUNS] == 4
    assert cluster.fallen == []


def test_a_running_execution_that_is_deleted_ends_and_leaves_nothing(
    cluster: Cluster, auditor: Auditor, client: httpx.Client
) -> None:
    execution_id = run(client, nap="PT60S")
    until(auditor, "it runs", lambda: auditor.running([execution_id]) == 1)
    until(auditor, "it is indexed", lambda: documents(auditor, execution_id)[Kind.EXECUTIONS] == 1)

    answer = client.delete("/executions/by-query", params={"flowId": "leaves-traces", "includeNonTerminated": "true"})
    assert answer.json() == {"count": 1}

    until(auditor, "no document is left", lambda: not any(documents(auditor, execution_id).values()))
    # The same worker takes other work: what was deleted holds no slot of it.
    other = run(client)
    assert client.get(f"/executions/{other}").json()["state"]["current"] == "SUCCESS"
    until(auditor, "the name is gone too", lambda: set(snapshots(auditor, execution_id).values()) == {None})
    assert not any(documents(auditor, execution_id).values())
    assert cluster.fallen == []

"""The index on real servers: whatever falls it says what the facts say, and it is built anew while it is used."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import httpx
import pytest

from runfold.adapters.flow_store import FlowStore
from tests.acceptance.auditor import Auditor
from tests.acceptance.cluster import Cluster
from tests.acceptance.front_doors import Doors
from tests.acceptance.test_cluster import ENDS_S, FLOW, RUNNING_S, WAVE
from tests.engine import TYPES
from tests.servers import Elasticsearch

COMMAND_S: Final = 300.0
PACE_S: Final = 0.5
"""Between two requests for executions while the index is built."""


@pytest.fixture
def auditor(cluster: Cluster) -> Iterator[Auditor]:
    cluster.start("executor-1")
    auditor = Auditor(cluster)
    FlowStore(auditor.broker, TYPES).create(FLOW)
    yield auditor
    auditor.close()


def begun(cluster: Cluster, *arguments: str) -> "subprocess.Popen[str]":
    """Begin a command of the command line on the cluster."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNFOLD_")}
    environment = {**kept, **cluster.environment}
    command = [sys.executable, "-m", "runfold", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: "subprocess.Popen[str]") -> tuple[int, Any]:
    """Return the exit code, and the JSON that a command wrote."""
    output, errors = process.communicate(timeout=COMMAND_S)
    assert output, errors
    return process.returncode, json.loads(output)


def ends_within(process: "subprocess.Popen[str]", limit_s: float) -> bool:
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def verified(cluster: Cluster) -> dict[str, Any]:
    code, found = told(begun(cluster, "verify", "--sample", "1", "--patience", "PT60S", "--json"))
    assert code == 0, found
    assert found["differences"] == []
    return dict(found)


class Searcher:
    """Searches task runs again and again; what is not as it should be is in `faults`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.faults: list[str] = []
        self.searches = 0
        self.totals: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._stop.wait(0.05):
                answer = client.get("/api/v1/executions/search", params={"size": 10, "total": "exact"})
                self.searches += 1
                if answer.is_success:
                    self.totals.append(answer.json()["total"])
                else:
                    self.faults.append(answer.text)


def all_ended(auditor: Auditor, ids: Sequence[str]) -> None:
    auditor.until(lambda: auditor.ended(ids) == len(ids), ENDS_S, "every execution ends")


def test_after_deaths_of_the_indexer_and_of_elasticsearch_nothing_differs(
    cluster: Cluster, auditor: Auditor, elasticsearch: Elasticsearch
) -> None:
    cluster.start("worker-1", "indexer-1")
    doors = Doors(cluster, auditor.broker)

    ids = doors.ask_by_topic(WAVE)
    auditor.until(lambda: auditor.ended(ids) > 0, RUNNING_S, "the first wave is under way")
    cluster.restart("indexer-1")
    ids += doors.ask_by_topic(WAVE)
    elasticsearch.kill()
    auditor.until(lambda: auditor.ended(ids) > WAVE, RUNNING_S, "executions go on without Elasticsearch")
    elasticsearch.start()
    cluster.kill("indexer-1")
    ids += doors.ask_by_topic(WAVE)
    cluster.start("indexer-1")
    all_ended(auditor, ids)

    found = verified(cluster)

    assert found["executions"] == len(ids)
    assert found["compared"]["taskruns"] == 3 * len(ids)


def test_the_index_is_built_anew_while_executions_run_and_searches_go_on(cluster: Cluster, auditor: Auditor) -> None:
    cluster.start("worker-1", "indexer-1", "webserver-1")
    doors = Doors(cluster, auditor.broker)
    ids = doors.ask_by_topic(2 * WAVE)
    all_ended(auditor, ids)
    verified(cluster)

    with Searcher(cluster.url) as searcher:
        cut_off = begun(cluster, "reindex", "--no-progress", "--processes", "1", "--json")
        ids += doors.ask_by_topic(WAVE)
        auditor.until(lambda: auditor.ended(ids) > 2 * WAVE, RUNNING_S, "executions go on")
        cut_off.kill()
        cut_off.communicate()
        rebuild = begun(cluster, "reindex", "--no-progress", "--processes", "2", "--json")
        while not ends_within(rebuild, PACE_S):
            ids += doors.ask_by_topic(2, nap="PT0.05S")
            auditor.until(lambda: True, 1, "tended")
        code, report = told(rebuild)
        all_ended(auditor, ids)
    found = verified(cluster)

    assert code == 0
    assert report["executions"] >= 3 * WAVE
    assert report["refused"] == 0
    assert found["executions"] == len(ids)
    assert searcher.faults == []
    assert searcher.searches > 0
    assert min(searcher.totals) >= 2 * WAVE
    assert cluster.fallen == []
    code, plan = told(begun(cluster, "index", "plan", "--json"))
    assert (code, plan) == (0, [])
    code, status = told(begun(cluster, "index", "status", "--json"))
    assert {row["state"] for row in status["indices"]} == {"live"}
    assert len({row["generation"] for row in status["indices"]}) == 1

"""Tasks that purge: what they find, ask for and count."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from tests.unit.tasks.test_built_in_tasks import run
from tests.unit.worker.rig import T0, Rig

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.purging import Purge
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.model import Kind
from runfold.documents.project import Position, project_execution, project_log, project_metric
from runfold.documents.query import Query
from runfold.execution.claims import Delete, LogEntry, MetricEntry
from runfold.execution.model import Execution
from runfold.execution.state import Entry, State
from runfold.worker.storage import Outside

PURGE = "io.kestra.plugin.core.execution.PurgeExecutions"
OLD_PURGE = "io.kestra.core.tasks.storages.Purge"
PURGE_LOGS = "io.kestra.plugin.core.log.PurgeLogs"
TOMORROW = (T0 + timedelta(days=1)).isoformat()


class World:
    def __init__(self) -> None:
        self.index = SqliteIndex()
        self.files = MemoryFiles()
        broker = SqliteBroker(None)
        self.rig = Rig(broker, outside=Outside(self.files, purge=Purge(self.index, broker, self.files)))

    def ended(
        self, execution_id: str, namespace: str = "a.b", flow_id: str = "f", state: State = State.SUCCESS
    ) -> None:
        """Have an execution with two log lines, a measurement and a file."""
        history = (Entry(State.CREATED, T0), Entry(state, T0))
        execution = Execution(execution_id, namespace, flow_id, 1, history, seq=4)
        lines = [LogEntry(namespace, flow_id, execution_id, T0, level, "x") for level in ("INFO", "ERROR")]
        metric = MetricEntry(namespace, flow_id, execution_id, "t", "tr", "counter", "rows", 1.0, T0)
        at = self.index.search(Query(Kind.LOGS)).total
        self.index.put(
            [
                project_execution(execution),
                *(project_log(line, Position(0, at + number)) for number, line in enumerate(lines)),
                project_metric(metric, Position(0, at)),
            ]
        )
        self.files.put(f"/{namespace.replace('.', '/')}/{flow_id}/executions/{execution_id}/x.txt", BytesIO(b"x"))

    def deletions(self) -> list[Delete]:
        return [claim for claim in self.rig.claims() if isinstance(claim, Delete)]

    def run(self, task: dict[str, Any]) -> Any:
        return run(self.rig, task, execution={"id": "own"})


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.index.close()


def test_ended_executions_of_a_namespace_are_asked_to_be_deleted_and_counted(world: World) -> None:
    for execution_id, namespace in (("1", "a.b"), ("2", "a.b.c"), ("3", "a.bc")):
        world.ended(execution_id, namespace)
    world.ended("4", state=State.RUNNING)

    ended = world.run({"type": PURGE, "namespace": "a.b", "endDate": TOMORROW, "purgeMetric": False})

    assert ended.outputs == {"executionsCount": 2, "logsCount": 4, "metricsCount": 0, "storagesCount": 2}
    claims = world.deletions()
    assert {claim.execution_id for claim in claims} == {"1", "2"}
    assert {(claim.logs, claim.metrics, claim.files, claim.is_forced) for claim in claims} == {
        (True, False, True, False)
    }
    assert {claim.actor for claim in claims} == {"execution own"}


def test_a_flow_is_that_of_its_own_namespace_only_and_states_and_dates_choose(world: World) -> None:
    world.ended("1", "a.b")
    world.ended("2", "a.b.c")
    world.ended("3", "a.b", state=State.FAILED)

    task = {"type": OLD_PURGE, "namespace": "a.b", "flowId": "f", "states": ["FAILED"], "endDate": TOMORROW}
    assert world.run(task).outputs["executionsCount"] == 1
    assert [claim.execution_id for claim in world.deletions()] == ["3"]
    assert world.run({**task, "startDate": TOMORROW}).outputs["executionsCount"] == 0
    assert world.run({**task, "endDate": (T0 - timedelta(days=1)).isoformat()}).outputs["executionsCount"] == 0


def test_without_the_execution_only_what_belongs_to_it_goes_at_once(world: World) -> None:
    world.ended("1")

    ended = world.run({"type": PURGE, "endDate": TOMORROW, "purgeExecution": False})

    assert ended.outputs == {"executionsCount": 0, "logsCount": 2, "metricsCount": 1, "storagesCount": 1}
    assert world.deletions() == []
    counts = {kind: world.index.search(Query(kind)).total for kind in Kind}
    assert counts[Kind.EXECUTIONS] == 1
    assert counts[Kind.LOGS] == counts[Kind.METRICS] == 0
    assert list(world.files.list("/a")) == []


def test_only_ended_states_can_be_purged(world: World) -> None:
    ended = world.run({"type": PURGE, "endDate": TOMORROW, "states": ["RUNNING"]})

    assert ended.state is State.FAILED
    assert world.deletions() == []


def test_log_lines_are_purged_by_flow_level_and_date(world: World) -> None:
    for execution_id, namespace in (("1", "a.b"), ("2", "c")):
        world.ended(execution_id, namespace)

    errors = world.run({"type": PURGE_LOGS, "namespace": "a", "logLevels": ["ERROR"], "endDate": TOMORROW})
    rest = world.run({"type": PURGE_LOGS, "endDate": TOMORROW})

    assert (errors.outputs, rest.outputs) == ({"count": 1}, {"count": 3})
    assert world.index.search(Query(Kind.LOGS)).total == 0


def test_an_engine_without_an_index_says_that_it_can_not_purge() -> None:
    ended = run(Rig(), {"type": PURGE_LOGS, "endDate": TOMORROW})

    assert ended.state is State.FAILED
    assert "no index" in ended.error

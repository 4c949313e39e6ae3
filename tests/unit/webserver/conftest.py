"""A web server without an engine: the tests themselves say what the executor and the indexer do."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
import uvicorn

from runfold.adapters.flow_store import FlowStore
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.project import project_execution, project_taskrun
from runfold.execution.claims import LogEntry
from runfold.execution.model import Execution, Label, TaskRun
from runfold.execution.state import Entry, State
from runfold.flows.expressions import Expressions
from runfold.ports import Message, slot_of
from runfold.runtime import run
from runfold.tasks import load_task_types
from runfold.topology import EXECUTIONS, LOGS, TASKRUNS
from runfold.webserver.app import create_app
from runfold.webserver.parts import Parts
from runfold.webserver.tail import Tail

NOW = datetime(2024, 12, 5, 10, 0, 0, tzinfo=UTC)
DEADLINE_S = 30.0

FLOW = """id: hello
namespace: company.team
labels:
  team: blue
inputs:
  - id: who
    type: STRING
  - id: count
    type: INT
    defaults: 1
    max: 10
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: Hello {{ inputs.who }}
"""


def execution(execution_id: str, *states: State, seq: int = 1, **fields) -> Execution:
    history = tuple(Entry(state, NOW + timedelta(seconds=at)) for at, state in enumerate(states or (State.CREATED,)))
    fields = {"namespace": "company.team", "flow_id": "hello", "flow_revision": 1, **fields}
    return Execution(id=execution_id, histories=history, seq=seq, **fields)


def taskrun(execution_id: str, ordinal: int, *states: State, seq: int = 1, **fields) -> TaskRun:
    history = tuple(Entry(state, NOW + timedelta(seconds=at)) for at, state in enumerate(states or (State.CREATED,)))
    fields = {"namespace": "company.team", "flow_id": "hello", "flow_revision": 1, "task_id": f"t{ordinal}", **fields}
    fields.setdefault("id", f"{execution_id}-{ordinal}")
    return TaskRun(execution_id=execution_id, ordinal=ordinal, histories=history, seq=seq, task_type="x.Log", **fields)


def log(execution_id: str, message: str, level: str = "INFO", **fields) -> LogEntry:
    fields = {"timestamp": NOW, "task_id": "t0", "attempt_number": 0, **fields}
    return LogEntry("company.team", "hello", execution_id, level=level, message=message, **fields)


class World:
    """The server under test, and the hands of those who are not there."""

    def __init__(self, broker: SqliteBroker, index: SqliteIndex) -> None:
        ids = itertools.count(1)
        self.broker = broker
        self.index = index
        self.tail = Tail(broker, poll_s=0.02)
        types = load_task_types([])
        self.parts = Parts(
            broker=broker,
            index=index,
            flows=FlowStore(broker, types, clock=lambda: NOW),
            tail=self.tail,
            types=types,
            expressions=Expressions(clock=lambda: NOW, monotonic=time.monotonic),
            clock=lambda: NOW,
            new_id=lambda: f"id{next(ids)}",
        )
        config = uvicorn.Config(create_app(self.parts), port=0, ws="none", lifespan="off", log_level="warning")
        self._server = uvicorn.Server(config)
        self._serving = threading.Thread(target=self._server.run)
        self.client = httpx.Client(timeout=DEADLINE_S)

    def open(self) -> None:
        """Serve, on a port that is free."""
        self._serving.start()
        self.eventually(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")

    def close(self) -> None:
        """Serve no more."""
        self.client.close()
        self._server.should_exit = True
        self._server.force_exit = True
        self._serving.join()
        self.tail.close()
        self.index.close()
        self.broker.close()

    def executor_says(self, *snapshots: Execution | TaskRun | LogEntry) -> None:
        """Publish snapshots (and log lines) as the executor and the workers do."""
        self.broker.publish([_message(snapshot) for snapshot in snapshots])

    def indexed(self, *snapshots: Execution | TaskRun) -> None:
        """Store snapshots in the index."""
        self.index.put(
            [
                project_execution(snapshot) if isinstance(snapshot, Execution) else project_taskrun(snapshot)
                for snapshot in snapshots
            ]
        )

    def claims(self) -> list[dict]:
        return [msgspec.json.decode(record.value) for record in self.broker.history("claims")]

    def get(self, path: str, **parameters):
        return self.client.get(f"/api/v1{path}", params=parameters)

    def eventually(self, condition: Callable[[], bool]) -> None:
        """Return once `condition` holds; fail when it does not in time."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline_s, "it never came"
            time.sleep(0.005)


def _message(snapshot: Execution | TaskRun | LogEntry) -> Message:
    if isinstance(snapshot, Execution):
        topic, key, owner = EXECUTIONS, snapshot.id, snapshot.id
    elif isinstance(snapshot, TaskRun):
        topic, key, owner = TASKRUNS, f"{snapshot.execution_id}/{snapshot.id}", snapshot.execution_id
    else:
        topic, key, owner = LOGS, snapshot.execution_id, snapshot.execution_id
    return Message(topic, key, msgspec.json.encode(snapshot), slot=slot_of(owner))


def with_labels(*pairs: str) -> tuple[Label, ...]:
    return tuple(Label(*pair.split(":", 1)) for pair in pairs)


@contextmanager
def opened() -> Iterator[World]:
    world = World(SqliteBroker(None), SqliteIndex(None))
    world.open()
    yield world
    world.close()


@pytest.fixture
def still_world() -> Iterator[World]:
    """A world in which nobody reads the tail but the test."""
    with opened() as world:
        yield world


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    """A still world for tests that only read, or that do not mind each other."""
    with opened() as world:
        yield world


@pytest.fixture
def world(still_world: World) -> Iterator[World]:
    """A world whose tail runs."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(still_world.tail.step, stop))
    thread.start()
    yield still_world
    stop.set()
    still_world.tail.stop()
    thread.join()

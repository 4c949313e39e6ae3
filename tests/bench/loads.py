"""
Workloads W1 to W3: executions that are asked for all at once, and how long until the last has ended.

The clock stops when the snapshot of the last execution's end is read from its topic: what the
API shows from then on.
"""

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from runfold.adapters.flow_store import FlowStore
from runfold.assembly import Core
from runfold.execution.model import Execution
from runfold.execution.request import ExecutionRequest, Origin, start_claim
from runfold.execution.state import State
from runfold.executor.outbox import claim_message
from runfold.flows.model import Flow
from runfold.ports import Broker, Log, Reading
from runfold.topology import EXECUTIONS
from tests.bench.figures import Load
from tests.bench.flows import fan_out, sequence
from tests.bench.hops import hops_of

END_S: Final = 300.0
BATCH: Final = 1_000
PAUSE_S: Final = 0.7
"""Between two repetitions: what follows a load (indexing) is no part of the next one."""

_execution = msgspec.json.Decoder(Execution)


@dataclass(frozen=True)
class Shape:
    """One workload: `runs` executions of a flow with `taskruns` task runs each."""

    name: str
    source: str
    runs: int
    taskruns: int


W1: Final = Shape("W1 100 in sequence", sequence(100), 1, 100)
W2: Final = Shape("W2 fan-out of 200", fan_out(200), 1, 201)
W2_LARGE: Final = Shape("W2 fan-out of 1,000", fan_out(1_000), 1, 1_001)
W3: Final = Shape("W3 50 runs of 3", sequence(3), 50, 3)
W3_LARGE: Final = Shape("W3 200 runs of 3", sequence(3), 200, 3)
SHAPES: Final = (W1, W2, W2_LARGE, W3, W3_LARGE)


class Bench:
    """A system under load: `core.broker` is how executions are asked for and seen to end."""

    def __init__(self, name: str, core: Core, flows: FlowStore, executor_pid: int) -> None:
        self.name = name
        self.core = core
        self._flows = flows
        self._pid = executor_pid
        self._known: dict[str, Flow] = {}
        self._numbers = itertools.count()
        self._name = uuid.uuid4().hex[:6]

    @property
    def broker(self) -> Broker:
        return self.core.broker

    def create(self, source: str) -> None:
        """Store a flow that others start."""
        self._flows.create(source)

    def load(self, shape: Shape, repetitions: int) -> Load:
        """Run a workload several times."""
        rates: list[float] = []
        ids: list[str] = []
        for _ in range(repetitions):
            time.sleep(PAUSE_S)
            seconds, ids = self.once(shape)
            rates.append(round(shape.runs * shape.taskruns / seconds, 1))
        hops = hops_of(self.broker, ids)
        return Load(self.name, shape.name, shape.runs * shape.taskruns, tuple(rates), hops, memory_mib(self._pid))

    def once(self, shape: Shape) -> tuple[float, list[str]]:
        """Run a workload; return how long it took, and its executions."""
        flow = self._flow(shape)
        ids = [f"{self._name}x{next(self._numbers)}" for _ in range(shape.runs)]
        request = ExecutionRequest(namespace=flow.namespace, flow_id=flow.id)
        evaluate = self.core.expressions.evaluate
        claims = [claim_message(start_claim(flow, request, Origin(id_, f"{id_}.start"), evaluate)) for id_ in ids]
        with _opened(self.broker) as log:
            began_s = time.perf_counter()
            self.broker.publish(claims)
            _await_ends(log, set(ids))
            return time.perf_counter() - began_s, ids

    def _flow(self, shape: Shape) -> Flow:
        if shape.source not in self._known:
            stored = self._flows.create(shape.source)
            assert stored.flow is not None
            self._known[shape.source] = stored.flow
        return self._known[shape.source]


@contextmanager
def _opened(broker: Broker) -> Iterator[Log]:
    log = broker.log(Reading((EXECUTIONS,), start="latest"))
    try:
        log.poll(BATCH, 0)
        yield log
    finally:
        log.close()


def _await_ends(log: Log, open_ids: set[str]) -> None:
    deadline_s = time.monotonic() + END_S
    while open_ids:
        for record in log.poll(BATCH, 1.0):
            if record.key in open_ids and record.value is not None:
                execution = _execution.decode(record.value)
                assert execution.state is State.SUCCESS or not execution.state.is_terminal, execution
                if execution.state.is_terminal:
                    open_ids.discard(execution.id)
        assert time.monotonic() < deadline_s, f"{len(open_ids)} executions have not ended after {END_S:.0f} s"


def memory_mib(pid: int) -> float | None:
    """Return the memory that a process holds (Linux only)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next(round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("VmRSS:"))

"""A worker on the in-memory broker, with a clock that the test moves."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from runfold import topology
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.execution.claims import (
    AnyClaim,
    Heartbeat,
    KillOrder,
    LogEntry,
    MetricEntry,
    TaskEnded,
    TaskReleased,
    TaskStarted,
    Work,
)
from runfold.execution.state import State
from runfold.flows.expressions import Expressions
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask, TaskTypes
from runfold.ports import Message
from runfold.tasks import load_task_types
from runfold.tasks.context import Outputs, Result, RunContext, TaskFailed
from runfold.worker.secrets import SecretMask
from runfold.worker.service import Worker
from runfold.worker.storage import Outside

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PATIENCE_S = 10.0
RETURN = "io.kestra.plugin.core.debug.Return"
LOG = "io.kestra.plugin.core.log.Log"
FAIL = "io.kestra.plugin.core.execution.Fail"
SLEEP = "io.kestra.plugin.core.flow.Sleep"


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return T0 + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class Gate(RunnableTask):
    """Runs until its gate is opened, however often it is told to stop."""

    TYPE: ClassVar[str] = "test.Gate"
    OPEN: ClassVar[dict[str, threading.Event]] = {}
    STARTS: ClassVar[list[str]] = []

    gate: Text

    def run(self, context: RunContext) -> Outputs:
        type(self).STARTS.append(self.gate)
        context.logger.info("at the gate")
        self.OPEN.setdefault(self.gate, threading.Event()).wait(PATIENCE_S)
        return {"stopped": context.is_stopped}


class Waits(RunnableTask):
    """Waits as it should, and tells how that ended."""

    TYPE: ClassVar[str] = "test.Waits"
    ENDS: ClassVar[list[str]] = []

    def run(self, context: RunContext) -> Outputs:
        context.logger.info("waiting")
        try:
            context.wait(PATIENCE_S)
        except BaseException as stopped:
            self.ENDS.append(type(stopped).__name__)
            raise
        return None


class Gives(RunnableTask):
    """Gives what the test put here."""

    TYPE: ClassVar[str] = "test.Gives"
    BRIEF: ClassVar[bool] = True
    WHAT: ClassVar[Callable[[RunContext], Outputs]] = lambda _context: None

    def run(self, context: RunContext) -> Outputs:
        return type(self).WHAT(context)


class Rig:
    """The world around one worker at a time."""

    def __init__(
        self,
        broker: Any = None,
        environment: dict[str, str] | None = None,
        slots: int = 32,
        outside: Outside | None = None,
        *,
        keeps_inputs: bool = True,
    ) -> None:
        self.clock = Clock()
        self.broker = broker or SqliteBroker(None)
        self.mask = SecretMask(environment or {})
        self.slots = slots
        self.outside = outside or Outside()
        self.keeps_inputs = keeps_inputs
        self.types = TaskTypes.of(*load_task_types().models.values(), Gate, Waits, Gives)
        self.expressions = Expressions({"secret": self.mask.function}, clock=self.clock.now, monotonic=time.monotonic)
        self.tokens = 0
        self.worker = self.new_worker()

    def new_worker(self, worker_id: str = "w1") -> Worker:
        self.worker = Worker(
            self.broker,
            self.types,
            self.expressions,
            worker_id=worker_id,
            slots=self.slots,
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
            mask=self.mask,
            roots={"envs": {"home": "here"}, "globals": {}},
            host="box",
            outside=self.outside,
            keeps_inputs=self.keeps_inputs,
        )
        return self.worker

    def send(self, task: dict[str, Any], **given: Any) -> Work:
        """Dispatch an attempt of `task`."""
        self.tokens += 1
        fields: dict[str, Any] = {
            "execution_id": "e1",
            "taskrun_id": f"tr{self.tokens}",
            "token": 1,
            "namespace": "company.team",
            "flow_id": "flow",
            "flow_revision": 3,
            "task_id": "t",
            "variables": {},
            **given,
        }
        work = Work(task=msgspec.Raw(msgspec.json.encode({"id": "t", **task})), **fields)
        self.send_raw(msgspec.json.encode(work))
        return work

    def send_raw(self, value: bytes) -> None:
        self.broker.publish([Message(topology.tasks_topic("default"), "k", value)])

    def kill(self, execution_id: str) -> None:
        self.broker.publish([Message(topology.KILLS, execution_id, msgspec.json.encode(KillOrder(execution_id)))])

    def step(self) -> None:
        """Step without waiting for more."""
        self.worker.wake()
        self.worker.step()

    def until(self, condition: Callable[[], object]) -> None:
        """Step until `condition` holds; it is an error if that takes long."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, "it never came to that"
            self.worker.step()

    def read(self, topic: str, kind: Any) -> list[Any]:
        return [msgspec.json.decode(record.value, type=kind) for record in self.broker.history(topic)]

    def claims(self) -> list[Any]:
        return self.read(topology.CLAIMS, AnyClaim)

    def ended(self) -> list[TaskEnded]:
        return [claim for claim in self.claims() if isinstance(claim, TaskEnded)]

    def started(self) -> list[TaskStarted]:
        return [claim for claim in self.claims() if isinstance(claim, TaskStarted)]

    def released(self) -> list[TaskReleased]:
        return [claim for claim in self.claims() if isinstance(claim, TaskReleased)]

    def logs(self) -> list[LogEntry]:
        return self.read(topology.LOGS, LogEntry)

    def lines(self) -> list[tuple[str, str]]:
        return [(entry.level, entry.message) for entry in self.logs()]

    def metrics(self) -> list[MetricEntry]:
        return self.read(topology.METRICS, MetricEntry)

    def heartbeats(self) -> list[Heartbeat]:
        return self.read(topology.WORKERS, Heartbeat)

    def dead_letters(self) -> list[Any]:
        return self.read(topology.DEAD_LETTERS, Any)


__all__ = ["FAIL", "LOG", "RETURN", "SLEEP", "T0", "Gate", "Gives", "Result", "Rig", "State", "TaskFailed", "Waits"]

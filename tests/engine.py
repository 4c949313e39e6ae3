"""
A whole engine in one thread: executor and worker step by step on an embedded broker, under a clock of our own.

Nothing waits: polls return at once, and when nothing is left to do the clock jumps to the
next moment. Attempts with threads of their own (Sleep) are waited for in real time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.functions import outside_functions
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.execution.claims import AnyClaim, Kill, LogEntry
from runfold.execution.model import Execution, TaskRun
from runfold.execution.request import ExecutionRequest, Origin, start_claim
from runfold.executor.outbox import claim_message
from runfold.executor.service import Executor
from runfold.flows.expressions import Expressions
from runfold.flows.parse import parse_raw
from runfold.flows.plan import Host
from runfold.flows.task import TaskTypes
from runfold.ports import Broker, Log, Message, Reading, Record
from runfold.tasks import load_task_types
from runfold.tasks.process_rules import ScriptRules
from runfold.topology import EXECUTIONS, FACTS, LOGS, TASKRUNS
from runfold.worker.service import Worker
from runfold.worker.storage import Outside

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS_MAX = 100_000
REAL_WAIT_MAX_S = 20.0
TYPES = load_task_types()


@dataclass
class Clock:
    """Time that stands still until it is told to go on."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - START).total_seconds()


class Impatient:
    """A broker whose logs never wait."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def log(self, reading: Reading) -> Log:
        return ImpatientLog(self._broker.log(reading))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class ImpatientLog:
    """A log whose `poll` returns at once; it counts what it read and wrote."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.handled = 0

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:  # noqa: ARG002 - it never waits
        records = self._log.poll(limit, 0)
        self.handled += len(records)
        return records

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        self._log.commit(read, written)
        self.handled += len(written)

    def wake(self) -> None:
        self._log.wake()

    def close(self) -> None:
        self._log.close()


@dataclass
class Outcome:
    """What a run left behind, as the last snapshots and the log have it."""

    execution: Execution
    taskruns: list[TaskRun]
    logs: list[LogEntry]

    def trail(self) -> list[tuple[str, str | None, str]]:
        """Return (task, value, state) of each task run, in the order of creation."""
        return [(run.task_id, run.value, str(run.state)) for run in self.taskruns]

    def states(self) -> list[str]:
        return [str(entry.state) for entry in self.execution.histories]

    def run(self, task_id: str, value: str | None = None) -> TaskRun:
        found = [run for run in self.taskruns if run.task_id == task_id and (value is None or run.value == value)]
        assert found, f"no task run of {task_id} {value or ''}"
        return found[0]


@dataclass
class Engine:
    """One executor and one worker on an embedded broker."""

    broker: Any = field(default_factory=lambda: SqliteBroker(None))
    clock: Clock = field(default_factory=Clock)
    surroundings: dict[str, Any] = field(default_factory=dict)
    types: TaskTypes = TYPES

    def __post_init__(self) -> None:
        self.impatient = Impatient(self.broker)
        self.files = MemoryFiles()
        functions = outside_functions(
            secret=_no_secret, files=self.files, clock=self.clock, is_namespace=lambda _name: True
        )
        self.expressions = Expressions(functions, clock=self.clock, monotonic=time.monotonic)
        self.flows = FlowStore(self.broker, self.types)
        self.number = 0
        self.executor = self.new_executor()
        self.worker = self.new_worker()

    def new_executor(self) -> Executor:
        return Executor(
            self.impatient,
            self.flows,
            self.expressions,
            surroundings=self.surroundings,
            clock=self.clock,
            window_s=10**6,
            files=self.files,
        )

    def new_worker(self, worker_id: str = "worker-1") -> Worker:
        return Worker(
            self.impatient,
            self.types,
            self.expressions,
            worker_id=worker_id,
            clock=self.clock,
            monotonic=time.monotonic,
            roots=self.surroundings,
            outside=Outside(self.files, scripts=ScriptRules(enabled=True), executions=self._access()),
        )

    def _access(self) -> ExecutionAccess:
        host = Host(self.expressions, self.surroundings, self.flows.runnable, None, self.flows.template)
        return ExecutionAccess(self.broker, lambda: self.flows, host)

    def start(
        self,
        source: str,
        inputs: dict[str, Any] | None = None,
        execution_id: str | None = None,
        *,
        is_stored: bool = False,
    ) -> str:
        """Store a flow and ask for an execution of it; return its id."""
        head = parse_raw(source)
        stored = self.flows.get(head["namespace"], head["id"]) if is_stored else self.flows.create(source)
        assert stored is not None
        self.number += 1
        request = ExecutionRequest(namespace=stored.record.namespace, flow_id=stored.record.id, inputs=inputs or {})
        assert stored.flow is not None
        origin = Origin(execution_id or f"execution{self.number}", f"start{self.number}")
        claim = start_claim(stored.flow, request, origin, self.expressions.evaluate)
        self.claim(claim)
        return claim.execution_id

    def lose_worker(self) -> None:
        """Let the worker be as if its process were gone: it says nothing any more."""
        self.worker._log.close()
        self.worker._kills.close()

    def kill(self, execution_id: str) -> None:
        self.claim(Kill(execution_id, f"{execution_id}.kill"))

    def claim(self, claim: AnyClaim) -> None:
        self.broker.publish([claim_message(claim)])

    def step(self) -> bool:
        """Let each service step once; return whether anything was said in `facts`."""
        before = self._facts()
        self.executor.step()
        self.worker.step()
        return self._facts() != before

    def _facts(self) -> int:
        return max((record.offset for record in self.broker.history(FACTS)), default=-1)

    def finish(self, execution_id: str, patience: timedelta = timedelta(days=1)) -> Outcome:
        """Step until the execution has ended with nothing left running; the clock jumps over pauses."""
        deadline, end = self.clock.now + patience, time.monotonic() + REAL_WAIT_MAX_S
        quiet = 0
        for _ in range(STEPS_MAX):
            quiet = 0 if self.step() else quiet + 1
            if quiet < 3:
                continue
            outcome = self.outcome(execution_id)
            if outcome is not None and outcome.execution.state.is_terminal and not _is_running(outcome):
                return outcome
            if self.clock.now > deadline or time.monotonic() > end:
                break
            self._wait()
        raise AssertionError(f"{execution_id} does not end: {self.outcome(execution_id)}")

    def _wait(self) -> None:
        """Let the clock go on to the next date that any execution waits for."""
        waiting = [
            *_latest(self.broker.history(EXECUTIONS), Execution).values(),
            *_latest(self.broker.history(TASKRUNS), TaskRun).values(),
        ]
        wakes = [each.wake_at for each in waiting if each.wake_at and each.wake_at > self.clock.now]
        if wakes:
            self.clock.now = min(wakes)
        else:
            time.sleep(0.005)  # a thread of the worker is at it: nothing to wait on but its report
            self.clock.now += timedelta(milliseconds=5)

    def outcome(self, execution_id: str) -> Outcome | None:
        """Return the execution as the snapshots have it."""
        found = _latest(self.broker.history(EXECUTIONS), Execution).get(execution_id)
        if found is None:
            return None
        runs = [
            run for run in _latest(self.broker.history(TASKRUNS), TaskRun).values() if run.execution_id == execution_id
        ]
        logs = [msgspec.json.decode(record.value, type=LogEntry) for record in self.broker.history(LOGS)]
        return Outcome(
            found,
            sorted(runs, key=lambda run: run.ordinal),
            [entry for entry in logs if entry.execution_id == execution_id],
        )

    def executions_of(self, flow_id: str) -> list[str]:
        """Return the executions of a flow, in the order of their creation."""
        found = _latest(self.broker.history(EXECUTIONS), Execution).values()
        return [each.id for each in sorted(found, key=lambda each: each.histories[0].date) if each.flow_id == flow_id]

    def run(self, source: str, inputs: dict[str, Any] | None = None) -> Outcome:
        """Run a flow to its end."""
        return self.finish(self.start(source, inputs))

    def close(self) -> None:
        self.worker.close(0)
        self.executor.close()
        self.broker.close()


def _no_secret(name: str) -> str:
    raise ValueError(f"there is no secret {name}")


def _is_running(outcome: Outcome) -> bool:
    return any(not run.state.is_terminal and not run.is_removed for run in outcome.taskruns)


def _latest(records: Any, kind: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in records:
        found.pop(record.key, None)
        if record.value is not None:
            found[record.key] = msgspec.json.decode(record.value, type=kind)
    return found

"""
The whole system under one seed: services that crash between any two effects, on an embedded broker.

An effect is a commit or a publish. Before each the dice may take the backend away or kill
the process; after it, they may kill the process that just did it. A killed service is
made anew from what the broker holds.
"""

import contextlib
import logging
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

import msgspec
import orjson

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.errors import Unavailable
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.awaited import Awaited, Wait, waits_of
from runfold.execution.claims import Resume
from runfold.execution.facts import Transition
from runfold.executor.plans import Plans
from runfold.flows.plan import Host
from runfold.indexer.service import Indexer
from runfold.ports import RECORD_SIZE_MAX, Log, Message, Reading, Record
from runfold.storage_layout import path_of
from runfold.topology import CLAIMS, EXECUTIONS, FACTS, LOGS, METRICS, TASKRUNS
from runfold.worker.service import Worker
from tests.engine import REAL_WAIT_MAX_S, Engine, Impatient
from tests.simulation.flows import CHILDREN, ITEMS

CRASH_RATE = 0.06
AWAY_RATE = 0.04
CHAOS_STEPS = 40
CHOICES = (
    *("executor", "executor", "executor", "executor", "worker", "worker", "worker", "indexer", "indexer"),
    *("time", "double", "death", "resume"),
)
QUIET_STEPS_MAX = 3_000
QUIET_STEPS = 4
RESUMES_MAX = 60
"""Rounds of resuming whatever waits for a person: loops and retries pause again."""
TOLD_MAX = 100_000

_executor_log = logging.getLogger("runfold.executor.batch")
_transition = msgspec.json.Decoder(Transition)


class Crash(BaseException):
    """The process is gone: nothing of ours may catch it."""


class CrashingBroker:
    """A broker whose logs and publishes fail as the dice say."""

    def __init__(self, inner: Impatient, dice: random.Random) -> None:
        self._inner = inner
        self._dice = dice
        self.is_calm = False
        self.opened: list[Log] = []
        self.said = 0
        """Claims and facts written so far: while this grows, something is going on."""

    def log(self, reading: Reading) -> Log:
        log = CrashingLog(self, self._inner.log(reading))
        self.opened.append(log)
        return log

    def publish(self, messages: Sequence[Message]) -> None:
        self.before()
        self._inner.publish(messages)
        self.count(messages)
        self.after()

    def before(self) -> None:
        if not self.is_calm:
            chance = self._dice.random()
            if chance < CRASH_RATE:
                raise Crash
            if chance < CRASH_RATE + AWAY_RATE:
                raise Unavailable("the dice took the broker away")

    def after(self) -> None:
        if not self.is_calm and self._dice.random() < CRASH_RATE:
            raise Crash

    def count(self, messages: Sequence[Message]) -> None:
        self.said += sum(message.topic in (CLAIMS, FACTS) for message in messages)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class CrashingLog:
    def __init__(self, broker: CrashingBroker, inner: Log) -> None:
        self._broker = broker
        self._inner = inner

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        return self._inner.poll(limit, timeout_s)

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        try:
            self._broker.before()
        except Unavailable:
            self._fail()
            raise
        self._inner.commit(read, written)
        self._broker.count(written)
        self._broker.after()

    def _fail(self) -> None:
        """Have the log itself fail a commit, so that what was read comes again."""
        with contextlib.suppress(ValueError):
            self._inner.commit((), [Message(CLAIMS, None, bytes(RECORD_SIZE_MAX + 1))])

    def wake(self) -> None:
        self._inner.wake()

    def close(self) -> None:
        self._inner.close()


class Complaints(logging.Handler):
    """What the executor could not decide: a claim in the dead letters, an execution that stands still."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []
        _executor_log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()}: {record.exc_info[1] if record.exc_info else ''}")

    def close(self) -> None:
        _executor_log.removeHandler(self)


class Witness:
    """Reads `facts` on its own and folds them: what it knows is what a replay gives, at every prefix."""

    def __init__(self, broker: Any) -> None:
        self._log = broker.log(Reading((FACTS,)))
        self.told: dict[str, list[Transition]] = {}
        self.folded: dict[str, Aggregate] = {}

    def read(self) -> set[str]:
        """Fold what is new; return the executions that it is about."""
        about = set()
        for record in self._log.poll(TOLD_MAX, 0):
            transition = _transition.decode(record.value or b"")
            if not transition.aggregate.startswith("queue:"):
                about.add(transition.aggregate)
                self.told.setdefault(transition.aggregate, []).append(transition)
                self.folded[transition.aggregate] = apply_transition(self.folded.get(transition.aggregate), transition)
        return about

    def close(self) -> None:
        self._log.close()


class World(Engine):
    """Executor, worker and (where wanted) indexer, each of which may die at any effect."""

    def __init__(self, seed: int, *, is_indexed: bool = True) -> None:
        self.dice = random.Random(seed)
        self.index: Any = SqliteIndex(None) if is_indexed else None
        super().__init__()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.worker.close(0)
        self.executor.close()
        self.impatient: Any = CrashingBroker(Impatient(self.broker), self.dice)
        for child in CHILDREN:
            self.flows.create(child)
        self.witness = Witness(self.broker)
        self.complaints = Complaints()
        self.plans = Plans(self.flows, Host(self.expressions, {}, self.flows.runnable))
        self.files.put(path_of(ITEMS), BytesIO(b"1\n2\n3\n4\n"))
        self.lives = 0
        self.services: dict[str, Any] = {"executor": None, "worker": None}
        if self.index is not None:
            self.services["indexer"] = None
        self.crashes = 0
        self.logs: dict[str, list[Log]] = {}

    def make(self, name: str) -> Any:
        self.lives += 1
        self.logs[name] = self.impatient.opened = []
        if name == "executor":
            return self.new_executor()
        if name == "worker":
            return self.new_worker(f"worker-{self.lives}")
        reading = Reading((EXECUTIONS, TASKRUNS, LOGS, METRICS), "indexer", member="indexer-1")
        assert self.index is not None
        return Indexer(self.impatient.log(reading), self.index)

    def close(self) -> None:
        for name in self.services:
            self.die(name)
        self.complaints.close()
        self.witness.close()
        self.broker.close()
        if self.index is not None:
            self.index.close()

    def live(self, name: str) -> None:
        """Let one service step; it may die of it."""
        try:
            if self.services[name] is None:
                self.services[name] = self.make(name)
            self.services[name].step()
            if name == "worker":
                self.let_attempts_end(self.services[name])
        except Unavailable:
            pass
        except Crash:
            self.die(name)
        if name == "executor":
            self.compare()

    def compare(self) -> None:
        """Hold what the executor remembers against what a replay gives, at each prefix that it committed."""
        about = self.witness.read()
        executor = self.services["executor"]
        for execution_id in about if executor is not None else ():
            assert executor._memory.get(execution_id) == self.witness.folded[execution_id], execution_id

    @staticmethod
    def let_attempts_end(worker: Worker) -> None:
        """Wait for attempts in threads of their own, so that a seed tells the same story each time."""
        runner = worker._runner
        end_s = time.monotonic() + REAL_WAIT_MAX_S
        while runner._ends.qsize() < len(runner):
            assert time.monotonic() < end_s, "an attempt never ends"
            time.sleep(0.0005)

    def die(self, name: str) -> None:
        self.crashes += 1
        self.services[name] = None
        for log in self.logs.pop(name, []):
            log.close()  # a dead process holds no place in a group

    def chaos(self, steps: int = CHAOS_STEPS) -> None:
        """Let the dice choose who lives, when time goes on, and which claims come twice."""
        for _ in range(steps):
            choice = self.dice.choice(CHOICES)
            if choice == "time":
                self.clock.now += timedelta(seconds=self.dice.choice([0.1, 1, 6]))
            elif choice == "double":
                self.double()
            elif choice == "resume":
                self.resume_one()
            elif choice == "death":
                self.die(self.dice.choice(list(self.services)))
            elif choice in self.services:
                self.live(choice)

    def double(self) -> None:
        """Put a claim that was made before once more, late and out of order."""
        claims = list(self.broker.history(CLAIMS))
        if claims:
            record = self.dice.choice(claims)
            self.broker.publish([Message(CLAIMS, record.key, record.value)])

    def resume_one(self) -> None:
        """Be the person who resumes an execution, now or too early."""
        if self.witness.folded:
            execution_id = self.dice.choice(list(self.witness.folded))
            if any(wait.what is Awaited.RESUME for wait in self.waits(execution_id)):
                self.claim(Resume(execution_id, f"{execution_id}.resume"))

    def waits(self, execution_id: str) -> list[Wait]:
        aggregate = self.witness.folded[execution_id]
        plan = self.plans.of(Resume(execution_id, "any"), aggregate)
        assert plan is not None
        return list(waits_of(plan, aggregate))

    def settle(self) -> None:
        """
        Without faults from here on, run until everything has ended.

        At each rest, whatever is open must say what it waits for, and only a person can be what is missing.
        """
        self.impatient.is_calm = True
        for number in range(RESUMES_MAX):
            self.rest()
            assert not self.complaints.said, self.complaints.said
            missing = {id_: self.waits(id_) for id_ in self.witness.folded}
            for execution_id, waits in missing.items():
                state = self.witness.folded[execution_id].execution.state
                assert waits or state.is_terminal, f"{execution_id} is {state} and waits for nothing"
            wanted = [id_ for id_, waits in missing.items() if any(wait.what is Awaited.RESUME for wait in waits)]
            if not any(missing.values()):
                return
            assert wanted, f"nobody will ever bring this about: {missing}"
            for execution_id in wanted:
                self.claim(Resume(execution_id, f"{execution_id}.resume.{number}"))
        raise AssertionError("the system pauses for ever")

    def rest(self) -> None:
        """Run until nothing moves any more, and dates have come."""
        quiet = 0
        for _ in range(QUIET_STEPS_MAX):
            before = self.impatient.said
            for name in self.services:
                self.live(name)
            if self.impatient.said != before:
                quiet = 0
                continue
            quiet += 1
            self.clock.now += timedelta(seconds=6)
            if quiet > QUIET_STEPS:
                return
        raise AssertionError("the system never comes to rest")

    def start_flow(self, flow: dict[str, Any], number: int, times: int = 1) -> list[str]:
        """Ask for executions of a flow."""
        source = orjson.dumps({**flow, "id": f"random-{number}"}).decode()
        return [self.start(source, execution_id=f"x{number}.{count}", is_stored=count > 0) for count in range(times)]

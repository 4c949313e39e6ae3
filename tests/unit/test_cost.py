"""
The engine's work for a task run does not grow with its execution: counted, not timed, so no noise can tell otherwise.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import pytest
from tests.bench.flows import ITEM, descent, fan_out, inner, items, loop_of_three, sequence
from tests.engine import Engine

from runfold.execution.state import State
from runfold.ports import Log, Message, Reading, Record
from runfold.topology import FACTS, TASKRUNS

SMALL, LARGE = 80, 800
"""The large fan-out opens in several transitions."""

RATIO_MAX = 1.3
STEPS_MAX = 20_000


class CountingLog:
    """A log that counts what is committed through it."""

    def __init__(self, log: Log, counts: Counter[str]) -> None:
        self._log = log
        self._counts = counts

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        self._log.commit(read, written)
        for message in written:
            self._counts["records"] += 1
            self._counts["bytes"] += len(message.value or b"")
            self._counts[message.topic] += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class CountingBroker:
    def __init__(self, broker: Any, counts: Counter[str]) -> None:
        self._broker = broker
        self._counts = counts

    def log(self, reading: Reading) -> Any:
        return CountingLog(self._broker.log(reading), self._counts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class CountingEngine(Engine):
    """An engine that counts function calls and records from the request to the end."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts: Counter[str] = Counter()
        self.worker.close(0)
        self.executor.close()
        self.impatient = CountingBroker(self.impatient, self.counts)  # type: ignore[assignment]
        self.executor = self.new_executor()
        self.worker = self.new_worker()

    def work_of(self, source: str) -> Counter[str]:
        """Run a flow to its end; return what it took."""
        execution_id = self.start(source)
        self.counts.clear()
        with _calls_counted(self.counts):
            for _ in range(STEPS_MAX):
                self.worker.step()
                self.executor.step()
                if self._has_ended(execution_id):
                    return self.counts
        raise AssertionError(f"{execution_id} does not end")

    def _has_ended(self, execution_id: str) -> bool:
        aggregate = self.executor._memory.get(execution_id)
        if aggregate is None or not aggregate.execution.state.is_terminal:
            return False
        assert aggregate.execution.state is State.SUCCESS, aggregate.execution
        return True


@contextmanager
def _calls_counted(counts: Counter[str]) -> Iterator[None]:
    """Count calls of functions, Python's and C's, made by this thread."""

    def note(_frame: object, event: str, _argument: object) -> None:
        if event in {"call", "c_call"}:
            counts["calls"] += 1

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


@dataclass(frozen=True)
class Growth:
    """A flow by its size, and how many task runs (or executions with one each) a size makes."""

    name: str
    flow: Callable[[int], str]
    small: int
    large: int
    taskruns: Callable[[int], int] = int
    needs: tuple[str, ...] = ()


GROWTHS = (
    Growth("fan-out", fan_out, SMALL, LARGE),
    Growth("sequence", sequence, SMALL, LARGE),
    Growth("loop of three", loop_of_three, 60, 400, lambda width: 3 * width),
    Growth("inner sequence", partial(inner, "Sequential"), SMALL, LARGE),
    Growth("parallel", partial(inner, "Parallel"), SMALL, LARGE),
    Growth("items", items, 100, 600, needs=(ITEM,)),
    Growth("subflows in subflows", descent, 15, 150),
)


@cache
def work_for_one(growth: Growth, size: int) -> dict[str, float]:
    """Return the work for one task run of a flow of that size."""
    engine = CountingEngine()
    try:
        for source in growth.needs:
            engine.flows.create(source)
        engine.run(growth.flow(1))  # what is made once for all executions is no part of it
        counts = engine.work_of(growth.flow(size))
        return {name: count / growth.taskruns(size) for name, count in counts.items()}
    finally:
        engine.close()


@pytest.mark.parametrize("growth", GROWTHS, ids=lambda growth: growth.name)
def test_a_task_run_costs_the_same_in_an_execution_ten_times_as_large(growth: Growth) -> None:
    for kind in ("calls", "records", "bytes"):
        small, large = work_for_one(growth, growth.small)[kind], work_for_one(growth, growth.large)[kind]

        assert large <= RATIO_MAX * small, (
            f"{kind} a task run: {small:.1f} of {growth.small}, {large:.1f} of {growth.large}"
        )


def test_a_task_run_of_a_fan_out_is_told_in_few_records() -> None:
    found = work_for_one(GROWTHS[0], LARGE)

    assert found[TASKRUNS] <= 2.1, "two snapshots: dispatched, ended"
    assert found[FACTS] <= 1.1, "one transition for each result"

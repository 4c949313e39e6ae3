"""
The cost of a task run in a large execution against that in a small one, and the memory that a live one takes.

Both sizes in one process, in turns, the best of each, in processor time of this process alone: what else
runs on the machine hardly counts. What follows a run (indexing) is part of it.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.bench.figures import Cost
from tests.bench.flows import ITEM, descent, fan_out, inner, items, loop_of_three
from tests.bench.loads import PAUSE_S, Bench, Shape
from tests.engine import Engine

ROUNDS: Final = 3
RATIO_MAX: Final = 1.3
LIVE: Final = 10_000
STEPS_MAX: Final = 1_000


@dataclass(frozen=True)
class Growth:
    """A flow by its size. `each`: task runs (of items and subflows: executions with one) that a size of 1 makes."""

    name: str
    flow: Callable[[int], str]
    small: int
    large: int
    each: int = 1


GROWTHS: Final = (
    Growth("ForEach", fan_out, 1_000, 10_000),
    Growth("ForEach of 3 tasks", loop_of_three, 1_000, 10_000, each=3),
    Growth("Sequential in a flow", partial(inner, "Sequential"), 300, 3_000),
    Growth("Parallel", partial(inner, "Parallel"), 200, 2_000),
    Growth("ForEachItem, batches", items, 100, 1_000),
    Growth("Subflow in Subflow, levels", descent, 20, 200),
)


def costs(bench: Bench, rounds: int, tell: Callable[[str], None]) -> Iterable[Cost]:
    """Yield what a task run of each flow costs in small and in large."""
    bench.create(ITEM)
    for growth in GROWTHS:
        tell(f"cost: {growth.name}")
        best = dict.fromkeys((growth.small, growth.large), float("inf"))
        for _ in range(rounds):
            for size in best:
                taskruns = growth.each * size
                began_s = time.process_time()
                bench.once(Shape(f"{growth.name} {size}", growth.flow(size), 1, taskruns))
                time.sleep(PAUSE_S)
                best[size] = min(best[size], round((time.process_time() - began_s) / taskruns * 1_000_000, 1))
        yield Cost(growth.name, growth.each * growth.small, growth.each * growth.large, *best.values())


def live_bytes(width: int = LIVE) -> int:
    """Return how much an executor remembers of a task run that a worker has, in bytes."""
    engine = Engine()
    engine.run(fan_out(1))
    execution_id = engine.start(fan_out(width))
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(STEPS_MAX):
            engine.executor.step()
            aggregate = engine.executor._memory.get(execution_id)
            if aggregate is not None and aggregate.created == width + 1:
                del aggregate
                gc.collect()
                return tracemalloc.get_traced_memory()[0] // (width + 1)
        raise AssertionError("not all of them begin")
    finally:
        tracemalloc.stop()
        engine.close()

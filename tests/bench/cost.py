"""
The cost of a task run in a large execution against that in a small one.

Both in one process, in turns, the best of each: what else runs on the machine slows both alike.
"""

from typing import Final

from tests.bench.flows import fan_out
from tests.bench.loads import Bench, Shape

SMALL: Final = 1_000
LARGE: Final = 10_000
ROUNDS: Final = 3
RATIO_MAX: Final = 1.3


def cost_us(bench: Bench, rounds: int = ROUNDS) -> dict[int, float]:
    """Return microseconds a task run by the width of the fan-out."""
    best = dict.fromkeys((SMALL, LARGE), float("inf"))
    for _ in range(rounds):
        for width in best:
            seconds, _ids = bench.once(Shape(f"fan-out of {width}", fan_out(width), 1, width + 1))
            best[width] = min(best[width], round(seconds / (width + 1) * 1_000_000, 1))
    return best

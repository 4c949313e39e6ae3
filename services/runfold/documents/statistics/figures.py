"""
Figures of many numbers: what is said of run times, waiting times and the like.

Reads sorted numbers. The rule: a percentile is a number that occurs (nearest rank), so it
needs no interpolation and there is one answer only. The embedded index is exact;
Elasticsearch's digest may be off by a little in rank, never more than `RANK_TOLERANCE` of the count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PERCENTS: Final = (50, 90, 95, 99)

RANK_TOLERANCE: Final = 0.02
"""Elasticsearch's percentile lies between the numbers so much of the count (and one more) below and above the exact one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of no numbers, `count` and `sum` are 0 and all else is None."""

    count: int = 0
    sum: float = 0
    min: float | None = None
    max: float | None = None
    avg: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None


NO_FIGURES: Final = Figures()


def figures(ordered: Sequence[float]) -> Figures:
    """Return the figures of numbers that are sorted."""
    if not ordered:
        return NO_FIGURES
    total = sum(ordered)
    ranked = (percentile(ordered, percent) for percent in PERCENTS)
    return Figures(len(ordered), total, ordered[0], ordered[-1], total / len(ordered), *ranked)


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest of the sorted numbers, at least one, that `percent` of all are not above."""
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]

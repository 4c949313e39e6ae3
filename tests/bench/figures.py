"""What is measured, as plain values: a table and JSON are made from these."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Samples of one duration, in milliseconds."""

    p50_ms: float
    p99_ms: float
    samples: int

    def __str__(self) -> str:
        return f"{self.p50_ms:.1f} / {self.p99_ms:.1f}"


def spread(samples_ms: Iterable[float]) -> Spread | None:
    """Return the middle and the slow end of samples; None of none."""
    found = sorted(samples_ms)
    if not found:
        return None
    return Spread(round(_rank(found, 0.5), 2), round(_rank(found, 0.99), 2), len(found))


def _rank(found: Sequence[float], share: float) -> float:
    return found[min(math.ceil(share * len(found)) - 1, len(found) - 1)]


@dataclass(frozen=True)
class Load:
    """One workload on one system. `rates`: task runs/s of each repetition, in order."""

    system: str
    workload: str
    taskruns: int
    rates: tuple[float, ...]
    hops: dict[str, Spread] = field(default_factory=dict)
    memory_mib: float | None = None

    @property
    def best(self) -> float:
        return max(self.rates, default=0.0)


@dataclass(frozen=True)
class Raw:
    """What the machine itself can do: a yardstick for the rest."""

    name: str
    per_s: float


@dataclass(frozen=True)
class Cost:
    """Microseconds of processor time for a task run in an execution with few of them, and in one with many."""

    name: str
    small: int
    large: int
    small_us: float
    large_us: float

    @property
    def ratio(self) -> float:
        return round(self.large_us / self.small_us, 3)


@dataclass
class Report:
    """All that one call of the benchmark found."""

    raw: list[Raw] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    live_bytes: int | None = None
    """What an executor remembers of one live task run."""
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)

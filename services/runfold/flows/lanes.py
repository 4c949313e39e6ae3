"""
The shapes of lanes that flowables answer with.

What depends on the tasks alone is made once per flow; a loop of 10,000 values costs no more than one of two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runfold.flows.task import Lanes, Task, enabled


@dataclass(frozen=True, slots=True)
class OneLane:
    """The tasks one after another."""

    tasks: tuple[Task, ...]
    concurrent: int = 1

    @property
    def count(self) -> int:
        return 1 if self.tasks else 0

    def steps(self, lane: int) -> tuple[Task, ...]:  # noqa: ARG002 - there is but one
        return self.tasks

    def value(self, lane: int) -> str | None:  # noqa: ARG002 - as above
        return None

    def needs(self, lane: int) -> tuple[str, ...]:  # noqa: ARG002 - as above
        return ()


@dataclass(frozen=True, slots=True)
class LanePerTask:
    """Each task in a lane of its own, waiting for the ids in `waits` at its place (empty: for none)."""

    tasks: tuple[Task, ...]
    concurrent: int = 0
    waits: tuple[tuple[str, ...], ...] = ()

    @property
    def count(self) -> int:
        return len(self.tasks)

    def steps(self, lane: int) -> tuple[Task, ...]:
        return (self.tasks[lane],)

    def value(self, lane: int) -> str | None:  # noqa: ARG002 - same for all
        return None

    def needs(self, lane: int) -> tuple[str, ...]:
        return self.waits[lane] if self.waits else ()


@dataclass(frozen=True, slots=True)
class LanePerValue:
    """All tasks once for each value."""

    tasks: tuple[Task, ...]
    values: Sequence[str]
    concurrent: int = 0

    @property
    def count(self) -> int:
        return len(self.values) if self.tasks else 0

    def steps(self, lane: int) -> tuple[Task, ...]:  # noqa: ARG002 - same for all
        return self.tasks

    def value(self, lane: int) -> str | None:
        return self.values[lane]

    def needs(self, lane: int) -> tuple[str, ...]:  # noqa: ARG002 - same for all
        return ()


@dataclass(frozen=True, slots=True)
class LanePerPair:
    """A lane for each value and task: value by value, then task by task."""

    tasks: tuple[Task, ...]
    values: Sequence[str]
    concurrent: int = 0

    @property
    def count(self) -> int:
        return len(self.values) * len(self.tasks)

    def steps(self, lane: int) -> tuple[Task, ...]:
        return (self.tasks[lane % len(self.tasks)],)

    def value(self, lane: int) -> str | None:
        return self.values[lane // len(self.tasks)]

    def needs(self, lane: int) -> tuple[str, ...]:  # noqa: ARG002 - same for all
        return ()


def one_lane(tasks: Iterable[Task]) -> Lanes:
    """Return the enabled ones of `tasks` as one lane."""
    return OneLane(enabled(tasks))

"""
What changed lately, in the order in which the tail saw it: what standing queries are evaluated on.

One ring for all readers. Each reader goes through it at its own pace by the number of the last
change that it has; who is too slow, or was away too long, is told so and begins anew.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from runfold.documents.model import Document, Kind
from runfold.documents.project import project_execution, project_taskrun
from runfold.execution.model import Execution, TaskRun

CHANGES_MAX: Final = 10_000
READERS_MAX: Final = 500

Entity = Execution | TaskRun


@dataclass(frozen=True)
class Change:
    """An entity as it is now, and as it was before; `old` None: that is not known here."""

    number: int
    new: Entity
    old: Entity | None

    @property
    def kind(self) -> Kind:
        return Kind.TASKRUNS if isinstance(self.new, TaskRun) else Kind.EXECUTIONS

    @property
    def is_gone(self) -> bool:
        """Whether there is no such entity any more."""
        return self.new.is_removed if isinstance(self.new, TaskRun) else self.new.deletion is not None

    @cached_property
    def document(self) -> Document:
        """As it is searched; made once, whoever asks."""
        return _document(self.new)

    @cached_property
    def old_document(self) -> Document | None:
        return None if self.old is None else _document(self.old)


def _document(entity: Entity) -> Document:
    return project_taskrun(entity) if isinstance(entity, TaskRun) else project_execution(entity)


class Changes:
    """The ring. `name` tells one process's numbers from another's."""

    def __init__(self, changes_max: int = CHANGES_MAX) -> None:
        self.name = secrets.token_hex(4)
        self._ring: deque[Change] = deque(maxlen=changes_max)
        self._newest = 0
        self._lock = threading.Lock()
        self._wakes: list[Callable[[], None]] = []

    @property
    def newest(self) -> int:
        """The number of the last change; 0: there was none."""
        return self._newest

    def add(self, pairs: Iterable[tuple[Entity, Entity | None]]) -> None:
        """Append changes, each with what the entity was before, and wake who waits."""
        with self._lock:
            before = self._newest
            for new, old in pairs:
                self._newest += 1
                self._ring.append(Change(self._newest, new, old))
            wakes = list(self._wakes) if self._newest > before else []
        for wake in wakes:
            wake()

    def since(self, number: int, limit: int) -> Sequence[Change] | None:
        """Return up to `limit` changes after that one; None: some of them are forgotten, or never were."""
        with self._lock:
            first = self._newest - len(self._ring) + 1
            if number + 1 < first or number > self._newest:
                return None
            return list(islice(self._ring, number + 1 - first, number + 1 - first + limit))

    @property
    def is_full(self) -> bool:
        """Whether nobody else may listen."""
        return len(self._wakes) >= READERS_MAX

    def listen(self, wake: Callable[[], None]) -> bool:
        """Have `wake` called whenever something was added; return False if too many wait already."""
        with self._lock:
            if self.is_full:
                return False
            self._wakes.append(wake)
            return True

    def leave(self, wake: Callable[[], None]) -> None:
        """Undo `listen`."""
        with self._lock:
            self._wakes.remove(wake)

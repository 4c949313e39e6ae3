"""How far a reader has come in each partition, and when what it read there was written."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from runfold.documents.progress import Place
from runfold.ports import Record

MARKS_MAX: Final = 1_000
"""Of one partition: one per poll that brought records of it, the oldest are forgotten."""


class Reach:
    """Not for several threads at once: its owner locks."""

    def __init__(self) -> None:
        self.ends: dict[Place, int] = {}
        self._marks: dict[Place, deque[tuple[int, int]]] = {}

    def take(self, records: Iterable[Record]) -> None:
        """Note the records of one poll; of each partition the first one is a mark."""
        marked = set()
        for record in records:
            place = (record.topic, record.partition)
            self.ends[place] = record.offset + 1
            if place not in marked:
                marked.add(place)
                marks = self._marks.setdefault(place, deque(maxlen=MARKS_MAX))
                marks.append((record.offset, record.timestamp_ms))

    def written_ms(self, place: Place, offset: int) -> int | None:
        """
        Return when the first record from `offset` on was written, a little early; None: there is none.

        As early as the poll that brought it began to be written, at most.
        """
        if offset >= self.ends.get(place, 0):
            return None
        found = 0
        for at, timestamp_ms in self._marks[place]:
            if at > offset and found:
                break
            found = timestamp_ms
        return found

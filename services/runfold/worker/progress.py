"""
Which records of each partition are answered. Only prefixes without gaps are confirmed.

One thread's. A record is in hand from the poll that brought it until its confirmation.
"""

from collections import deque
from collections.abc import Iterable

from runfold.ports import Partitions, Record


class Place:
    """A record in hand. `is_lost`: its partition went to another worker."""

    __slots__ = ("is_answered", "is_lost", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.is_answered = False
        self.is_lost = False


class Progress:
    """The places of all partitions, in the order of their records."""

    def __init__(self) -> None:
        self._places: dict[int, deque[Place]] = {}
        self._offsets: dict[int, set[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    def take(self, record: Record) -> Place | None:
        """Return the place of `record`; None if it is in hand already."""
        offsets = self._offsets.setdefault(record.partition, set())
        if record.offset in offsets:
            return None
        offsets.add(record.offset)
        place = Place(record)
        self._places.setdefault(record.partition, deque()).append(place)
        return place

    def confirmable(self) -> list[Record]:
        """Return the answered records that no unanswered one stands before, partition by partition."""
        records: list[Record] = []
        for places in self._places.values():
            for place in places:
                if not place.is_answered:
                    break
                records.append(place.record)
        return records

    def gaps(self, partitions: Partitions) -> set[Place]:
        """Return the unanswered places that stand before an answered one: these keep that one from being confirmed."""
        found: set[Place] = set()
        for partition in partitions:
            waiting: list[Place] = []
            for place in self._places.get(partition, ()):
                if place.is_answered:
                    found.update(waiting)
                    waiting.clear()
                else:
                    waiting.append(place)
        return found

    def confirmed(self, records: Iterable[Record]) -> None:
        """Let go of what `confirmable` returned."""
        for record in records:
            self._places[record.partition].popleft()
            self._offsets[record.partition].discard(record.offset)

    def revoke(self, partitions: Partitions) -> None:
        """Let go of partitions that others serve now: nothing of them is confirmed any more."""
        for partition in partitions:
            for place in self._places.pop(partition, ()):
                place.is_lost = True
            self._offsets.pop(partition, None)

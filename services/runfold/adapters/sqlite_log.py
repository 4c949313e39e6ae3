"""
A reader's place in the embedded broker's topics.

Members of one group take turns, not shares: the oldest open one reads every partition,
the others wait until it closes. That is enough for one process, and it is exact: each
confirmation checks that the group stands where this log left it, so a twin in another
process is found at its first commit.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final

from runfold.adapters.partitioner import check_sizes
from runfold.adapters.sqlite_store import Place, SqliteStore, end, select
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Message, Reading, Record

CROSS_PROCESS_POLL_S: Final = 0.02
"""Writers of this process wake a waiting reader at once; those of others are seen this late."""


class SqliteGroups:
    """Who reads for which group in this process, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: dict[str, list[SqliteLog]] = {}

    def join(self, log: "SqliteLog", group: str, member: str | None) -> None:
        """Put `log` last, or in the place of the log that has the same member's name."""
        with self._lock:
            members = self._members.setdefault(group, [])
            for place, other in enumerate(members):
                if member is not None and other.member == member:
                    members[place] = log
                    other.wake()
                    return
            members.append(log)

    def leave(self, log: "SqliteLog", group: str) -> None:
        """Let the next one read."""
        with self._lock:
            members = self._members.get(group, [])
            if log in members:
                members.remove(log)
            for other in members[:1]:
                other.wake()

    def turn(self, log: "SqliteLog", group: str) -> bool:
        """
        Return whether it is this log that reads.

        Raises:
            BrokenInvariant: A log of the same member took its place.
        """
        with self._lock:
            members = self._members.get(group, [])
            if log not in members:
                raise BrokenInvariant(f"Another log of the same member took this one's place in the group {group}")
            return members[0] is log


class SqliteLog:
    """See `ports.Log`."""

    def __init__(self, store: SqliteStore, groups: SqliteGroups, reading: Reading) -> None:
        self.member = reading.member
        self._store = store
        self._groups = groups
        self._reading = reading
        self._connection = store.reader()
        self._signal = threading.Event()
        self._woken = False
        self._closed = False
        self._turn = 0
        topics = [store.topic(name) for name in reading.topics]
        self._places = [Place(topic, number) for topic in topics for number in range(topic.partitions)]
        self._next: dict[tuple[str, int], int] = {}
        self._confirmed: dict[tuple[str, int], int] = {}
        self._holds = False
        store.listen(reading.topics, self._signal)
        if reading.group is None:
            self._start_alone()
        else:
            self._register(reading.group)
            groups.join(self, reading.group, reading.member)

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._signal.clear()
            records = self._read(limit) if self._may_read() else []
            left_s = deadline_s - time.monotonic()
            if records or self._woken or left_s <= 0:
                self._woken = False
                return records
            self._signal.wait(min(left_s, CROSS_PROCESS_POLL_S))

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        group = self._reading.group
        try:
            check_sizes(written)
            if group is not None:
                self._groups.turn(self, group)
            self._write(group, _ends(read), written)
        except (Unavailable, ValueError):
            if self._reading.exactly_once:
                self._next = dict(self._confirmed)
            raise

    def wake(self) -> None:
        self._woken = True
        self._signal.set()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._holds and self._reading.assignment is not None:
            self._reading.assignment.revoked(self._numbers())
        if self._reading.group is not None:
            self._groups.leave(self, self._reading.group)
        self._store.forget(self._signal)
        self._store.release(self._connection)

    def _write(self, group: str | None, ends: dict[tuple[str, int], int], written: Sequence[Message]) -> None:
        messages = [(self._store.topic(message.topic), message) for message in written]
        with self._store.writing() as connection:
            self._store.append(connection, messages)
            if group is not None:
                for place in self._places:
                    following = ends.get((place.topic.name, place.partition))
                    if following is None:
                        continue
                    expected = self._confirmed[place.topic.name, place.partition]
                    moved = connection.execute(
                        "UPDATE positions SET next = ? WHERE consumers = ? AND topic = ? AND partition = ? AND next = ?",
                        (max(following, expected), group, place.topic.id, place.partition, expected),
                    )
                    if moved.rowcount != 1:
                        raise BrokenInvariant(f"Another process reads {place.topic.name} for the group {group}")
        for key, following in ends.items():
            self._confirmed[key] = max(following, self._confirmed.get(key, 0))
        self._store.announce({message.topic for message in written})

    def _may_read(self) -> bool:
        """Return whether this log reads now; take the partitions over if it just became so."""
        group = self._reading.group
        if group is None or (self._holds and self._groups.turn(self, group)):
            return True
        if not self._groups.turn(self, group):
            return False
        with self._store.reading():
            for place in self._places:
                (following,) = self._connection.execute(
                    "SELECT next FROM positions WHERE consumers = ? AND topic = ? AND partition = ?",
                    (group, place.topic.id, place.partition),
                ).fetchone()
                self._confirmed[place.topic.name, place.partition] = following
        self._next = dict(self._confirmed)
        if self._reading.assignment is not None:
            self._reading.assignment.assigned(self._numbers())
        self._holds = True
        return True

    def _read(self, limit: int) -> list[Record]:
        self._turn += 1  # another partition is first each time, so that a busy one starves none
        first = self._turn % len(self._places)
        records: list[Record] = []
        with self._store.reading():
            for place in self._places[first:] + self._places[:first]:
                key = (place.topic.name, place.partition)
                found = select(self._connection, place, self._next[key], limit - len(records))
                if found:
                    self._next[key] = found[-1].offset + 1
                    records += found
                if len(records) >= limit:
                    break
        return records

    def _start_alone(self) -> None:
        with self._store.reading():
            for place in self._places:
                start = end(self._connection, place) if self._reading.start == "latest" else 0
                self._next[place.topic.name, place.partition] = start

    def _register(self, group: str) -> None:
        """Let the group be known, so that nothing it has not read is swept away."""
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO positions VALUES (?, ?, ?, 0)",
                [(group, place.topic.id, place.partition) for place in self._places],
            )

    def _numbers(self) -> Sequence[int]:
        return sorted({place.partition for place in self._places})


def _ends(read: Sequence[Record]) -> dict[tuple[str, int], int]:
    """Return the offset behind the last record of each partition in `read`."""
    ends: dict[tuple[str, int], int] = {}
    for record in read:
        key = (record.topic, record.partition)
        ends[key] = max(record.offset + 1, ends.get(key, 0))
    return ends

"""A worker's sign of life. Who is silent for too long is taken for lost, and its attempts run again elsewhere."""

from collections.abc import Callable
from typing import Final

import msgspec

from runfold import __version__, topology
from runfold.execution.claims import Heartbeat
from runfold.ports import Message
from runfold.worker.attempt_log import Clock

INTERVAL_S: Final = 2.0

_encode: Final = msgspec.json.Encoder().encode


class Heart:
    """Knows when the next beat is due. The first one is due at once."""

    def __init__(self, identity: Heartbeat, interval_s: float, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._identity = identity
        self._interval_s = interval_s
        self._clock = clock
        self._monotonic = monotonic
        self._next_s = monotonic()

    def due_in_s(self) -> float:
        """Return how long until the next beat; 0 or less: it is due."""
        return self._next_s - self._monotonic()

    def beaten(self) -> None:
        """Say that a beat was written."""
        self._next_s = self._monotonic() + self._interval_s

    def hurry(self) -> None:
        """Make the next beat due at once."""
        self._next_s = self._monotonic()

    def beat(self, running: int, *, stopping: bool) -> Message:
        """Return a beat for now."""
        heartbeat = msgspec.structs.replace(self._identity, at=self._clock(), running=running, stopping=stopping)
        return Message(topology.WORKERS, heartbeat.worker_id, _encode(heartbeat))


def identity(worker_id: str, group: str, slots: int, host: str, clock: Clock) -> Heartbeat:
    """Return what all beats of a worker have in common."""
    return Heartbeat(worker_id=worker_id, at=clock(), group=group, slots=slots, host=host, version=__version__)

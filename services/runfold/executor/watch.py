"""
Which workers live: their heartbeats, by our own clock. A worker that is silent too long is lost.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from runfold.execution.claims import Heartbeat
from runfold.ports import Record

SILENCE_MAX: Final = timedelta(seconds=10)

_heartbeat = msgspec.json.Decoder(Heartbeat)


class WorkerWatch:
    """Remembers when each worker was last heard of."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}
        self._beats: dict[str, datetime] = {}

    def hear(self, records: Iterable[Record], now: datetime) -> None:
        """Take heartbeats; an old one read again is no sign of life."""
        for record in records:
            if record.value is None:
                continue
            try:
                beat = _heartbeat.decode(record.value)
            except msgspec.MsgspecError:
                continue  # not ours to judge: whoever wrote it stays silent to us
            if self._beats.get(beat.worker_id) != beat.at:
                self._beats[beat.worker_id] = beat.at
                self._seen[beat.worker_id] = now

    def lost(self, workers: Iterable[str], now: datetime) -> Iterator[str]:
        """Yield those of `workers` that have been silent too long; one never heard of gets its time from now on."""
        for worker_id in workers:
            if now - self._seen.setdefault(worker_id, now) > SILENCE_MAX:
                yield worker_id

"""
What a topic of definitions has (flows, templates): every revision, in this process's memory.

Reads the whole topic once and then follows it, whoever writes. The rule: what was written
here has been read back before the writer goes on, so the log alone says what a definition is.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from runfold.errors import Conflict, FlowInvalid, Unavailable, Violation
from runfold.flows.record import FlowRecord
from runfold.ports import RECORD_SIZE_MAX, Broker, Message, Reading, Record

BATCH_MAX: Final = 1_000
POLL_S: Final = 0.05
OWN_WRITE_S: Final = 10.0
"""How long a write may take to come back by the topic."""

FIND_S: Final = 2.0
"""How long a revision that must be there is waited for."""

_record: Final = msgspec.json.Decoder(FlowRecord)

T = TypeVar("T")

Name = tuple[str, str]
"""Namespace and id."""

logger = logging.getLogger(__name__)


class Revisions(Generic[T]):
    """The revisions of all definitions of one topic, each as `make` makes it; for any number of threads."""

    def __init__(self, broker: Broker, topic: str, make: Callable[[FlowRecord], T]) -> None:
        self._broker = broker
        self._topic = topic
        self._make = make
        self._reading = threading.Lock()
        self._found: dict[Name, dict[int, tuple[FlowRecord, T]]] = {}
        self._log = broker.log(Reading((topic,)))
        for record in broker.history(topic):
            self._take(record)

    def refresh(self, wait_s: float = 0) -> None:
        """Read what is there by now; if that is nothing, wait so long for something."""
        with self._reading:
            while records := self._log.poll(BATCH_MAX, wait_s):
                wait_s = 0
                for record in records:
                    self._take(record)

    def of(self, name: Name) -> Mapping[int, T]:
        """Return what is known of one definition, by revision."""
        with self._reading:
            return {revision: made for revision, (_, made) in self._found.get(name, {}).items()}

    def get(self, name: Name, revision: int | None = None) -> T | None:
        """Return a revision (None: the newest), also one that was written only now."""
        revisions = self.of(name)
        if revision not in revisions:
            self.refresh()
            revisions = self.of(name)
        return revisions.get(max(revisions, default=0) if revision is None else revision)

    def find(self, name: Name, revision: int, timeout_s: float = FIND_S) -> T | None:
        """Return a revision that must be there, once it has come by the topic; None: it did not come in time."""
        deadline_s = time.monotonic() + timeout_s
        while (found := self.get(name, revision)) is None and time.monotonic() < deadline_s:
            self.refresh(POLL_S)
        return found

    def newest(self) -> Sequence[T]:
        """Return the newest revision of every definition, by namespace and id."""
        self.refresh()
        with self._reading:
            return [revisions[max(revisions)][1] for _, revisions in sorted(self._found.items())]

    def next_number(self, name: Name) -> int:
        """Return the number of the revision that comes next."""
        return max(self.of(name), default=0) + 1

    def write(self, record: FlowRecord) -> T:
        """
        Publish a revision and return it as the topic gives it back.

        Raises:
            FlowInvalid: It is too large.
            Conflict: Another process wrote that revision at the same time.
            Unavailable: It is not known whether it is stored.
        """
        value = msgspec.json.encode(record)
        if len(value) > RECORD_SIZE_MAX:
            raise FlowInvalid((Violation(f"The source is too large: more than {RECORD_SIZE_MAX} bytes as a record"),))
        self._broker.publish([Message(self._topic, record.key, value)])
        deadline_s = time.monotonic() + OWN_WRITE_S
        while (stored := self._stored(record)) is None:
            if time.monotonic() >= deadline_s:
                raise Unavailable(f"{record.key} was written to {self._topic} and does not come back")
            self.refresh(POLL_S)
        if stored[0] != record:
            raise Conflict(f"{record.namespace}.{record.id} was changed by someone else at the same time")
        return stored[1]

    def _stored(self, record: FlowRecord) -> tuple[FlowRecord, T] | None:
        with self._reading:
            return self._found.get((record.namespace, record.id), {}).get(record.revision)

    def _take(self, record: Record) -> None:
        if record.value is None:
            return
        try:
            found = _record.decode(record.value)
        except msgspec.DecodeError as error:
            logger.warning("No definition: %s %d/%d: %s", record.topic, record.partition, record.offset, error)
            return
        revisions = self._found.setdefault((found.namespace, found.id), {})
        known = revisions.get(found.revision)
        if known is None or known[0] != found:
            revisions[found.revision] = (found, self._make(found))

"""
The flows, as the topic `flows` has them: every revision, in this process's memory.

Reads the whole topic once and then follows it, whoever writes. The rule: what this store
wrote, it has read back before it answers, so the log alone says what a flow is.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import msgspec

from runfold.errors import Conflict, FlowInvalid, NotFound, Unavailable, Violation
from runfold.flows.check import Report, validate_source
from runfold.flows.model import Flow, PluginDefault
from runfold.flows.parse import parse_flow
from runfold.flows.record import FlowRecord
from runfold.flows.task import TaskTypes
from runfold.ports import RECORD_SIZE_MAX, Broker, Message, Reading, Record
from runfold.topology import FLOWS

BATCH_MAX: Final = 1_000
POLL_S: Final = 0.05
OWN_WRITE_S: Final = 10.0
"""How long a write may take to come back by the topic."""

FIND_S: Final = 2.0
"""How long a revision that must be there is waited for."""


class StoredFlow:
    """One revision of a flow; parsed when someone asks for it, once."""

    def __init__(self, record: FlowRecord, parse: Callable[[str], Flow]) -> None:
        self.record = record
        self._parse = parse

    @property
    def flow(self) -> Flow | None:
        """The flow; None if this version can't parse it (any more)."""
        return self._parsed[0]

    @property
    def exception(self) -> str | None:
        """Why it does not parse."""
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[Flow | None, str | None]:
        try:
            flow = self._parse(self.record.source)
        except FlowInvalid as error:
            return None, str(error)
        return flow.model_copy(update={"revision": self.record.revision, "deleted": self.record.deleted}), None


_Name = tuple[str, str]
"""Namespace and id."""

logger = logging.getLogger(__name__)


class FlowStore:
    """All flows; for any number of threads."""

    def __init__(
        self,
        broker: Broker,
        types: TaskTypes,
        defaults: Sequence[PluginDefault] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._broker = broker
        self._types = types
        self._defaults = tuple(defaults)
        self._clock = clock
        self._decoder = msgspec.json.Decoder(FlowRecord)
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._flows: dict[_Name, dict[int, StoredFlow]] = {}
        self._log = broker.log(Reading((FLOWS,)))
        for record in broker.history(FLOWS):
            self._take(record)

    def refresh(self, wait_s: float = 0) -> None:
        """Read what is there by now; if that is nothing, wait so long for something."""
        with self._reading:
            while records := self._log.poll(BATCH_MAX, wait_s):
                wait_s = 0
                for record in records:
                    self._take(record)

    def get(
        self, namespace: str, flow_id: str, revision: int | None = None, *, allow_deleted: bool = False
    ) -> StoredFlow | None:
        """Return a revision (None: the newest); a deleted one only if that is allowed."""
        revisions = self._revisions((namespace, flow_id))
        if revision not in revisions:
            self.refresh()
            revisions = self._revisions((namespace, flow_id))
        found = revisions.get(max(revisions, default=0) if revision is None else revision)
        return None if found is None or (found.record.deleted and not allow_deleted) else found

    def find(self, namespace: str, flow_id: str, revision: int, timeout_s: float = FIND_S) -> StoredFlow:
        """
        Return a revision that must be there, once it has come by the topic.

        Raises:
            NotFound: It did not come in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while (found := self.get(namespace, flow_id, revision)) is None:
            if time.monotonic() >= deadline_s:
                raise NotFound(f"Flow {namespace}.{flow_id} has no revision {revision}")
            self.refresh(POLL_S)
        return found

    def runnable(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """
        Return a flow that an execution may be started of.

        Raises:
            NotFound: There is no such flow.
            Conflict: It can't be parsed any more.
        """
        stored = self.get(namespace, flow_id, revision)
        if stored is None:
            shown = "" if revision is None else f" revision {revision}"
            raise NotFound(f"Unable to find flow '{namespace}'.'{flow_id}'{shown}")
        if stored.flow is None:
            raise Conflict(f"Cannot execute flow {namespace}.{flow_id}: it is not valid: {stored.exception}")
        return stored.flow

    def revisions(self, namespace: str, flow_id: str) -> Sequence[StoredFlow]:
        """Return all revisions of a flow, oldest first, those of deletions too."""
        self.refresh()
        return [stored for _, stored in sorted(self._revisions((namespace, flow_id)).items())]

    def all(self) -> Sequence[StoredFlow]:
        """Return the newest revision of every flow that is not deleted, by namespace and id."""
        self.refresh()
        with self._reading:
            newest = [revisions[max(revisions)] for revisions in self._flows.values()]
        present = [stored for stored in newest if not stored.record.deleted]
        return sorted(present, key=lambda stored: (stored.record.namespace, stored.record.id))

    def validate(self, source: str) -> Sequence[Report]:
        """Return a report on each document of `source`, as a flow that may be stored here."""
        return validate_source(source, self._types, self._defaults)

    def create(self, source: str) -> StoredFlow:
        """
        Store a new flow.

        Raises:
            FlowInvalid: It is none, or one of that id is there.
            Unavailable: It is not known whether it is stored.
        """
        flow = self._parse(source)
        with self._writing:
            if self.get(flow.namespace, flow.id) is not None:
                raise FlowInvalid((Violation("Flow id already exists", "flow.id"),))
            return self._write(flow.namespace, flow.id, source)

    def update(self, namespace: str, flow_id: str, source: str) -> StoredFlow:
        """
        Store the next revision of a flow; the same source makes none.

        Raises:
            NotFound: There is no such flow.
            FlowInvalid: `source` is no flow, or another one.
            Unavailable: It is not known whether it is stored.
        """
        if self.get(namespace, flow_id) is None:
            raise NotFound(f"There is no flow {namespace}.{flow_id}")
        flow = self._parse(source)
        _check_same(flow, namespace, flow_id)
        with self._writing:
            known = self.get(namespace, flow_id)
            if known is None:
                raise NotFound(f"There is no flow {namespace}.{flow_id}")
            return known if known.record.source == source else self._write(namespace, flow_id, source)

    def delete(self, namespace: str, flow_id: str) -> None:
        """Store that a flow is deleted. Raises: NotFound, Unavailable."""
        with self._writing:
            known = self.get(namespace, flow_id)
            if known is None:
                raise NotFound(f"There is no flow {namespace}.{flow_id}")
            self._write(namespace, flow_id, known.record.source, deleted=True)

    def _write(self, namespace: str, flow_id: str, source: str, *, deleted: bool = False) -> StoredFlow:
        """
        Publish the next revision and return it as the topic gives it back.

        Raises:
            Conflict: Another process wrote that revision at the same time.
        """
        revision = max(self._revisions((namespace, flow_id)), default=0) + 1
        record = FlowRecord(namespace, flow_id, revision, source, self._clock(), deleted)
        value = msgspec.json.encode(record)
        if len(value) > RECORD_SIZE_MAX:
            raise FlowInvalid((Violation(f"The source is too large: more than {RECORD_SIZE_MAX} bytes as a record"),))
        self._broker.publish([Message(FLOWS, record.key, value)])
        deadline_s = time.monotonic() + OWN_WRITE_S
        while (stored := self._revisions((namespace, flow_id)).get(revision)) is None:
            if time.monotonic() >= deadline_s:
                raise Unavailable(f"Flow {record.key} was written and does not come back")
            self.refresh(POLL_S)
        if stored.record != record:
            raise Conflict(f"Flow {namespace}.{flow_id} was changed by someone else at the same time")
        return stored

    def _revisions(self, name: _Name) -> Mapping[int, StoredFlow]:
        with self._reading:
            return dict(self._flows.get(name, {}))

    def _take(self, record: Record) -> None:
        if record.value is None:
            return
        try:
            found = self._decoder.decode(record.value)
        except msgspec.DecodeError as error:
            logger.warning("No flow: %s %d/%d: %s", record.topic, record.partition, record.offset, error)
            return
        revisions = self._flows.setdefault((found.namespace, found.id), {})
        known = revisions.get(found.revision)
        if known is None or known.record != found:
            revisions[found.revision] = StoredFlow(found, self._parse)

    def _parse(self, source: str) -> Flow:
        return parse_flow(source, self._types, self._defaults)


def _check_same(flow: Flow, namespace: str, flow_id: str) -> None:
    violations = []
    if flow.id != flow_id:
        violations.append(Violation("Illegal flow id update", "flow.id"))
    if flow.namespace != namespace:
        violations.append(Violation("Illegal namespace update", "flow.namespace"))
    if violations:
        raise FlowInvalid(tuple(violations))

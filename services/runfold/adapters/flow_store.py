"""
The flows, as the topic `flows` has them: every revision, in this process's memory.

Reads the whole topic once and then follows it, whoever writes. The rule: what this store
wrote, it has read back before it answers, so the log alone says what a flow is.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property

from runfold.adapters.revisions import FIND_S, Revisions
from runfold.adapters.template_store import TemplateStore
from runfold.errors import Conflict, FlowInvalid, NotFound, Violation
from runfold.flows.check import Report, validate_source
from runfold.flows.model import Flow, PluginDefault
from runfold.flows.parse import parse_flow
from runfold.flows.record import FlowRecord
from runfold.flows.task import TaskTypes
from runfold.flows.template import TemplateDefinition, parse_template
from runfold.ports import Broker
from runfold.topology import FLOWS


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


class FlowStore:
    """All flows, and the templates that they may use; for any number of threads."""

    def __init__(
        self,
        broker: Broker,
        types: TaskTypes,
        defaults: Sequence[PluginDefault] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._types = types
        self._defaults = tuple(defaults)
        self._clock = clock
        self._writing = threading.Lock()
        self._flows = Revisions(broker, FLOWS, lambda record: StoredFlow(record, self._parse))
        self.templates = TemplateStore(broker, types, clock)

    def refresh(self, wait_s: float = 0) -> None:
        """Read what is there by now; if that is nothing, wait so long for something."""
        self._flows.refresh(wait_s)

    def get(
        self, namespace: str, flow_id: str, revision: int | None = None, *, allow_deleted: bool = False
    ) -> StoredFlow | None:
        """Return a revision (None: the newest); a deleted one only if that is allowed."""
        found = self._flows.get((namespace, flow_id), revision)
        return None if found is None or (found.record.deleted and not allow_deleted) else found

    def find(self, namespace: str, flow_id: str, revision: int, timeout_s: float = FIND_S) -> StoredFlow:
        """
        Return a revision that must be there, once it has come by the topic.

        Raises:
            NotFound: It did not come in time.
        """
        found = self._flows.find((namespace, flow_id), revision, timeout_s)
        if found is None or found.record.deleted:
            raise NotFound(f"Flow {namespace}.{flow_id} has no revision {revision}")
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
        return [stored for _, stored in sorted(self._flows.of((namespace, flow_id)).items())]

    def all(self) -> Sequence[StoredFlow]:
        """Return the newest revision of every flow that is not deleted, by namespace and id."""
        return [stored for stored in self._flows.newest() if not stored.record.deleted]

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
        revision = self._flows.next_number((namespace, flow_id))
        return self._flows.write(FlowRecord(namespace, flow_id, revision, source, self._clock(), deleted))

    def template(
        self, namespace: str, template_id: str, revision: int | None, defaults: Sequence[PluginDefault]
    ) -> tuple[int, TemplateDefinition] | None:
        """Return a template (None: its newest revision) for a flow with those plugin defaults. Raises: FlowInvalid."""
        record = self.templates.find(namespace, template_id, revision)
        if record is None:
            return None
        return record.revision, parse_template(record.source, self._types, (*defaults, *self._defaults))

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

"""
The templates, as the topic `templates` has them: every revision, like flows.

Revisions are for executions only: one that began with a revision goes on with it. Callers
of the API see the newest.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from runfold.adapters.revisions import Revisions
from runfold.errors import FlowInvalid, NotFound, Violation
from runfold.flows.record import FlowRecord
from runfold.flows.task import TaskTypes
from runfold.flows.template import TemplateDefinition, parse_template
from runfold.ports import Broker
from runfold.topology import TEMPLATES


class TemplateStore:
    """All templates; for any number of threads."""

    def __init__(self, broker: Broker, types: TaskTypes, clock: Callable[[], datetime]) -> None:
        self._types = types
        self._clock = clock
        self._writing = threading.Lock()
        self._templates: Revisions[FlowRecord] = Revisions(broker, TEMPLATES, lambda record: record)

    def get(self, namespace: str, template_id: str) -> FlowRecord | None:
        """Return a template, as it is now."""
        found = self._templates.get((namespace, template_id))
        return None if found is None or found.deleted else found

    def find(self, namespace: str, template_id: str, revision: int | None) -> FlowRecord | None:
        """Return a revision that an execution began with (deleted since or not); None: the newest that is there."""
        if revision is None:
            return self.get(namespace, template_id)
        return self._templates.find((namespace, template_id), revision)

    def all(self) -> Sequence[FlowRecord]:
        """Return every template that is not deleted, by namespace and id."""
        return [record for record in self._templates.newest() if not record.deleted]

    def validate(self, source: str) -> TemplateDefinition:
        """Return the template that could be stored. Raises: FlowInvalid."""
        return parse_template(source, self._types)

    def create(self, source: str) -> FlowRecord:
        """
        Store a new template.

        Raises:
            FlowInvalid: It is none, or one of that id is there.
            Conflict, Unavailable: As `Revisions.write`.
        """
        template = self.validate(source)
        with self._writing:
            if self.get(template.namespace, template.id) is not None:
                raise FlowInvalid((Violation("Template id already exists", "template.id"),))
            return self._write(template.namespace, template.id, source)

    def update(self, namespace: str, template_id: str, source: str) -> FlowRecord:
        """
        Store the next revision of a template; the same source makes none.

        Raises:
            NotFound: There is no such template.
            FlowInvalid: `source` is no template, or another one.
            Conflict, Unavailable: As `Revisions.write`.
        """
        self._known(namespace, template_id)
        template = self.validate(source)
        violations = []
        if template.id != template_id:
            violations.append(Violation("Illegal template id update", "template.id"))
        if template.namespace != namespace:
            violations.append(Violation("Illegal namespace update", "template.namespace"))
        if violations:
            raise FlowInvalid(tuple(violations))
        with self._writing:
            known = self._known(namespace, template_id)
            return known if known.source == source else self._write(namespace, template_id, source)

    def put(self, source: str) -> FlowRecord:
        """Store a template, whether one of that id is there or not. Raises: as `create` and `update`."""
        template = self.validate(source)
        if self.get(template.namespace, template.id) is None:
            return self.create(source)
        return self.update(template.namespace, template.id, source)

    def delete(self, namespace: str, template_id: str) -> None:
        """Store that a template is deleted; executions that use it go on. Raises: NotFound, Conflict, Unavailable."""
        with self._writing:
            self._write(namespace, template_id, self._known(namespace, template_id).source, deleted=True)

    def _known(self, namespace: str, template_id: str) -> FlowRecord:
        found = self.get(namespace, template_id)
        if found is None:
            raise NotFound(f"There is no template {namespace}.{template_id}")
        return found

    def _write(self, namespace: str, template_id: str, source: str, *, deleted: bool = False) -> FlowRecord:
        number = self._templates.next_number((namespace, template_id))
        return self._templates.write(FlowRecord(namespace, template_id, number, source, self._clock(), deleted))

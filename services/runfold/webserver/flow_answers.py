"""Flows as the API answers them, and which of them a search finds."""

from collections.abc import Iterable
from typing import Any

from runfold.adapters.flow_store import StoredFlow
from runfold.documents.instants import instant_text
from runfold.documents.tokenizer import words_of
from runfold.errors import BadRequest
from runfold.flows.parse import parse_raw
from runfold.flows.written import flow_json
from runfold.webserver.parameters import SYSTEM_NAMESPACE
from runfold.webserver.routes.query import Paging


class FlowSearch(Paging):
    """The parameters of the flow search; sorted by id, namespace, revision or updated."""

    q: str | None = None
    scope: list[str] = []
    namespace: str | None = None
    labels: list[str] = []

    def fits(self, stored: StoredFlow) -> bool:
        """Return whether a flow is what is looked for. Raises: BadRequest."""
        record = stored.record
        scopes = {scope.upper() for scope in self.scope}
        if len(scopes) == 1 and scopes != {"SYSTEM" if record.namespace == SYSTEM_NAMESPACE else "USER"}:
            return False
        if not _is_under(record.namespace, self.namespace):
            return False
        labels = {(label.key, label.value) for label in stored.flow.labels} if stored.flow else set()
        if not labels.issuperset(_pairs(self.labels)):
            return False
        description = (stored.flow.description or "") if stored.flow else ""
        words = words_of(f"{record.id} {record.namespace} {description}")
        return all(any(start in word for word in words) for start in words_of(self.q or ""))


def _is_under(namespace: str, wanted: str | None) -> bool:
    return not wanted or namespace == wanted or namespace.startswith(wanted + ".")


def flow_answer(stored: StoredFlow, *, with_source: bool = False) -> dict[str, Any]:
    """Return a revision of a flow; with what is wrong with it, if it can't be read any more."""
    record = stored.record
    json: dict[str, Any] = {"id": record.id, "namespace": record.namespace, "tasks": [], "disabled": False}
    if stored.flow is not None:
        json = flow_json(stored.flow, parse_raw(record.source))
    else:
        json["exception"] = stored.exception
    json |= {"revision": record.revision, "deleted": record.deleted, "updated": instant_text(record.updated)}
    if with_source:
        json["source"] = record.source
    return json


def _pairs(texts: Iterable[str]) -> set[tuple[str, str]]:
    pairs = [text.partition(":") for text in texts]
    if not all(colon for _, colon, _ in pairs):
        raise BadRequest("Invalid queryString parameter: a label is not of the form key:value")
    return {(key, value) for key, _, value in pairs}

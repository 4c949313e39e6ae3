"""
What is known of executions, task runs and logs: the index and the live tail together.

The rule: of every entity the newest snapshot counts, whoever has it. So a read right after
a write, and at the end of a run, is never stale, although the index follows later.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from runfold.documents.api_json import execution_json
from runfold.documents.model import Document, Kind
from runfold.documents.project import project_execution, project_log, project_taskrun
from runfold.documents.query import PAGE_SIZE_MAX, Filter, Is, Page, Query, Sort, all_of, matches
from runfold.documents.source import source_of
from runfold.errors import BadRequest
from runfold.execution.state import State
from runfold.ports import Index
from runfold.webserver.export_columns import Column, filled, needs_labels
from runfold.webserver.freshness import Freshness
from runfold.webserver.tail import Tail
from runfold.webserver.tail_hits import with_tail_lines
from runfold.webserver.view import Seen

PAGES_MAX: Final = 200
"""So many thousand task runs of one execution, or lines of its log, are answered at most."""

EXPORT_PAGES_MAX: Final = 10_000
"""So many thousand documents are read to the end, at most; of more nothing is said but that."""

ApiJson = dict[str, Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Whole:
    """An execution with its task runs, as the API answers it; `seq`: the newest transition in it."""

    json: ApiJson
    state: State
    seq: int


class Reader:
    """Reads both."""

    def __init__(self, index: Index, tail: Tail, freshness: Freshness) -> None:
        self._index = index
        self._tail = tail
        self._freshness = freshness

    def execution(self, execution_id: str) -> Whole | None:
        """Return an execution with all its task runs."""
        seen = self._tail.get(execution_id)
        if seen is not None and seen.is_deleted:
            return None
        if seen is not None and seen.execution is not None and seen.is_complete:
            return Whole(execution_json(seen.execution, seen.shown), seen.execution.state, seen.seq)
        document = self._index.get(Kind.EXECUTIONS, execution_id)
        live = None if seen is None or seen.execution is None else project_execution(seen.execution)
        newest = _newer(live, document)
        return None if newest is None else _whole(newest, self._taskruns(execution_id, seen))

    def state(self, execution_id: str) -> State | None:
        """Return the state of an execution."""
        found = self._newest_execution(execution_id)
        return None if found is None else State(found.body["state"])

    def span(self, execution_id: str) -> tuple[datetime, int] | None:
        """Return when an execution began and the newest transition that is known of it."""
        found = self._newest_execution(execution_id)
        if found is None:
            return None
        seen = self._tail.get(execution_id)
        last = Query(
            Kind.TASKRUNS,
            Is("executionId", (execution_id,)),
            (Sort("seq", descending=True),),
            size=1,
            exact_total=False,
        )
        newest = [document.version for document in self._index.search(last).documents]
        return found.body["startDate"], max(found.version, -1 if seen is None else seen.seq, *newest)

    def execution_head(self, execution_id: str) -> ApiJson | None:
        """Return an execution without its task runs."""
        found = self._newest_execution(execution_id)
        return None if found is None else source_of(found)

    def taskrun(self, taskrun_id: str) -> ApiJson | None:
        """Return one task run."""
        found = self.document(Kind.TASKRUNS, taskrun_id)
        return None if found is None else source_of(found)

    def document(self, kind: Kind, entity_id: str) -> Document | None:
        """Return an execution (without its task runs) or a task run as it is searched."""
        if kind is Kind.EXECUTIONS:
            return self._newest_execution(entity_id)
        live = self._tail.taskrun(entity_id)
        if live is not None and live.is_removed:
            return None
        found = _newer(None if live is None else project_taskrun(live), self._index.get(kind, entity_id))
        return None if found is None or self._is_deleted(found) else found

    def search(self, query: Query, columns: Sequence[Column] = ()) -> ApiJson:
        """
        Return a page of the index, each hit as new as the tail knows it; with columns, each tells what it has in them.

        Hits that no longer fit, as newer snapshots say, are left out.
        """
        page = with_tail_lines(self._index.search(query), query, self._index, self._tail)
        newest = [self._newest(document, query.filter) for document in page.documents]
        shown = [document for document in newest if document is not None]
        results = self._with_columns(shown, columns) if columns else [_hit(document) for document in shown]
        total = page.total - (len(newest) - len(results))
        following = {"next": page.next} if page.next is not None else {}
        as_of = {"asOf": self._freshness.as_of()}
        return {"results": results, "total": total, "totalIsExact": page.is_exact, **following, **as_of}

    def _with_columns(self, documents: Sequence[Document], columns: Sequence[Column]) -> list[ApiJson]:
        ids = (
            {document.body["executionId"] for document in documents}
            if documents and needs_labels(documents[0].kind, columns)
            else set()
        )
        labels = self.labels(ids) if ids else {}
        return [
            source_of(document)
            | {"columns": filled(document, columns, labels.get(document.body.get("executionId", ""), ()))}
            for document in documents
        ]

    def matching(self, kind: Kind, wanted: Filter) -> Iterator[Document]:
        """Yield all executions or task runs that a search finds, the oldest first, each as new as the tail knows it."""
        for document in self._all(Query(kind, wanted, (Sort("startDate"), Sort("id")))):
            newest = self._newest(document, wanted)
            if newest is not None:
                yield newest

    def count(self, kind: Kind, wanted: Filter) -> int:
        """Return how many documents the index has that fit."""
        return self._index.count(kind, wanted).total

    def pages(self, query: Query) -> Iterator[list[Document]]:
        """
        Yield all that `query` finds, however much it is, a page at a time, each as new as the tail knows it.

        Hits that no longer fit, as newer snapshots say, are left out.

        Raises:
            BadRequest: It is more than `EXPORT_PAGES_MAX` pages; all before has been yielded.
        """
        asked = replace(query, page=1, size=PAGE_SIZE_MAX, after=None, exact_total=False)
        for _ in range(EXPORT_PAGES_MAX):
            page = self._index.search(asked)
            newest = (self._newest(document, query.filter) for document in page.documents)
            yield [document for document in newest if document is not None]
            if page.next is None:
                return
            asked = replace(asked, after=page.next)
        raise BadRequest(f"The search finds more than {EXPORT_PAGES_MAX * PAGE_SIZE_MAX} documents: narrow it")

    def labels(self, execution_ids: Iterable[str]) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return the labels of up to a page of executions, by id."""
        ids = tuple(sorted(execution_ids))
        found = self._index.search(Query(Kind.EXECUTIONS, Is("id", ids), size=PAGE_SIZE_MAX, exact_total=False))
        return {document.id: source_of(document).get("labels") or () for document in found.documents}

    def logs(self, execution_id: str, wanted: Filter) -> list[Document]:
        """Return the log lines of an execution that fit, by time."""
        deletion = self._tail.deletion(execution_id)
        if deletion is not None and deletion.logs:
            return []
        both = all_of((Is("executionId", (execution_id,)), wanted))
        order = (Sort("timestamp"), Sort("position"))
        found = {document.id: document for document in self._all(Query(Kind.LOGS, both, order))}
        seen = self._tail.get(execution_id)
        for line in () if seen is None else seen.logs:
            document = project_log(line.entry, line.position)
            if matches(both, document.body):
                found.setdefault(document.id, document)
        return sorted(found.values(), key=lambda document: (document.body["timestamp"], document.body["position"]))

    def _newest_execution(self, execution_id: str) -> Document | None:
        live = self._tail.execution(execution_id)
        if live is not None and live.deletion is not None:
            return None
        document = self._index.get(Kind.EXECUTIONS, execution_id)
        return _newer(None if live is None else project_execution(live), document)

    def _taskruns(self, execution_id: str, seen: Seen | None) -> Iterator[Document]:
        wanted = Query(Kind.TASKRUNS, Is("executionId", (execution_id,)), (Sort("ordinal"),))
        taskruns = () if seen is None else seen.taskruns
        removed = {taskrun.id for taskrun in taskruns if taskrun.is_removed}
        live = {taskrun.id: project_taskrun(taskrun) for taskrun in taskruns if not taskrun.is_removed}
        for document in self._all(wanted):
            newest = _newer(live.pop(document.id, None), document)
            if newest is not None and document.id not in removed:
                yield newest
        yield from live.values()

    def _newest(self, document: Document, wanted: Filter) -> Document | None:
        """Return a hit as the tail knows it; None if it fits no more."""
        if self._is_deleted(document):
            return None
        live: Document | None = None
        if document.kind is Kind.TASKRUNS:
            taskrun = self._tail.taskrun(document.id, document.body["executionId"])
            if taskrun is not None and taskrun.is_removed:
                return None
            live = None if taskrun is None or taskrun.seq <= document.version else project_taskrun(taskrun)
        elif document.kind is Kind.EXECUTIONS:
            execution = self._tail.execution(document.id)
            live = None if execution is None or execution.seq <= document.version else project_execution(execution)
        if live is None:
            return document
        return live if matches(wanted, live.body) else None

    def _is_deleted(self, document: Document) -> bool:
        """Return whether a document goes with an execution that is deleted."""
        deletion = self._tail.deletion(document.body.get("executionId") or document.id)
        if deletion is None or document.kind is Kind.DELETIONS:
            return False
        if document.kind is Kind.LOGS:
            return deletion.logs
        return deletion.metrics if document.kind is Kind.METRICS else True

    def _all(self, query: Query) -> Iterator[Document]:
        """Yield all that `query` asks for, page by page."""
        after = None
        for _ in range(PAGES_MAX):
            page: Page = self._index.search(
                Query(query.kind, query.filter, query.sort, size=PAGE_SIZE_MAX, after=after, exact_total=False)
            )
            yield from page.documents
            after = page.next
            if after is None:
                return
        logger.warning("Cut after %d pages: %s", PAGES_MAX, query.filter)


def _hit(document: Document) -> ApiJson:
    """Return what a search tells of a document; of a line also its place among those of its execution."""
    source = source_of(document)
    return source | {"position": document.body["position"]} if document.kind is Kind.LOGS else source


def _newer(one: Document | None, other: Document | None) -> Document | None:
    if one is None or other is None:
        return one or other
    return one if one.version >= other.version else other


def _whole(execution: Document, taskruns: Iterable[Document]) -> Whole:
    """Put an execution and its task runs together; `taskRunList` stands where the API has it."""
    ordered = sorted(taskruns, key=lambda document: document.body["ordinal"])
    json: ApiJson = {}
    for key, value in source_of(execution).items():
        json[key] = value
        if key == "flowRevision" and ordered:
            json["taskRunList"] = [source_of(document) for document in ordered]
    seq = max((document.version for document in ordered), default=0)
    return Whole(json, State(execution.body["state"]), max(seq, execution.version))

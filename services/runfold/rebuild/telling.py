"""
What one partition of `facts` says, told to a generation of the index.

Reads facts; writes documents and how far it is. What was told before is told again only where
something changed. The rule: documents first, the place that they reach second.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from runfold.adapters.fact_fold import CLOCKS_APART
from runfold.adapters.file_storage import MemoryFiles
from runfold.documents.model import Document, Kind
from runfold.documents.progress import Place, Progress, document_id, progress_document, read_progress
from runfold.documents.project import project_deletion, project_execution, project_taskrun
from runfold.documents.query import Is, Query, Sort
from runfold.indexer.baselines import Baselines
from runfold.indexer.erasing import Eraser
from runfold.ports import Broker, Index
from runfold.rebuild.folding import Folded, PartitionFold, Span, Summary
from runfold.topology import FACTS

BATCH_MAX: Final = 2_000
"""Documents of one put."""

UNDER_WAY_MAX: Final = 2
"""Puts that wait for the index while the fold goes on."""

IDS_MAX: Final = 400
"""Executions, or task runs, that one question names."""

REACHED: Final = f"{FACTS}.reached"
"""Of a round that is not over yet: executions that end before are told."""

Tell = Callable[[int], None]
"""Is told how many documents were stored."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a partition. `refused`: documents that the index did not take as they are."""

    summary: Summary
    documents: int
    refused: int


class FactsTelling:
    """Tells partitions to `new`. `old`: where baselines are asked for."""

    def __init__(self, broker: Broker, old: Index, new: Index, tell: Tell) -> None:
        self._broker = broker
        self._new = new
        self._eraser = Eraser(new, MemoryFiles())  # files went when they had to
        self._baselines = Baselines(old)
        self._tell = tell

    def run(self, partition: int) -> Told:
        """Tell what is new in a partition. Raises: Unavailable: go on later, from where it was."""
        span = span_of(self._new, partition)
        fold = PartitionFold(self._broker, partition, self._began)
        writer = _Writer(self._put)
        batch: list[Document] = []
        reached: int | None = None
        with writer:
            for folded in fold.run(span):
                if (span.next or span.reached) and folded.takes_away:
                    writer.settle()
                    self._remove(folded)
                for document in documents_of(folded):
                    batch.append(document)
                    if len(batch) >= BATCH_MAX:
                        writer.put(batch, _reached(partition, reached, fold.summary))
                        batch = []
                reached = folded.reached
            if batch:
                writer.put(batch, None)
        summary = fold.summary
        if summary.end > span.next:
            self._new.put([progress_document(Progress((FACTS, partition), summary.end, _date(summary.last_ms)))])
        return Told(summary, writer.stored, writer.refused)

    def _put(self, documents: list[Document]) -> int:
        refused = self._new.put(self._baselines.compare(documents))
        self._tell(len(documents))
        return len(refused)

    def _remove(self, folded: Folded) -> None:
        """Take out what was told and is no more."""
        execution = folded.aggregate.execution
        if execution.deletion is not None:
            self._eraser.erase([project_deletion(execution, execution.deletion)])
        elif folded.begun_again:
            self._new.delete_where(Kind.TASKRUNS, Is("executionId", (execution.id,)))
            self._new.delete_where(Kind.DELETIONS, Is("id", (execution.id,)))
        for at in range(0, len(folded.removed), IDS_MAX):
            self._new.delete_where(Kind.TASKRUNS, Is("id", folded.removed[at : at + IDS_MAX]))

    def _began(self, execution_ids: Collection[str]) -> int:
        """Return when the first of these began, as far as the new generation knows them."""
        ids = sorted(execution_ids)
        self._new.refresh()
        first: datetime | None = None
        for at in range(0, len(ids), IDS_MAX):
            wanted = Is("id", tuple(ids[at : at + IDS_MAX]))
            found = self._new.search(Query(Kind.EXECUTIONS, wanted, (Sort("startDate"),), size=1, exact_total=False))
            for document in found.documents:
                first = min(first or document.created, document.created)
        return 0 if first is None else max(1, ms_of(first - CLOCKS_APART))


class _Writer:
    """Puts batches one after the other, in a thread of its own: the fold goes on while the index works."""

    def __init__(self, put: Callable[[list[Document]], int]) -> None:
        self._put = put
        self._pool = ThreadPoolExecutor(1, "rebuild-writer")
        self._under_way: list[Future[int]] = []
        self.stored = 0
        self.refused = 0

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self.settle()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def put(self, documents: list[Document], then: Document | None) -> None:
        """Begin to store `documents`, and after them `then`; wait if too much is under way."""
        self.stored += len(documents)
        self._under_way.append(self._pool.submit(self._store, documents, then))
        self._await(UNDER_WAY_MAX)

    def settle(self) -> None:
        """Wait until all is stored."""
        self._await(0)

    def _store(self, documents: list[Document], then: Document | None) -> int:
        refused = self._put(documents) if documents else 0
        if then is not None:
            self._put([then])
        return refused

    def _await(self, left: int) -> None:
        while len(self._under_way) > left:
            self.refused += self._under_way.pop(0).result()


def documents_of(folded: Folded) -> Iterator[Document]:
    """Yield the documents of an execution that are not known from before."""
    execution = folded.aggregate.execution
    if execution.deletion is not None:
        yield project_deletion(execution, execution.deletion)
        return
    if execution.seq > folded.known_seq:
        yield project_execution(execution)
    for run in folded.aggregate.taskruns.values():
        if run.seq > folded.known_seq:
            yield project_taskrun(run)


def span_of(index: Index, partition: int) -> Span:
    """Return what of a partition `index` was not told yet."""
    places = ((FACTS, partition), (REACHED, partition))
    known = stored_progress(index, places)
    told, reached = (known[place].next if place in known else 0 for place in places)
    return Span(told, reached)


def stored_progress(index: Index, places: Iterable[Place]) -> Mapping[Place, Progress]:
    """Return how far an index is in these places; one that is not there was not begun."""
    found = (index.get(Kind.PROGRESS, document_id(place)) for place in places)
    return read_progress(document for document in found if document is not None)


def _reached(partition: int, offset: int | None, summary: Summary) -> Document | None:
    if offset is None:
        return None
    return progress_document(Progress((REACHED, partition), offset, _date(summary.last_ms)))


def ms_of(date: datetime) -> int:
    """Return epoch milliseconds, none before 1970."""
    return max(0, (date - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

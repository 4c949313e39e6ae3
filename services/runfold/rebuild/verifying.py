"""
The proof that index and log agree: executions folded again, and each document compared.

Reads facts, snapshots' topics, and the index; writes nothing. The rule: what the indexer has not
read yet is no difference, and neither is what changed while we looked; so whatever differs is
folded and compared again after the indexer had the time to come so far.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Final

from runfold.adapters.fact_fold import CLOCKS_APART
from runfold.documents.digest import expected_digests, stored_digest
from runfold.documents.model import Document, Kind
from runfold.documents.project import project_deletion, project_execution, project_taskrun
from runfold.documents.query import PAGE_SIZE_MAX, Is, Query
from runfold.errors import Unavailable
from runfold.ports import Broker, Index
from runfold.rebuild.folding import Folded, PartitionFold, Span
from runfold.rebuild.telling import stored_progress
from runfold.topology import EXECUTIONS, FACTS, TASKRUNS

TRIES_MAX: Final = 4
"""So often what differs is looked at again: a live execution changes between fold and question."""

BATCH_MAX: Final = 200
"""Executions compared together."""

BATCH_TASKRUNS_MAX: Final = 5_000
UNREAD_MAX: Final = 500_000
"""Snapshots that the indexer may be behind and still be told apart by execution, in one partition of a topic."""

LOOK_AGAIN_S: Final = 0.2

_SAMPLE_BITS: Final = 32


class What(StrEnum):
    """
    How a document differs.

    MISSING: it is not there. EXTRA: it should not be. OLDER: of an earlier transition. DIFFERENT:
    of the right one, with another content. BEHIND: any of these, but its snapshot is not read yet.
    """

    MISSING = "missing"
    EXTRA = "extra"
    OLDER = "older"
    DIFFERENT = "different"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Difference:
    """How one document differs. `wanted`, `found`: versions."""

    kind: Kind
    id: str
    execution_id: str
    what: What
    wanted: int | None = None
    found: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What to verify. `sample`: which part of the executions; `since_ms`: only what changed since then."""

    sample: float = 1.0
    since_ms: int = 0
    patience_s: float = 10.0
    """How long the indexer is waited for, in each partition."""

    def includes(self, execution_id: str) -> bool:
        """Return whether an execution belongs to the sample: always the same ones."""
        drawn = int.from_bytes(hashlib.blake2b(execution_id.encode(), digest_size=_SAMPLE_BITS // 8).digest())
        return drawn < self.sample * (1 << _SAMPLE_BITS)


@dataclass(slots=True)
class Result:
    """What came out. `compared`: documents by kind; `behind`: snapshots that the indexer has still to read."""

    executions: int = 0
    compared: Counter[Kind] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    behind: int = 0
    without_beginning: int = 0

    @property
    def faults(self) -> list[Difference]:
        """The differences that are no lag."""
        return [each for each in self.differences if each.what is not What.BEHIND]


class Verification:
    """One verification."""

    def __init__(
        self, broker: Broker, index: Index, scope: Scope, now: datetime, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._broker = broker
        self._index = index
        self._scope = scope
        self._begun = now
        self._sleep = sleep
        self._seen: set[str] = set()
        self.result = Result()

    def run(self) -> Iterator[int]:
        """Yield each partition's number once it is done. Raises: Unavailable."""
        for partition in range(self._broker.partitions(FACTS)):
            self._partition(partition)
            yield partition
        if self._scope.sample >= 1 and not self._scope.since_ms:
            self._unheard_of()

    def _partition(self, partition: int) -> None:
        suspects: Collection[str] | None = None
        differences: list[Difference] = []
        unread: Collection[str] = ()
        for _ in range(TRIES_MAX):
            differences, unread = self._look(partition, suspects)
            suspects = {each.execution_id for each in differences}
            if not suspects - set(unread):
                break
        self.result.differences += [
            replace(each, what=What.BEHIND) if each.execution_id in unread else each for each in differences
        ]

    def _look(self, partition: int, suspects: Collection[str] | None) -> tuple[list[Difference], Collection[str]]:
        """Fold, wait for the indexer, compare; return what differs, and of which executions snapshots are unread."""
        fold = PartitionFold(self._broker, partition)
        is_first = suspects is None
        includes = self._scope.includes if suspects is None else suspects.__contains__
        found = fold.run(Span(since_ms=self._scope.since_ms), includes)
        begun = list(_first(found))  # by now it is fixed where the facts end
        unread, behind = self._await_indexer(partition)
        self._index.refresh()
        differences: list[Difference] = []
        for batch in _batches(chain(begun, found)):
            differences += self._compare(batch, is_first=is_first)
        if is_first:
            self.result.executions += fold.summary.executions
            self.result.without_beginning += len(fold.summary.without_beginning)
            self._seen.update(fold.summary.without_beginning)
            self.result.behind += behind
        return differences, unread

    def _await_indexer(self, partition: int) -> tuple[Collection[str], int]:
        """Return the executions of which the indexer has snapshots to read, though it was waited for, and how many."""
        deadline_s = time.monotonic() + self._scope.patience_s
        ends: dict[str, int] | None = None
        while True:
            try:
                unread = [self._unread(topic, partition) for topic in (EXECUTIONS, TASKRUNS)]
            except Unavailable:
                if time.monotonic() > deadline_s:
                    raise
                self._sleep(LOOK_AGAIN_S)
                continue
            if ends is None:
                ends = {each.topic: each.end for each in unread}
            left = [each for each in unread if each.next < ends[each.topic]]
            if not left or time.monotonic() > deadline_s:
                return set().union(*(each.execution_ids for each in left)), sum(each.count for each in left)
            self._sleep(LOOK_AGAIN_S)

    def _unread(self, topic: str, partition: int) -> "_Unread":
        place = (topic, partition)
        progress = stored_progress(self._index, [place]).get(place)
        found = _Unread(topic, progress.next if progress else 0)
        found.end = found.next
        for record in self._broker.history(topic, partition, since=found.next):
            if record.key is not None and found.count < UNREAD_MAX:
                found.count += 1
                found.end = record.offset + 1
                found.execution_ids.add(record.key.partition("/")[0])
        return found

    def _compare(self, batch: Sequence[Folded], *, is_first: bool) -> list[Difference]:
        ids = tuple(folded.aggregate.execution.id for folded in batch)
        seqs = {folded.aggregate.execution.id: folded.aggregate.seq for folded in batch}
        wanted = {(each.kind, each.id): each for folded in batch for each in _documents(folded)}
        if is_first:
            self._seen.update(ids)
            self.result.compared.update(each.kind for each in wanted.values())
        differences = []
        for kind, name in ((Kind.EXECUTIONS, "id"), (Kind.TASKRUNS, "executionId"), (Kind.DELETIONS, "id")):
            for stored in self._stored(kind, name, ids):
                expected = wanted.pop((kind, stored.id), None)
                difference = _difference(expected, stored, seqs)
                if difference is not None:
                    differences.append(difference)
        return differences + [
            Difference(each.kind, each.id, _owner(each), What.MISSING, wanted=each.version) for each in wanted.values()
        ]

    def _stored(self, kind: Kind, name: str, ids: tuple[str, ...]) -> Iterator[Document]:
        query = Query(kind, Is(name, ids), size=PAGE_SIZE_MAX, exact_total=False)
        while True:
            page = self._index.search(query)
            yield from page.documents
            if page.next is None:
                return
            query = replace(query, after=page.next)

    def _unheard_of(self) -> None:
        """Find executions in the index that no fact tells of; those that began while we looked may be later facts'."""
        begun = self._begun - CLOCKS_APART
        query = Query(Kind.EXECUTIONS, size=PAGE_SIZE_MAX, exact_total=False)
        while True:
            page = self._index.search(query)
            strange = [each for each in page.documents if each.id not in self._seen and each.created < begun]
            self.result.differences += [
                Difference(Kind.EXECUTIONS, each.id, each.id, What.EXTRA, found=each.version) for each in strange
            ]
            if page.next is None:
                return
            query = replace(query, after=page.next)


@dataclass(slots=True)
class _Unread:
    """What the indexer has not read of a partition: from `next` on, up to `end`."""

    topic: str
    next: int
    end: int = 0
    count: int = 0
    execution_ids: set[str] = field(default_factory=set)


def _documents(folded: Folded) -> Iterable[Document]:
    execution = folded.aggregate.execution
    if execution.deletion is not None:
        return [project_deletion(execution, execution.deletion)]
    return [project_execution(execution), *map(project_taskrun, folded.aggregate.taskruns.values())]


def _difference(expected: Document | None, stored: Document, seqs: Mapping[str, int]) -> Difference | None:
    """Return how a stored document differs; one of a later transition than the fold's is none."""
    owner = _owner(stored)
    if stored.version > seqs.get(owner, 0):
        return None
    if expected is None:
        return Difference(stored.kind, stored.id, owner, What.EXTRA, found=stored.version)
    what: What | None = None
    if stored.version < expected.version:
        what = What.OLDER
    elif stored.version > expected.version or stored_digest(stored) not in expected_digests(expected):
        what = What.DIFFERENT
    if what is None:
        return None
    return Difference(stored.kind, stored.id, owner, what, expected.version, stored.version)


def _owner(document: Document) -> str:
    owner: str = document.body.get("executionId", document.id)
    return owner


def _first(folded: Iterator[Folded]) -> Iterator[Folded]:
    found = next(folded, None)
    if found is not None:
        yield found


def _batches(folded: Iterable[Folded]) -> Iterator[Sequence[Folded]]:
    batch: list[Folded] = []
    taskruns = 0
    for each in folded:
        batch.append(each)
        taskruns += len(each.aggregate.taskruns)
        if len(batch) >= BATCH_MAX or taskruns >= BATCH_TASKRUNS_MAX:
            yield batch
            batch, taskruns = [], 0
    if batch:
        yield batch

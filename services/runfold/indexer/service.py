"""
The indexer: snapshots, logs and measurements become searchable documents.

Reads the topics executions, taskruns, logs and metrics; writes the index and dead
letters. The rule: store first, confirm second, so a crash between the two repeats and
never loses; documents carry versions, so repeating is harmless.

A tombstone says that the engine forgot an entity, which stays searchable: it is no deletion. A
deletion is the last snapshot of an execution (`erasing`).
A task run that is removed (by the next round of a loop, by a restart) is no part of its execution
any more: its document goes.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from runfold.adapters.dead_letters import dead_letter
from runfold.adapters.file_storage import MemoryFiles
from runfold.documents.model import Document, Kind
from runfold.documents.progress import Place, furthest, progress_document
from runfold.documents.project import (
    Position,
    project_deletion,
    project_execution,
    project_log,
    project_metric,
    project_taskrun,
)
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Execution, TaskRun
from runfold.indexer.baselines import Baselines
from runfold.indexer.erasing import Eraser
from runfold.indexer.showing import Showing
from runfold.ports import Files, Index, Log, Message, Record
from runfold.topology import EXECUTIONS, LOGS, METRICS, TASKRUNS

GROUP: Final = "indexer"
TOPICS: Final = (EXECUTIONS, TASKRUNS, LOGS, METRICS)

_SNAPSHOTS: Final = frozenset({EXECUTIONS, TASKRUNS})
"""Topics where a newer record of the same key makes an older one needless."""

_REMOVED: Final = b'"isRemoved":true'
_DELETION: Final = b'"deletion":'

_execution: Final = msgspec.json.Decoder(Execution).decode
_taskrun: Final = msgspec.json.Decoder(TaskRun).decode
_log_entry: Final = msgspec.json.Decoder(LogEntry).decode
_metric_entry: Final = msgspec.json.Decoder(MetricEntry).decode
_READERS: Final[Mapping[str, Callable[[bytes, Position], Document]]] = {
    EXECUTIONS: lambda value, _: _of_execution(_execution(value)),
    TASKRUNS: lambda value, _: project_taskrun(_taskrun(value)),
    LOGS: lambda value, position: project_log(_log_entry(value), position),
    METRICS: lambda value, position: project_metric(_metric_entry(value), position),
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How records become batches of up to `batch_max`.

    `rest_s`: so long nothing is read after the first record of a batch, unless the batch before it
    was full: then there is much to catch up with, and so long more is waited for while the batch has room.
    A process with other services is left to them while it rests, and of snapshots only the newest of that time is stored.
    """

    batch_max: int = 1000
    idle_s: float = 1.0
    rest_s: float = 0.0


FILL_MAX_S: Final = 1.0
"""A batch is stored after so long, whatever still comes."""


BESIDE_OTHERS: Final = Pace(batch_max=4000, rest_s=0.3)
"""For an indexer that shares its process with the engine."""

IN_CLUSTER: Final = Pace(batch_max=4000, rest_s=0.15)
"""For one of its own: many small requests would cost Elasticsearch, which shows nothing before its next refresh, much."""


def nothing() -> None:
    """Do nothing between two steps."""


class Indexer:
    """
    Keeps the index up to date.

    The log must not be exactly-once: what could not be stored or confirmed stays here, and
    the next step tries the same records again. `files`: those that deletions remove. `chore`: a
    small thing to do between two steps. `showing`: shared by those who store in the same index.
    """

    def __init__(  # noqa: PLR0913 - two ports, and what else an assembly may choose
        self,
        log: Log,
        index: Index,
        pace: Pace | None = None,
        files: Files | None = None,
        *,
        chore: Callable[[], None] = nothing,
        showing: Showing | None = None,
    ) -> None:
        self._log = log
        self._index = index
        self._pace = pace or Pace()
        self._chore = chore
        self._eraser = Eraser(index, files or MemoryFiles())
        self._baselines = Baselines(index)
        self._showing = showing or Showing(index)
        self._pending: list[Record] = []
        self._was_full = False

    def step(self) -> None:
        """Gather, store, confirm. Raises: Unavailable: step again later."""
        if not self._pending:
            self._gather()
        if self._pending:
            documents, letters = _read(self._pending)
            wanted = self._eraser.wanted([document for document, _ in documents])
            refused = self._eraser.erase(wanted)
            others = [document for document in wanted if document.kind is not Kind.DELETIONS]
            refused |= self._index.put(self._baselines.compare(others))
            removed = list(_removed(self._pending))
            if removed:
                self._index.remove(removed)
            self._index.put([progress_document(progress) for progress in furthest(_places(self._pending))])
            letters += [_bury(record, refused[found.id]) for found, record in documents if found.id in refused]
            self._log.commit(self._pending, letters)
            self._pending = []
            self._showing.stored(is_busy=self._was_full)
        self._showing.show()
        self._chore()

    def close(self) -> None:
        """Leave the group."""
        self._log.close()

    def _gather(self) -> None:
        """Wait for one record, leave the others time to write more, and take what is there by then."""
        pace = self._pace
        self._pending += self._log.poll(1, self._idle_s())
        if not self._pending:
            return
        if self._was_full:
            self._fill()
        else:
            time.sleep(pace.rest_s)
            self._pending += self._log.poll(pace.batch_max - 1, 0)
        self._was_full = len(self._pending) > pace.batch_max // 2

    def _fill(self) -> None:
        """Go on polling until the batch is full or nothing comes."""
        pace = self._pace
        deadline_s = time.monotonic() + FILL_MAX_S
        while (room := pace.batch_max - len(self._pending)) > 0 and time.monotonic() < deadline_s:
            more = self._log.poll(room, pace.rest_s)
            if not more:
                return
            self._pending += more

    def _idle_s(self) -> float:
        """Return how long to wait for a record: something may be to be shown before."""
        return min(self._pace.idle_s, self._showing.left_s())


def _of_execution(execution: Execution) -> Document:
    deletion = execution.deletion
    return project_execution(execution) if deletion is None else project_deletion(execution, deletion)


def document_of(record: Record) -> Document:
    """Return the document that a record, which is no tombstone, makes. Raises: whatever is wrong with it."""
    return _READERS[record.topic](record.value or b"", Position(record.partition, record.offset))


def _read(records: Iterable[Record]) -> tuple[list[tuple[Document, Record]], list[Message]]:
    """Return the documents to store, each with its record, and dead letters for what nobody can read."""
    documents: list[tuple[Document, Record]] = []
    letters: list[Message] = []
    done: set[tuple[str, str]] = set()
    for record in reversed(list(records)):
        snapshot = (record.topic, record.key) if record.topic in _SNAPSHOTS and record.key is not None else None
        if record.topic == EXECUTIONS and _DELETION in (record.value or b""):
            snapshot = None  # what begins later under the same name does not undo it
        if record.value is None or snapshot in done:
            continue
        if _removed_run(record) is not None:
            done.add((record.topic, record.key or ""))
            continue
        try:
            documents.append((document_of(record), record))
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one record must not stop the others
            letters.append(_bury(record, f"{type(error).__name__}: {error}"))
        else:
            if snapshot is not None:
                done.add(snapshot)
    return documents[::-1], letters[::-1]


def _places(records: Iterable[Record]) -> Iterator[tuple[Place, int, int]]:
    return (((record.topic, record.partition), record.offset, record.timestamp_ms) for record in records)


def _removed(records: Iterable[Record]) -> Iterator[Document]:
    """Yield the documents, as they last were, of task runs that are removed."""
    return (project_taskrun(run) for record in records if (run := _removed_run(record)) is not None)


def _removed_run(record: Record) -> TaskRun | None:
    """Return the task run that a record says is removed; most say no such thing."""
    if record.topic != TASKRUNS or _REMOVED not in (record.value or b""):
        return None
    try:
        run = _taskrun(record.value or b"")
    except msgspec.MsgspecError:
        return None  # whoever reads it for its document says what is wrong
    return run if run.is_removed else None


def _bury(record: Record, reason: str) -> Message:
    logger.warning("Dead letter: %s %d at %d: %s", record.topic, record.partition, record.offset, reason)
    return dead_letter(record, reason)

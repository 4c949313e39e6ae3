"""
Log lines and measurements, taken over into a new generation.

What the old generation has is copied: the topics forget after a while, and what was purged
stays purged. From there on the topics are read. Whoever does not trust the old one reads
what the topics still have (`from_topics`): then purged lines come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from runfold.adapters.file_storage import MemoryFiles
from runfold.documents.instants import micros_of
from runfold.documents.model import Document, Kind
from runfold.documents.progress import Place, Progress, furthest, progress_document
from runfold.documents.project import Position, project_log, project_metric
from runfold.documents.query import PAGE_SIZE_MAX, Between, Filter, Query, Sort, all_of
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.indexer.erasing import Eraser
from runfold.indexer.service import document_of
from runfold.known_types import known
from runfold.ports import Broker, Index, Record
from runfold.rebuild.telling import BATCH_MAX, Tell, stored_progress
from runfold.topology import LOGS, METRICS

TOPIC_OF: Final = {Kind.LOGS: LOGS, Kind.METRICS: METRICS}

_BEGUN: Final = ".begun"

known(LogEntry, MetricEntry)


class LinesTelling:
    """Takes lines over from `old`, then from the topics, to `new`."""

    def __init__(self, broker: Broker, old: Index, new: Index, tell: Tell) -> None:
        self._broker = broker
        self._old = old
        self._new = new
        self._eraser = Eraser(new, MemoryFiles())
        self._tell = tell

    def copy(self, kind: Kind) -> int:
        """Copy what the old generation has, from where a copy was cut off; return how many lines there were."""
        topic = TOPIC_OF[kind]
        places = [(topic, partition) for partition in range(self._broker.partitions(topic))]
        if stored_progress(self._new, places):
            return 0  # it was copied, and read on
        known = self._begin(places)
        self._old.refresh()
        copy = (f"{topic}.copied", 0)
        last = stored_progress(self._new, [copy]).get(copy)
        count = 0
        for documents in self._pages(kind, Between("timestamp", low=last.at) if last else None):
            count += self._put([copied(document) for document in documents])
            at: datetime = documents[-1].body["timestamp"]
            self._new.put([progress_document(Progress(copy, micros_of(at), at))])
        self._new.put([progress_document(progress) for progress in known])
        return count

    def _begin(self, places: Sequence[Place]) -> list[Progress]:
        """Return, and store, how far the old generation is before anything is copied: from there on topics are read."""
        begun = stored_progress(self._new, [(_begun(topic), partition) for topic, partition in places])
        if begun:
            return [Progress((topic.removesuffix(_BEGUN), at), p.next, p.at) for (topic, at), p in begun.items()]
        known = list(stored_progress(self._old, places).values())
        self._new.put([progress_document(Progress((_begun(p.place[0]), p.place[1]), p.next, p.at)) for p in known])
        return known

    def read(self, kind: Kind) -> int:
        """Read what is new in the topic; return how many lines there were."""
        topic = TOPIC_OF[kind]
        return sum(self._read(topic, partition) for partition in range(self._broker.partitions(topic)))

    def _read(self, topic: str, partition: int) -> int:
        place = (topic, partition)
        known = stored_progress(self._new, [place]).get(place)
        following = known.next if known else 0
        count = 0
        for records in _batches(self._broker.history(topic, partition, since=following)):
            count += self._put([document for record in records if (document := _readable(record)) is not None])
            self._new.put([progress_document(progress) for progress in furthest(_places(records))])
        return count

    def _pages(self, kind: Kind, wanted: Filter | None) -> Iterator[Sequence[Document]]:
        query = Query(kind, all_of((wanted,)), (Sort("timestamp"),), size=PAGE_SIZE_MAX, exact_total=False)
        while True:
            page = self._old.search(query)
            if page.documents:
                yield page.documents
            if page.next is None:
                return
            query = replace(query, after=page.next)

    def _put(self, documents: Sequence[Document]) -> int:
        wanted = self._eraser.wanted(documents)
        self._new.put(wanted)
        self._tell(len(wanted))
        return len(wanted)


def _begun(topic: str) -> str:
    return topic + _BEGUN


def copied(document: Document) -> Document:
    """Return the document that the line's own record would make: words are found in it again."""
    partition, offset = (int(number) for number in document.id.split("-")[-2:])
    source: Any = document.body.get("source")
    try:
        if document.kind is Kind.LOGS:
            return project_log(msgspec.convert(source, LogEntry), Position(partition, offset))
        return project_metric(msgspec.convert(source, MetricEntry), Position(partition, offset))
    except msgspec.ValidationError:
        return document  # one that could be stored only in part


def _readable(record: Record) -> Document | None:
    try:
        return document_of(record)
    except msgspec.MsgspecError:
        return None  # the indexer has put it among the dead letters


def _places(records: Sequence[Record]) -> Iterator[tuple[Place, int, int]]:
    return (((record.topic, record.partition), record.offset, record.timestamp_ms) for record in records)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        if record.value is not None:
            batch.append(record)
            if len(batch) >= BATCH_MAX:
                yield batch
                batch = []
    if batch:
        yield batch

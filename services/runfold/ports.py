"""
The ports to the outside: `Broker` with its `Log`s, `Index`, and `Files`.

Each has several sides (SQLite, Kafka, Elasticsearch, a folder, memory), and one contract
suite that runs on all of them. The core never sees them; services see only these.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

from runfold.documents.model import Document, Kind
from runfold.documents.query import Filter, Page, Query
from runfold.documents.statistics import (
    Count,
    Facets,
    FacetsAnswer,
    Histogram,
    HistogramAnswer,
    Statistics,
    StatisticsAnswer,
)

RECORD_SIZE_MAX = 900 * 1024
"""No record is larger, ever: any cluster with default limits takes it. In bytes, value only."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    A record to be written.

    `slot` chooses the partition (modulo the topic's count); without it the key does.
    `value` None is a tombstone. `literal`: the topic is somebody else's, its name gets no prefix.
    """

    topic: str
    key: str | None
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)
    slot: int | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read. `timestamp_ms`: when it was written, epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    key: str | None
    value: bytes | None
    headers: Mapping[str, str]
    timestamp_ms: int


def slot_of(key: str) -> int:
    """Return the slot of all that belongs to `key`: the one partitioner of every keyed topic."""
    return zlib.crc32(key.encode())


Partitions = Sequence[int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """
    What a group's member does when partition numbers (of all its topics) come to it or leave it.

    `leaving` is called before `revoked` where they leave in good order: what is confirmed in it
    counts, so who gets them does not read it again. It may raise Unavailable.
    """

    assigned: Callable[[Partitions], None]
    revoked: Callable[[Partitions], None]
    leaving: Callable[[Partitions], None] = lambda _partitions: None


class Log(Protocol):
    """
    One reader's place in its topics; `poll` and `commit` take turns.

    What was read and not confirmed comes back: after a failed `commit`, and after a
    crash. A log belongs to one thread; `wake` may be called from any.
    """

    def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        """
        Return up to `limit` unread records as soon as there are any, waiting at most `timeout_s`.

        Raises:
            Unavailable: The broker did not answer; nothing was read.
        """
        ...

    def commit(self, read: Sequence[Record], written: Sequence[Message]) -> None:
        """
        Confirm `read` and publish `written`.

        Exactly-once logs: both or neither. Others: `written` is acknowledged first, then
        `read` is confirmed, so a crash in between repeats and never loses. `read` need not
        be all that was polled, but holds no gaps within a partition.

        Raises:
            Unavailable: Exactly-once: neither happened, and the unconfirmed records come
                again by `poll`. Others: confirm again what was not confirmed.
            BrokenInvariant: Another process took this one's place (it was fenced): stop.
        """
        ...

    def wake(self) -> None:
        """Make a waiting `poll` return at once."""
        ...

    def close(self) -> None:
        """Leave the group; nothing is confirmed."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """
    How to open a log.

    `group` None: a reader on its own that sees every record of every partition and confirms
    nothing, beginning at `start`. A group shares partitions and begins where it stopped
    ("earliest" the first time).
    """

    topics: tuple[str, ...]
    group: str | None = None
    start: str = "earliest"
    exactly_once: bool = False
    member: str | None = None
    assignment: Assignment | None = None


class Broker(Protocol):
    """Where the topics live."""

    def log(self, reading: Reading) -> Log:
        """Open a reader."""
        ...

    def publish(self, messages: Sequence[Message]) -> None:
        """
        Write `messages` and return once they are safe. May be called from any thread.

        Raises:
            Unavailable: It is unknown which of them were written.
        """
        ...

    def history(
        self, topic: str, partition: int | None = None, since_ms: int = 0, since: int = 0, *, key: str | None = None
    ) -> Iterator[Record]:
        """
        Yield what `topic` (one partition of it) holds, oldest first, up to its end as of the call.

        `since_ms`: what was written before that (epoch milliseconds) is passed over without reading
        it, and so is what stands before the offset `since`. With a `key`, only its records are yielded.
        Of compacted topics at least the newest record of each key is there. Only committed
        records are seen.
        """
        ...

    def partitions(self, topic: str, *, literal: bool = False) -> int:
        """Return how many partitions `topic` (its name taken as it is if `literal`) has; 0 where it is not there."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Index(Protocol):
    """Where documents are searched. Answers never hold half a document."""

    def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """
        Store `documents`; one that is older (by version) than what is stored changes nothing.

        Returns those that were refused for good, id to reason; the rest is stored.

        Raises:
            Unavailable: The index is away or overloaded: put the same again later.
        """
        ...

    def search(self, query: Query) -> Page:
        """Return the page of documents that `query` asks for."""
        ...

    def count(self, kind: Kind, wanted: Filter, *, is_exact: bool = True) -> Count:
        """Return how many documents fit; not `is_exact`: counting may stop at 10,000. Raises: BadRequest."""
        ...

    def facets(self, wanted: Facets) -> FacetsAnswer:
        """Return how often the values of some fields occur. Raises: BadRequest."""
        ...

    def histogram(self, wanted: Histogram) -> HistogramAnswer:
        """Return counts and figures over time. Raises: BadRequest: also if there would be too many buckets."""
        ...

    def statistics(self, wanted: Statistics) -> StatisticsAnswer:
        """Return figures of groups and of all. Raises: BadRequest."""
        ...

    def get(self, kind: Kind, document_id: str) -> Document | None:
        """Return one document as last put, searchable or not yet; None if there is none."""
        ...

    def remove(self, documents: Sequence[Document]) -> None:
        """
        Remove `documents`, each unless something newer (by version) is stored; searches may show it until `refresh`.

        Raises:
            Unavailable: Some may be gone: do the same again.
        """
        ...

    def delete_where(self, kind: Kind, wanted: Filter) -> int:
        """
        Remove every document that fits and return how many there were; what was put before is seen.

        A document put again afterwards is there again. One that changes meanwhile may stay.
        Searches may still show what was removed, until `refresh`.

        Raises:
            BadRequest: The filter can't be answered.
            Unavailable: Some may be gone: do the same again.
        """
        ...

    def refresh(self) -> None:
        """Make all that was put searchable now (tests, and a read that must not be stale)."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of a file without reading it."""

    path: str
    size_bytes: int
    modified_at: datetime


class Readable(Protocol):
    """Bytes to be read once, from the front."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes (-1: all); none at the end."""
        ...


class Files(Protocol):
    """
    The storage of files, shared by all services; a file is there whole or not at all.

    A path is what `storage_layout.checked` lets through: `/a/b.txt`, never out of the storage.
    Every method raises BadRequest for others, and Unavailable if the storage is away.
    There are no folders: a folder is there as long as a file is below it. For any thread.
    """

    def put(self, path: str, content: Readable, *, replace: bool = True) -> StoredFile:
        """
        Store all that `content` still holds, safe on disk when this returns.

        Raises:
            BadRequest: It is larger than the storage takes; nothing was stored.
            Conflict: There is a file (`replace` False), or a folder where a file should be.
        """
        ...

    def open(self, path: str) -> BinaryIO:
        """Return a file's content to read from; the caller closes it. Raises: NotFound."""
        ...

    def stat(self, path: str) -> StoredFile | None:
        """Return what is known of a file; None: there is none."""
        ...

    def list(self, folder: str) -> Iterator[StoredFile]:
        """Yield all files below a folder, however deep, by path."""
        ...

    def delete(self, path: str) -> bool:
        """Remove a file; return whether there was one."""
        ...

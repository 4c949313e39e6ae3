"""
How far the index is: per partition of each topic, the place up to which everything is stored.

The indexer stores it together with what it tells of, as documents; whoever reads the index
compares it with the log's tail and can say how fresh an answer is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from runfold.documents.model import Document, Kind

PARTITIONS_MAX: Final = 1_000
"""Of all topics together, that one question asks for."""

_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The same for all of them: they live in one index."""

Place = tuple[str, int]
"""A topic and a partition of it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """All records of `place` before the offset `next` are in the index; the last of them was written at `at`."""

    place: Place
    next: int
    at: datetime


def furthest(seen: Iterable[tuple[Place, int, int]]) -> list[Progress]:
    """Return the progress that records make which are stored: place, offset and epoch milliseconds of each."""
    last: dict[Place, tuple[int, int]] = {}
    for place, offset, timestamp_ms in seen:
        if place not in last or offset > last[place][0]:
            last[place] = offset, timestamp_ms
    return [
        Progress(place, offset + 1, datetime.fromtimestamp(timestamp_ms / 1000, UTC))
        for place, (offset, timestamp_ms) in last.items()
    ]


def progress_document(progress: Progress) -> Document:
    """Return the document of a place's progress; of two the further one is kept."""
    topic, partition = progress.place
    id_ = document_id(progress.place)
    body = {"id": id_, "topic": topic, "partition": partition, "next": progress.next, "timestamp": progress.at}
    return Document(Kind.PROGRESS, id_, progress.next, _CREATED, body)


def document_id(place: Place) -> str:
    """Return the id of a place's progress."""
    return f"{place[0]}-{place[1]}"


def read_progress(documents: Iterable[Document]) -> Mapping[Place, Progress]:
    """Return what such documents say."""
    found = {}
    for document in documents:
        body = document.body
        place = (body["topic"], body["partition"])
        found[place] = Progress(place, body["next"], body["timestamp"])
    return found

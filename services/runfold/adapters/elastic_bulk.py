"""
Bulk writes to Elasticsearch, item by item.

409 is success (something newer is there). What the server refuses for good is written
again with less in it; what it can't take now is tried again a few times, waiting longer
each time. Anything else ends in `Unavailable`, and the caller puts the same again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec
from elasticsearch import Elasticsearch

from runfold.adapters.elastic_mapping import CREATED
from runfold.adapters.elastic_months import Months
from runfold.documents.model import Document
from runfold.documents.storable import Storable
from runfold.errors import Unavailable

DOCUMENTS_MAX: Final = 500
SIZE_MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one request; a document that is larger goes alone."""

TRIES_MAX: Final = 5
PAUSE_FIRST_S: Final = 0.1
REASON_LENGTH_MAX: Final = 1000

_REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
"""Faults of the document. All others are the server's: it may take the document later."""

_BARER: Final[Sequence[Callable[[Storable], Storable]]] = (Storable.without_search, Storable.without_stored)


@dataclass(frozen=True, slots=True)
class _Item:
    stored: Storable
    lines: bytes
    bareness: int = 0


class Bulk:
    """One put."""

    def __init__(self, client: Elasticsearch, months: Months) -> None:
        self._client = client
        self._months = months
        self._refused: dict[str, str] = {}

    def write(self, documents: Sequence[Storable]) -> Mapping[str, str]:
        """Store `documents`; return those that were refused, id to reason. Raises: Unavailable."""
        pending = [self._item(stored) for stored in documents]
        for turn in range(TRIES_MAX):
            if turn:
                time.sleep(PAUSE_FIRST_S * 2 ** (turn - 1))
            busy: list[_Item] = []
            while pending:
                barer: list[_Item] = []
                for chunk in _chunks(pending):
                    self._send(chunk, busy, barer)
                pending = barer
            if not busy:
                return self._refused
            pending = busy
        raise Unavailable(f"Elasticsearch did not take {len(pending)} documents in {TRIES_MAX} tries")

    def _send(self, chunk: Sequence[_Item], busy: list[_Item], barer: list[_Item]) -> None:
        """Write one request; add what is to be tried again to `busy` or, with less in it, to `barer`."""
        lines: list[Any] = [item.lines for item in chunk]
        answer = self._client.bulk(
            operations=lines,
            filter_path=["errors", "items.*.status", "items.*.error"],
            require_alias=self._months.by_alias,
        )
        if not answer["errors"]:
            return
        made: set[str] = set()
        for item, outcome in zip(chunk, answer["items"], strict=True):
            result = outcome["index"]
            status = result["status"]
            if status < 300 or status == HTTPStatus.CONFLICT:
                continue
            if status == HTTPStatus.NOT_FOUND:
                self._make_month(item.stored.document, made)
            if status not in _REFUSED:
                busy.append(item)
                continue
            self._refused.setdefault(item.stored.document.id, _reason(result["error"]))
            if item.bareness < len(_BARER):
                barer.append(self._item(_BARER[item.bareness](item.stored), item.bareness + 1))

    def _make_month(self, document: Document, made: set[str]) -> None:
        """Make the month that was not there, once."""
        name = self._months.name(document.kind, document.created)
        if name not in made:
            self._months.make(document.kind, document.created)
            made.add(name)

    def _item(self, stored: Storable, bareness: int = 0) -> _Item:
        document = stored.document
        action = {
            "_index": self._months.name(document.kind, document.created),
            "_id": document.id,
            "version": document.version,
            "version_type": "external_gte",
        }
        body: dict[str, Any] = {**stored.scalars, **stored.leaves, CREATED: document.created}
        for name, words in stored.words.items():
            body[name] = " ".join(words)
        for name, written in stored.stored.items():
            body[name] = msgspec.Raw(written)
        encode = msgspec.json.encode
        return _Item(stored, encode({"index": action}) + b"\n" + encode(body), bareness)


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield `items` in requests of bearable size."""
    chunk: list[_Item] = []
    size_bytes = 0
    for item in items:
        if chunk and (len(chunk) >= DOCUMENTS_MAX or size_bytes + len(item.lines) > SIZE_MAX_BYTES):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(item)
        size_bytes += len(item.lines)
    if chunk:
        yield chunk


def _reason(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by", {}).get("reason")
    text = f"{error.get('type')}: {error.get('reason')}" + (f" ({cause})" if cause else "")
    return text[:REASON_LENGTH_MAX]

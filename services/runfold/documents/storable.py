"""
What of a document an index stores: checked, and split by how it is searched.

Reads the field table. The rule: whatever a document holds, something of it can be
stored; what can't is left out with a reason, the same in every index.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated, Any, Final

import msgspec

from runfold.documents.leaves import leaves
from runfold.documents.model import FIELDS, Document, FieldType, Kind
from runfold.documents.tokenizer import words_of
from runfold.known_types import known

ID_SIZE_MAX_BYTES: Final = 512
KEYWORD_STORED_MAX: Final = 8191
"""In characters; Lucene's longest term is 32,766 bytes."""

LONG_MAX: Final = 2**63 - 1
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""Dates that fit into 64 bits of nanoseconds, as Elasticsearch counts them."""


@dataclass(frozen=True, slots=True)
class Storable:
    """
    A document, ready to be stored.

    `scalars`: its single values by field; `leaves`: its maps as texts by field and path;
    `words`: those of its texts by field, each once; `stored`: what is only given back, JSON by field.
    """

    document: Document
    scalars: Mapping[str, Any]
    leaves: Mapping[str, Mapping[str, list[str]]]
    words: Mapping[str, tuple[str, ...]]
    stored: Mapping[str, bytes]

    def without_search(self) -> "Storable":
        """Return what is left when what users wrote is not searched."""
        return replace(self, leaves={}, words={})

    def without_stored(self) -> "Storable":
        """Return the barest form: ids, states, dates; readers make do with these."""
        return replace(self, leaves={}, words={}, stored={})


def newest(documents: Sequence[Document]) -> list[Document]:
    """Return the documents that would be left of `documents` put one after the other, kind by kind."""
    left: dict[tuple[Kind, str], Document] = {}
    for document in documents:
        key = (document.kind, document.id)
        known = left.get(key)
        if known is None or known.version <= document.version:
            left[key] = document
    return sorted(left.values(), key=lambda document: document.kind)


def storable(document: Document) -> tuple[Storable | None, str | None]:
    """
    Return what can be stored of `document`, and why it is not all of it (None: it is).

    A document that has anything wrong keeps its good single values and, if that can be
    written, what is only given back; without a usable id, version or date nothing is left.
    """
    reason = _identity_fault(document)
    if reason is not None:
        return None, reason
    scalars, faults = _scalars(document)
    try:
        whole = Storable(document, scalars, _leaves(document), _words(document), _stored(document))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        faults.append(f"it can't be written as JSON: {error}")
        whole = Storable(document, scalars, {}, {}, {})
    return (whole.without_search() if faults else whole), ("; ".join(faults) or None)


def _scalars(document: Document) -> tuple[dict[str, Any], list[str]]:
    """Return the good single values, and what is wrong with the others."""
    kind, body = document.kind, document.body
    found = {name: value for name in _SCALARS[kind] if (value := body.get(name)) is not None}
    found["id"] = document.id
    if _are_all_good(kind, found):
        return found, []
    scalars: dict[str, Any] = {"id": document.id}
    faults: list[str] = []
    for name, value in found.items():
        fault = _SCALARS[kind][name](value)
        if fault is None:
            scalars[name] = value
        else:
            faults.append(f"{name} {fault}")
    return scalars, faults


def _are_all_good(kind: Kind, found: Mapping[str, Any]) -> bool:
    """Return whether no value has a fault: the answer for nearly all documents, at a fifth of the cost."""
    try:
        msgspec.convert(found, _SHAPES[kind])
        for value in found.values():
            if isinstance(value, str):
                _check_unicode(value)
            elif isinstance(value, datetime):
                if not EARLIEST <= value < LATEST:
                    return False
            elif isinstance(value, float) and not math.isfinite(value):
                return False
    except (msgspec.ValidationError, UnicodeEncodeError):
        return False
    return True


def _identity_fault(document: Document) -> str | None:
    if _text_fault(document.id) or not 0 < len(document.id.encode()) <= ID_SIZE_MAX_BYTES:
        return f"its id must have between 1 and {ID_SIZE_MAX_BYTES} bytes"
    if not 0 <= document.version <= LONG_MAX:
        return "its version is out of range"
    return _date_fault(document.created) and "its creation date is out of range"


def _leaves(document: Document) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for name in _CARRIERS[document.kind]:
        carrier = document.body.get(name)
        if carrier:
            by_path = leaves(carrier)
            _check_unicode("".join(chain(by_path, *by_path.values())))
            if by_path:
                found[name] = by_path
    return found


def _words(document: Document) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in _TEXTS[document.kind]:
        text = document.body.get(name)
        if text:
            _check_unicode(text)
            words = tuple(dict.fromkeys(words_of(text)))
            if words:
                found[name] = words
    return found


def _stored(document: Document) -> dict[str, bytes]:
    body = document.body
    return {name: msgspec.json.encode(body[name]) for name in _GIVEN_BACK[document.kind] if name in body}


def _text_fault(value: Any) -> str | None:
    if not isinstance(value, str):
        return "is no text"
    if len(value) > KEYWORD_STORED_MAX:
        return "is too long"
    try:
        _check_unicode(value)
    except UnicodeEncodeError:
        return "is no Unicode"
    return None


def _check_unicode(text: str) -> None:
    """Find no lone surrogate. Raises: UnicodeEncodeError."""
    if not text.isascii():
        text.encode()


def _date_fault(value: Any) -> str | None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return "is no date"
    return None if EARLIEST <= value < LATEST else "is out of range"


def _long_fault(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "is no whole number"
    return None if abs(value) <= LONG_MAX else "is out of range"


def _double_fault(value: Any) -> str | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "is no number"
    return None if math.isfinite(value) else "is not finite"


_CHECKS: Final = {
    FieldType.KEYWORD: _text_fault,
    FieldType.DATE: _date_fault,
    FieldType.LONG: _long_fault,
    FieldType.DOUBLE: _double_fault,
}

_SCALARS: Final = {
    kind: {name: _CHECKS[field_type] for name, field_type in fields.items() if field_type in _CHECKS}
    for kind, fields in FIELDS.items()
}
_SHAPE_OF: Final[Mapping[FieldType, Any]] = {
    FieldType.KEYWORD: Annotated[str, msgspec.Meta(max_length=KEYWORD_STORED_MAX)],
    FieldType.DATE: Annotated[datetime, msgspec.Meta(tz=True)],
    FieldType.LONG: Annotated[int, msgspec.Meta(ge=-LONG_MAX, le=LONG_MAX)],
    FieldType.DOUBLE: float,
}
_SHAPES: Final = {
    kind: msgspec.defstruct(
        f"{kind.title()}Scalars", [(name, _SHAPE_OF[FIELDS[kind][name]] | None, None) for name in names]
    )
    for kind, names in _SCALARS.items()
}
"""The same checks as one type for each kind, as far as it can tell them."""

known(*_SHAPES.values())

_CARRIERS: Final = {
    kind: tuple(name for name, field_type in fields.items() if field_type is FieldType.FLATTENED)
    for kind, fields in FIELDS.items()
}
_GIVEN_BACK: Final = {
    kind: tuple(name for name, field_type in fields.items() if field_type is FieldType.STORED)
    for kind, fields in FIELDS.items()
}
_TEXTS: Final = {
    kind: tuple(name for name, field_type in fields.items() if field_type is FieldType.TEXT)
    for kind, fields in FIELDS.items()
}

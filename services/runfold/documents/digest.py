"""
What a document says, in one short text: two of the same content have the same digest.

Covers what an index gives back, and not what is only searched, nor
what depends on when the document was written (`COMPARED`).
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from runfold.documents.model import COMPARED, FIELDS, SEARCH_ONLY, Document, Kind
from runfold.documents.storable import Storable, storable

SIZE_BYTES: Final = 16

_COVERED: Final = {
    kind: tuple(name for name, type_ in fields.items() if type_ not in SEARCH_ONLY and name not in COMPARED)
    for kind, fields in FIELDS.items()
}


def stored_digest(document: Document) -> str:
    """Return the digest of a document as an index gave it back."""
    return _digest(document.kind, document.body)


def expected_digests(document: Document) -> tuple[str, ...]:
    """
    Return the digests that a document may have once it is stored: of itself, and of its barest form.

    An index stores that one if it refuses the other; the reason is among the dead letters.
    """
    whole, _ = storable(document)
    if whole is None:
        return ()
    forms = (whole, whole.without_stored())
    return tuple(_digest(document.kind, {**form.scalars, **_written(form)}) for form in forms)


def _written(form: Storable) -> dict[str, Any]:
    """Return what is stored as JSON, read again."""
    return {name: msgspec.json.decode(text) for name, text in form.stored.items()}


def _digest(kind: Kind, body: Mapping[str, Any]) -> str:
    content = {name: body[name] for name in _COVERED[kind] if body.get(name) is not None}
    return hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=SIZE_BYTES).hexdigest()

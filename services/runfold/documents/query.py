"""
Queries: one typed tree for the API, the command line, the page and standing queries.

`matches` is what a filter means, in plain Python; every index must answer like it. The
rule: a field that is not there fits no filter on it, so `Not` of that filter holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from runfold.documents.leaves import leaves
from runfold.documents.model import Document, Kind
from runfold.documents.tokenizer import words_of

Scalar = str | int | float | bool | datetime

PAGE_SIZE_MAX: Final = 1000

PAGED_MAX: Final = 10_000
"""No page reaches beyond so many documents; `Query.after` does. Counting may stop there, too."""


@dataclass(frozen=True, slots=True)
class Is:
    """The field is one of `values`."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Under:
    """The field is `path` or below it: `a.b` holds `a.b.c`, not `a.bc`."""

    field: str
    path: str


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text `field` begins with `start`, in just this case; an empty start is the beginning of every text."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies between the bounds, which belong to it; None: no bound."""

    field: str
    low: Scalar | None = None
    high: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """The map `field` (labels, inputs, outputs...) has `key` (a dotted path), with this value (None: any)."""

    field: str
    key: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there; of a map: one leaf at least."""

    field: str


@dataclass(frozen=True, slots=True)
class Words:
    """Each word of `text` is in the document's text `field`, a word's beginning is enough; case is no matter."""

    text: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class All:
    """Each of `parts` holds; without parts, everything does."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `parts` holds; without parts, nothing does."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Filter"


Filter = Is | Under | StartsWith | Between | Holds | Exists | Words | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Sort:
    """By one field; documents without it come last, whichever way. Texts go by code point."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """
    What is asked.

    Ties of `sort` are broken by id. `after`: a page's `next`, to go on from there (then
    `page` is ignored). `exact_total`: count all; otherwise counting may stop at 10,000.
    """

    kind: Kind
    filter: Filter = field(default_factory=All)
    sort: tuple[Sort, ...] = ()
    page: int = 1
    size: int = 10
    after: str | None = None
    exact_total: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """
    One page of answers; `next` None: this is the last one.

    `total` is counted for the first page; those that go on by `next` repeat it.
    """

    documents: tuple[Document, ...]
    total: int
    is_exact: bool = True
    next: str | None = None


def all_of(parts: Iterable[Filter | None]) -> Filter:
    """Return the filter that wants each of `parts`; None is no wish."""
    return All(tuple(part for part in parts if part is not None))


def matches(wanted: Filter, body: Mapping[str, Any]) -> bool:
    """Return whether a document's body fits."""
    match wanted:
        case Is():
            return body.get(wanted.field) in wanted.values
        case Under():
            value = body.get(wanted.field)
            return value == wanted.path or (isinstance(value, str) and value.startswith(wanted.path + "."))
        case StartsWith():
            value = body.get(wanted.field)
            return isinstance(value, str) and value.startswith(wanted.start)
        case Between():
            return _is_between(body.get(wanted.field), wanted.low, wanted.high)
        case Holds():
            return _holds(body.get(wanted.field), wanted.key, wanted.value)
        case Exists():
            value = body.get(wanted.field)
            return bool(leaves(value)) if isinstance(value, Mapping) else value is not None
        case Words():
            return _has_words(str(body.get(wanted.field) or ""), wanted.text)
        case All():
            return all(matches(part, body) for part in wanted.parts)
        case AnyOf():
            return any(matches(part, body) for part in wanted.parts)
        case Not():
            return not matches(wanted.part, body)


def _has_words(text: str, wanted: str) -> bool:
    present = words_of(text)
    return all(any(word.startswith(start) for word in present) for start in words_of(wanted))


def _is_between(value: Any, low: Scalar | None, high: Scalar | None) -> bool:
    if value is None:
        return False
    return bool((low is None or value >= low) and (high is None or value <= high))


def _holds(carrier: Any, key: str, value: str | None) -> bool:
    if not isinstance(carrier, Mapping):
        return False
    found = leaves(carrier).get(key)
    return found is not None and (value is None or value in found)


def document_key(document: Document) -> tuple[Kind, str]:
    """Return what tells documents apart."""
    return (document.kind, document.id)

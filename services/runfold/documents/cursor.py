"""
Cursors: where a page ended, as a text that anyone may keep for as long as they like.

A cursor holds the last document's sort values and id. `beyond` turns it into an
ordinary filter, so no index keeps anything open for a reader who never comes back
(scrolls and points in time run out, and survive no restart). A document that does not
change meanwhile is seen exactly once; one whose sort values change may move past the reader.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from runfold.documents.instants import date_of, micros_of
from runfold.documents.model import FIELDS, Document, FieldType
from runfold.documents.query import All, AnyOf, Between, Exists, Filter, Is, Not, Query, Scalar, Sort
from runfold.errors import BadRequest

CURSOR_LENGTH_MAX: Final = 20_000
_BY_ID: Final = Sort("id")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The total as the first page counted it, and the last document's sort values, the id last."""

    total: int
    is_exact: bool
    values: tuple[Scalar | None, ...]


def cursor_text(query: Query, last: Document, total: int, *, is_exact: bool) -> str:
    """Return the cursor of a page of `query` that ends with `last`."""
    body = {**last.body, "id": last.id}
    values = [_to_json(body.get(sort.field), query, sort) for sort in sorts_of(query)]
    packed = json.dumps([_shape(query), total, is_exact, values], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(query: Query) -> Cursor | None:
    """Return `query.after` decoded. Raises: BadRequest: it is no cursor of a query sorted like this one."""
    if query.after is None:
        return None
    try:
        return _unpack(query, query.after[:CURSOR_LENGTH_MAX])
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise BadRequest("The cursor is not one of this search") from error


def beyond(query: Query, cursor: Cursor) -> Filter:
    """Return the filter that holds for what sorts after the cursor."""
    later: list[Filter] = []
    equal: list[Filter] = []
    for sort, value in zip(sorts_of(query), cursor.values, strict=True):
        if value is not None:
            later.append(All((*equal, _after(sort, value))))
        equal.append(Not(Exists(sort.field)) if value is None else Is(sort.field, (value,)))
    return AnyOf(tuple(later))


def sorts_of(query: Query) -> Sequence[Sort]:
    """Return what `query` is sorted by in the end: ties by id."""
    return (*query.sort, _BY_ID)


def _after(sort: Sort, value: Scalar) -> Filter:
    """Documents without the field come last, so they are after any value."""
    return Not(Between(sort.field, low=value)) if sort.descending else Not(Between(sort.field, high=value))


def _unpack(query: Query, text: str) -> Cursor:
    packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    shape, total, is_exact, values = json.loads(packed)
    if shape != _shape(query) or type(total) is not int or type(is_exact) is not bool:
        raise ValueError("of another query")
    decoded = [_from_json(value, query, sort) for value, sort in zip(values, sorts_of(query), strict=True)]
    return Cursor(total, is_exact, tuple(decoded))


def _shape(query: Query) -> list[str]:
    return [query.kind, *(f"{sort.field}:{'desc' if sort.descending else 'asc'}" for sort in query.sort)]


def _to_json(value: Any, query: Query, sort: Sort) -> Any:
    is_date = FIELDS[query.kind][sort.field] is FieldType.DATE
    return micros_of(value) if is_date and value is not None else value


def _from_json(value: Any, query: Query, sort: Sort) -> Scalar | None:
    if value is None and sort is not _BY_ID:
        return None
    match FIELDS[query.kind][sort.field]:
        case FieldType.DATE if type(value) is int:
            return date_of(value)
        case FieldType.LONG if type(value) is int and abs(value) < 2**63:
            return value
        case FieldType.DOUBLE if type(value) in {int, float}:
            return float(value)
        case FieldType.KEYWORD if type(value) is str:
            return value
        case _:
            raise ValueError("of another type")

"""
Filters and sorts to Elasticsearch's query language.

The rule: only term-level queries. Nothing that people write is parsed by the server, so
no character of it means anything there, and the answers are those of `matches`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from runfold.documents.instants import micros_of
from runfold.documents.leaves import LEAF_LENGTH_MAX, is_leaf_path
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.query import (
    All,
    AnyOf,
    Between,
    Exists,
    Filter,
    Holds,
    Is,
    Not,
    Scalar,
    Sort,
    StartsWith,
    Under,
    Words,
)
from runfold.documents.storable import EARLIEST, LATEST
from runfold.documents.tokenizer import words_of

Dsl = dict[str, Any]

NOTHING: Final[Dsl] = {"match_none": {}}
EVERYTHING: Final[Dsl] = {"match_all": {}}


def condition(wanted: Filter, kind: Kind) -> Dsl:
    """Return `wanted` as a query that filters."""
    match wanted:
        case Is(field, values):
            return {"terms": {field: [_value(value) for value in values if _is_storable(value)]}}
        case Under(field, path):
            return _any_of([{"term": {field: path}}, {"prefix": {field: path + "."}}])
        case StartsWith(field, start):
            return {"prefix": {field: start}}
        case Between():
            return _between(wanted)
        case Holds():
            return _holds(wanted)
        case Exists(field):
            return {"exists": {"field": field}}
        case Words(text, field):
            words = dict.fromkeys(words_of(text))
            if words and FIELDS[kind].get(field) is not FieldType.TEXT:
                return NOTHING
            return _all_of([{"prefix": {field: word}} for word in words])
        case All(parts):
            return _all_of([condition(part, kind) for part in parts])
        case AnyOf(parts):
            return _any_of([condition(part, kind) for part in parts])
        case Not(part):
            return {"bool": {"must_not": [condition(part, kind)]}}
        case _:
            assert_never(wanted)


def order(sorts: Sequence[Sort]) -> list[Dsl]:
    """Return the sort; what is missing comes last."""
    return [{sort.field: {"order": "desc" if sort.descending else "asc", "missing": "_last"}} for sort in sorts]


def sort_values(values: Sequence[Scalar | None]) -> list[Scalar | None]:
    """Return a document's values as `search_after` takes them: dates in nanoseconds."""
    return [micros_of(value) * 1000 if isinstance(value, datetime) else value for value in values]


def _between(wanted: Between) -> Dsl:
    """Dates that no document can have are moved to the edge: the server would refuse them."""
    bounds = {
        name: _value(min(max(bound, EARLIEST), LATEST) if isinstance(bound, datetime) else bound)
        for name, bound in (("gte", wanted.low), ("lte", wanted.high))
        if bound is not None
    }
    return {"range": {wanted.field: bounds}} if bounds else {"exists": {"field": wanted.field}}


def _holds(wanted: Holds) -> Dsl:
    if not is_leaf_path(wanted.key):
        return NOTHING
    leaf = f"{wanted.field}.{wanted.key}"
    if wanted.value is None:
        return {"prefix": {leaf: ""}}  # `exists` would read a star in the key
    return {"term": {leaf: wanted.value}} if len(wanted.value) <= LEAF_LENGTH_MAX else NOTHING


def _value(value: Scalar) -> Scalar:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z" if isinstance(value, datetime) else value


def _is_storable(value: Scalar) -> bool:
    return not isinstance(value, datetime) or EARLIEST <= value < LATEST


def _all_of(parts: Sequence[Dsl]) -> Dsl:
    return {"bool": {"filter": parts}} if parts else EVERYTHING


def _any_of(parts: Sequence[Dsl]) -> Dsl:
    return {"bool": {"should": parts, "minimum_should_match": 1}} if parts else NOTHING

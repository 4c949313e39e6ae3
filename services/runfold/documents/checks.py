"""
What is wrong with a query: an index is asked only what it can answer like `matches`.

Reads the field table. The rule: every index checks with this, so all refuse alike.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from runfold.documents.model import FIELDS, FieldType
from runfold.documents.query import (
    PAGE_SIZE_MAX,
    PAGED_MAX,
    All,
    AnyOf,
    Between,
    Exists,
    Filter,
    Holds,
    Is,
    Not,
    Query,
    Scalar,
    StartsWith,
    Under,
    Words,
)
from runfold.documents.tokenizer import words_of
from runfold.errors import BadRequest

FILTER_DEPTH_MAX: Final = 24
"""Elasticsearch nests no more than 30."""

FILTER_SIZE_MAX: Final = 800
"""In nodes of the tree and words; twenty values to compare with count as one."""

LONG_MAX: Final = 2**63 - 1

_TYPES: Final[Mapping[FieldType, tuple[type, ...]]] = {
    FieldType.KEYWORD: (str,),
    FieldType.DATE: (datetime,),
    FieldType.LONG: (int,),
    FieldType.DOUBLE: (int, float),
}
"""What may be compared with a field of that type; fields of the other types can't be sorted by, either."""

_COMPARED: Final = frozenset(_TYPES)


def check_query(query: Query) -> None:
    """
    Find nothing wrong with `query`.

    Raises:
        BadRequest: It names a field that is not there or not of that type, is too large,
            or asks for a page beyond the first 10,000 documents (go on by `after`).
    """
    if not 1 <= query.size <= PAGE_SIZE_MAX:
        raise BadRequest(f"The page size must be between 1 and {PAGE_SIZE_MAX}")
    if query.page < 1:
        raise BadRequest("Pages are numbered from 1")
    if query.after is None and query.page * query.size > PAGED_MAX:
        raise BadRequest(f"Pages end after {PAGED_MAX} documents: narrow the search, or go on by the page's `next`")
    fields = FIELDS[query.kind]
    for sort in query.sort:
        if fields.get(sort.field) not in _TYPES:
            raise BadRequest(f"Invalid sort parameter: {sort.field} can't be sorted by")
    if _check_filter(query.filter, fields, 0) > FILTER_SIZE_MAX:
        raise BadRequest(f"The filter has more than {FILTER_SIZE_MAX} parts")


def _check_filter(wanted: Filter, fields: Mapping[str, FieldType], depth: int) -> int:
    """Return the filter's size."""
    if depth > FILTER_DEPTH_MAX:
        raise BadRequest(f"The filter is nested deeper than {FILTER_DEPTH_MAX}")
    match wanted:
        case All() | AnyOf():
            return 1 + sum(_check_filter(part, fields, depth + 1) for part in wanted.parts)
        case Not():
            return 1 + _check_filter(wanted.part, fields, depth + 1)
        case Words():
            if wanted.field != "text" and fields.get(wanted.field) is not FieldType.TEXT:
                raise BadRequest(f"{wanted.field} has no words to search")
            return 1 + len(words_of(wanted.text))
        case _:
            return _check_leaf(wanted, fields)


def _check_leaf(wanted: Is | Between | StartsWith | Under | Holds | Exists, fields: Mapping[str, FieldType]) -> int:
    values: tuple[Scalar, ...] = ()
    match wanted:
        case Is():
            values, allowed = wanted.values, _COMPARED
        case Between():
            values, allowed = tuple(bound for bound in (wanted.low, wanted.high) if bound is not None), _COMPARED
        case Under():
            _check_text(wanted.path)
            allowed = frozenset({FieldType.KEYWORD})
        case StartsWith():
            _check_text(wanted.start)
            allowed = frozenset({FieldType.KEYWORD})
        case Holds():
            _check_text(wanted.key + (wanted.value or ""))
            allowed = frozenset({FieldType.FLATTENED})
        case Exists():
            allowed = _COMPARED | {FieldType.FLATTENED}
    if fields.get(wanted.field) not in allowed:
        raise BadRequest(f"{wanted.field} can't be filtered by in this way")
    for value in values:
        _check_value(wanted.field, value, fields[wanted.field])
    return 1 + len(values) // 20


def _check_value(name: str, value: Scalar, field_type: FieldType) -> None:
    if isinstance(value, bool) or not isinstance(value, _TYPES[field_type]):
        raise BadRequest(f"{value!r} is no value of {name}")
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, int) and abs(value) > LONG_MAX:
        raise BadRequest(f"{value} is too large")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise BadRequest(f"{value} has no time zone")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest("The filter has a text that is no Unicode") from error

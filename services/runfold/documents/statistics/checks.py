"""
What is wrong with a question about many documents.

Reads the field table. The rule: every index checks with this, so all refuse alike.
"""

from collections.abc import Iterable

from runfold.documents.checks import check_query
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.query import Filter, Query
from runfold.documents.statistics import (
    FACETS_MAX,
    GROUPED_BY_MAX,
    MEASURES,
    VALUES_MAX,
    Facets,
    Histogram,
    Order,
    Statistics,
    leaf_of,
)
from runfold.errors import BadRequest

_NUMBERS = (FieldType.LONG, FieldType.DOUBLE)


def check_filter(kind: Kind, wanted: Filter) -> None:
    """Find nothing wrong with a filter. Raises: BadRequest."""
    check_query(Query(kind, wanted))


def check_facets(wanted: Facets) -> None:
    """Find nothing wrong with `wanted`. Raises: BadRequest."""
    check_filter(wanted.kind, wanted.filter)
    _check_size(wanted.size)
    if not 1 <= len(wanted.fields) <= FACETS_MAX:
        raise BadRequest(f"Ask for the values of 1 to {FACETS_MAX} fields")
    _check_groups(wanted.kind, wanted.fields)


def check_histogram(wanted: Histogram) -> None:
    """Find nothing wrong with `wanted`. Raises: BadRequest."""
    check_filter(wanted.kind, wanted.filter)
    fields = FIELDS[wanted.kind]
    if fields.get(wanted.date) is not FieldType.DATE:
        raise BadRequest(f"{wanted.date} is no date")
    if wanted.measure is not None and fields.get(wanted.measure) not in _NUMBERS:
        raise BadRequest(f"{wanted.measure} is no number")
    _check_keywords(wanted.kind, () if wanted.by is None else (wanted.by,))
    given = [date for date in (wanted.low, wanted.high) if date is not None]
    if any(date.tzinfo is None for date in given):
        raise BadRequest("A date has no time zone")
    if len(given) > 1 and given[0] >= given[1]:
        raise BadRequest("The time ends before it begins")


def check_statistics(wanted: Statistics) -> None:
    """Find nothing wrong with `wanted`. Raises: BadRequest."""
    check_filter(wanted.kind, wanted.filter)
    _check_size(wanted.size)
    if len(wanted.by) > GROUPED_BY_MAX:
        raise BadRequest(f"Group by {GROUPED_BY_MAX} fields at most")
    _check_groups(wanted.kind, wanted.by)
    _check_keywords(wanted.kind, () if wanted.sample is None else (wanted.sample,))
    measured = {Order.P95: bool(MEASURES[wanted.kind]), Order.SLOWDOWN: "slowdown" in FIELDS[wanted.kind]}
    if not measured.get(wanted.order, True):
        raise BadRequest(f"Invalid sort parameter: {wanted.kind} have no {wanted.order}")


def _check_size(size: int) -> None:
    if not 1 <= size <= VALUES_MAX:
        raise BadRequest(f"The size must be between 1 and {VALUES_MAX}")


def _check_groups(kind: Kind, names: Iterable[str]) -> None:
    _check_keywords(kind, (name for name in names if leaf_of(kind, name) is None))


def _check_keywords(kind: Kind, names: Iterable[str]) -> None:
    for name in names:
        if FIELDS[kind].get(name) is not FieldType.KEYWORD:
            raise BadRequest(f"{name} can't be grouped by")

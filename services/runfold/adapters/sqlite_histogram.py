"""
Histograms of the embedded index.

As in `sqlite_statistics`, columns come out as JSON arrays and Python counts and sorts. Two
ways: bucket by bucket from the index by date, if it holds all that is read; else in one
go, ordered by date and then cut, so that other filters need not be tried once per bucket.
"""

import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from runfold.adapters.sqlite_query import Condition, condition
from runfold.adapters.sqlite_ways import Ways
from runfold.documents.instants import date_of, micros_of
from runfold.documents.statistics import BAND_VALUES_MAX, Bucket, Histogram, HistogramAnswer
from runfold.documents.statistics.figures import figures
from runfold.documents.statistics.plain import cut, facet

_SECOND: Final = timedelta(seconds=1)
"""No boundary lies within one."""

_Inside = tuple[int, list[str | None], list[int | float | None]]
"""Of a bucket: how many documents, what they are parted by, what is measured."""

_bucket = msgspec.json.Decoder(_Inside).decode
_seconds = msgspec.json.Decoder(list[int]).decode
_values = msgspec.json.Decoder(list[str | None]).decode
_numbers = msgspec.json.Decoder(list[int | float | None]).decode


def histogram(connection: sqlite3.Connection, wanted: Histogram) -> HistogramAnswer:
    """Return the histogram as of now. Raises: BadRequest: There would be too many buckets."""
    found = condition(wanted.filter, wanted.kind)
    span = None if wanted.low and wanted.high else _span(connection, wanted, found)
    interval, edges = cut(wanted, span)
    if not edges:
        return HistogramAnswer(interval)
    read = [name for name in (wanted.date, wanted.by, wanted.measure) if name]
    ways = Ways(connection, wanted.kind, wanted.filter)
    each = _one_by_one if ways.is_by_date(read) else _in_one_go
    insides = each(connection, wanted, found, ways.table(read), edges)
    return HistogramAnswer(interval, tuple(_told(*entry) for entry in zip(edges, insides, strict=False)))


def _told(start: datetime, inside: _Inside) -> Bucket:
    count, values, numbers = inside
    counts = {value: many for value, many in Counter(values).items() if value is not None}
    measured = figures(sorted(number for number in numbers if number is not None))
    return Bucket(start, count, dict(facet(counts, BAND_VALUES_MAX).values), measured)


def _one_by_one(
    connection: sqlite3.Connection, wanted: Histogram, found: Condition, table: str, edges: Sequence[datetime]
) -> Iterator[_Inside]:
    sql = (
        f"SELECT (SELECT json_array(COUNT(*), {_array(wanted.by)}, {_array(wanted.measure)}) FROM {table} "  # noqa: S608
        f"WHERE \"{wanted.date}\" >= json_extract(span.value, '$[0]') "
        f"AND \"{wanted.date}\" < json_extract(span.value, '$[1]') AND {found.sql}) "
        "FROM json_each(?) span ORDER BY span.key"
    )
    spans = msgspec.json.encode(list(pairwise(map(micros_of, edges)))).decode()
    for (text,) in connection.execute(sql, (*found.values, spans)):
        yield _bucket(text)


def _in_one_go(
    connection: sqlite3.Connection, wanted: Histogram, found: Condition, table: str, edges: Sequence[datetime]
) -> Iterator[_Inside]:
    begin, end = micros_of(edges[0]), micros_of(edges[-1])
    columns = f'"{wanted.date}" AS moment, {_column(wanted.by)} AS value, {_column(wanted.measure)} AS number'
    sql = (
        f"SELECT json_group_array((moment - {begin}) / 1000000), json_group_array(value), json_group_array(number) "  # noqa: S608
        f'FROM (SELECT {columns} FROM {table} WHERE "{wanted.date}" >= ? AND "{wanted.date}" < ? AND {found.sql} '
        f'ORDER BY "{wanted.date}")'
    )
    row = connection.execute(sql, (begin, end, *found.values)).fetchone()
    seconds, values, numbers = _seconds(row[0]), _values(row[1]), _numbers(row[2])
    places = [bisect_left(seconds, (edge - edges[0]) // _SECOND) for edge in edges]
    for first, last in pairwise(places):
        yield last - first, values[first:last], numbers[first:last]


def _span(connection: sqlite3.Connection, wanted: Histogram, found: Condition) -> tuple[datetime, datetime] | None:
    sql = f'SELECT MIN("{wanted.date}"), MAX("{wanted.date}") FROM {wanted.kind} WHERE {found.sql}'  # noqa: S608
    low, high = connection.execute(sql, found.values).fetchone()
    return None if low is None else (date_of(low), date_of(high))


def _array(name: str | None) -> str:
    return f'json_group_array("{name}")' if name else "json_array()"


def _column(name: str | None) -> str:
    return f'"{name}"' if name else "NULL"

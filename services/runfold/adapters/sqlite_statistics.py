"""
Facets and statistics of the embedded index.

SQL selects and groups; numbers and values come out as one JSON array per column, which is
several times as quick as row by row, and Python counts and sorts them. Of many documents
an index that has all columns is read (`sqlite_ways`), in whose order SQLite need not sort.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from runfold.adapters.sqlite_query import Condition, condition
from runfold.adapters.sqlite_ways import Ways
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.statistics import (
    FAILED,
    GROUPS_MAX,
    MEASURES,
    RETRIED_FROM,
    Facets,
    FacetsAnswer,
    Group,
    Statistics,
    StatisticsAnswer,
)
from runfold.documents.statistics.figures import figures, percentile
from runfold.documents.statistics.plain import facet, summed_up

GROUPED_TOGETHER: Final = ("namespace", "flowId", "taskId", "state")
"""What the index by group begins with: counted for all at once, in its order."""

_ints = msgspec.json.Decoder(list[int]).decode
_floats = msgspec.json.Decoder(list[float]).decode
_texts = msgspec.json.Decoder(list[str]).decode


def facets(connection: sqlite3.Connection, wanted: Facets) -> FacetsAnswer:
    """Return the facets as of now."""
    found = condition(wanted.filter, wanted.kind)
    ways = Ways(connection, wanted.kind, wanted.filter)
    together = [name for name in GROUPED_TOGETHER if name in FIELDS[wanted.kind]]
    if not set(together) & set(wanted.fields):
        together = []
    apart = [name for name in wanted.fields if name not in together]
    counts: dict[str, Counter[str]] = {name: Counter() for name in wanted.fields}
    total = 0
    for *key, count in _grouped(connection, ways.table(together), together, found):
        total += count
        for name, value in zip(together, key, strict=True):
            if value is not None and name in counts:
                counts[name][value] += count
    if apart:
        columns = ", ".join(map(_present, apart))
        sql = f"SELECT {columns} FROM {ways.table(apart)} WHERE {found.sql}"  # noqa: S608
        row = connection.execute(sql, found.values).fetchone()
        counts |= {name: Counter(_texts(text)) for name, text in zip(apart, row, strict=True)}
    return FacetsAnswer(total, {name: facet(counts[name], wanted.size) for name in wanted.fields})


@dataclass(slots=True)
class _All:
    """What the total is made of, group by group."""

    count: int = 0
    failed: int = 0
    retried: int = 0
    numbers: dict[str, list[float]] = field(default_factory=dict)
    slowdowns: list[float] = field(default_factory=list)
    baseline_ms: float = 0.0
    baselines: int = 0


def statistics(connection: sqlite3.Connection, wanted: Statistics) -> StatisticsAnswer:
    """Return the statistics as of now."""
    measures = MEASURES[wanted.kind]
    whole = _All(numbers={name: [] for name in measures})
    groups: list[Group] = []
    is_complete = True
    width = len(wanted.by)
    for row in _rows_of_groups(connection, wanted):
        key, sample, rest = row[:width], row[width], row[width + 1 :]
        group = _group(wanted.kind, key, sample, rest, whole)
        if not key or None in key:
            continue
        if len(groups) < GROUPS_MAX:
            groups.append(group)
        else:
            is_complete = False
    total = Group(
        (),
        whole.count,
        whole.failed,
        whole.retried,
        {name: figures(sorted(numbers)) for name, numbers in whole.numbers.items()},
        _median(sorted(whole.slowdowns)),
        whole.baseline_ms / whole.baselines if whole.baselines else None,
    )
    return summed_up(wanted, groups, total, is_complete=is_complete)


def _group(kind: Kind, key: tuple[str, ...], sample: str | None, rest: Sequence[Any], whole: _All) -> Group:
    """Return one group, and add it to the whole."""
    count, failed, retried, baseline_ms, baselines, slowdowns, *arrays = rest
    numbers = {name: sorted(_numbers(kind, name, text)) for name, text in zip(MEASURES[kind], arrays, strict=True)}
    ordered = sorted(_floats(slowdowns))
    whole.count += count
    whole.failed += int(failed)
    whole.retried += int(retried)
    whole.baseline_ms += baseline_ms
    whole.baselines += baselines
    whole.slowdowns += ordered
    for name, found in numbers.items():
        whole.numbers[name] += found
    return Group(
        key,
        count,
        int(failed),
        int(retried),
        {name: figures(found) for name, found in numbers.items()},
        _median(ordered),
        baseline_ms / baselines if baselines else None,
        sample,
    )


def _rows_of_groups(connection: sqlite3.Connection, wanted: Statistics) -> Iterator[tuple[Any, ...]]:
    """Yield, by key: the key, the sample, then what `_group` reads."""
    found = condition(wanted.filter, wanted.kind)
    fields = FIELDS[wanted.kind]
    names = ", ".join(f'"{name}"' for name in wanted.by)
    grouping = f"GROUP BY {names} ORDER BY {names}" if names else ""
    read = [*wanted.by, *MEASURES[wanted.kind], *filter(None, [wanted.sample])]
    table = Ways(connection, wanted.kind, wanted.filter).table(read)
    columns = [
        *filter(None, [names]),
        f'MIN("{wanted.sample}")' if wanted.sample else "NULL",
        "COUNT(*)",
        f"TOTAL(state = '{FAILED}')" if "state" in fields else "0",
        f'TOTAL("attemptCount" >= {RETRIED_FROM})' if "attemptCount" in fields else "0",
        *(('TOTAL("baselineMs")', 'COUNT("baselineMs")') if "baselineMs" in fields else ("0", "0")),
        _present("slowdown") if "slowdown" in fields else "'[]'",
        *map(_present, MEASURES[wanted.kind]),
    ]
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {found.sql} {grouping}"  # noqa: S608
    yield from connection.execute(sql, found.values)


def _grouped(
    connection: sqlite3.Connection, table: str, names: Sequence[str], found: Condition
) -> Iterator[tuple[Any, ...]]:
    columns = "".join(f'"{name}", ' for name in names)
    order = "GROUP BY " + columns.rstrip(", ") if names else ""
    yield from connection.execute(f"SELECT {columns}COUNT(*) FROM {table} WHERE {found.sql} {order}", found.values)  # noqa: S608


def _present(name: str) -> str:
    return f'json_group_array("{name}") FILTER (WHERE "{name}" IS NOT NULL)'


def _numbers(kind: Kind, name: str, text: str) -> Sequence[float]:
    return _floats(text) if FIELDS[kind][name] is FieldType.DOUBLE else _ints(text)


def _median(ordered: Sequence[float]) -> float | None:
    return percentile(ordered, 50) if ordered else None

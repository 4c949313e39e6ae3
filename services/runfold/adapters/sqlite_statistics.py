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
from functools import lru_cache
from itertools import product
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
    leaf_of,
)
from runfold.documents.statistics.figures import figures, percentile
from runfold.documents.statistics.plain import facet, summed_up

GROUPED_TOGETHER: Final = ("namespace", "flowId", "taskId", "state")
"""What the index by group begins with: counted for all at once, in its order."""

_ints = msgspec.json.Decoder(list[int]).decode
_floats = msgspec.json.Decoder(list[float]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_leaves_of = msgspec.json.Decoder(dict[str, list[str]]).decode

LEAVES_KEPT: Final = 10_000
"""Labels come again and again."""


def facets(connection: sqlite3.Connection, wanted: Facets) -> FacetsAnswer:
    """Return the facets as of now."""
    found = condition(wanted.filter, wanted.kind)
    ways = Ways(connection, wanted.kind, wanted.filter)
    together = [name for name in GROUPED_TOGETHER if name in FIELDS[wanted.kind]]
    if not set(together) & set(wanted.fields):
        together = []
    leaf_names = [name for name in wanted.fields if leaf_of(wanted.kind, name)]
    apart = [name for name in wanted.fields if name not in together and name not in leaf_names]
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
    for name in leaf_names:
        counts[name] = _count_leaves(connection, ways, wanted, name)
    return FacetsAnswer(total, {name: facet(counts[name], wanted.size) for name in wanted.fields})


def _count_leaves(connection: sqlite3.Connection, ways: Ways, wanted: Facets, name: str) -> Counter[str]:
    found, by = condition(wanted.filter, wanted.kind), _Grouping(connection, wanted.kind, (name,))
    counts: Counter[str] = Counter()
    sql = f"SELECT {by.columns[0]}, COUNT(*) FROM {ways.table(by.read)} WHERE {found.sql} GROUP BY 1"  # noqa: S608
    for texts, count in connection.execute(sql, (*by.values, *found.values)):
        counts.update({value: count for (value,) in by.keys((texts,))})
    return counts


@dataclass(slots=True)
class _Sum:
    """What rows of groups have together."""

    kind: Kind
    count: int = 0
    failed: int = 0
    retried: int = 0
    baseline_ms: float = 0.0
    baselines: int = 0
    slowdowns: list[float] = field(default_factory=list)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    sample: str | None = None

    def add(self, other: "_Sum") -> None:
        """Add what others have; of samples the first one stays."""
        self.count += other.count
        self.failed += other.failed
        self.retried += other.retried
        self.baseline_ms += other.baseline_ms
        self.baselines += other.baselines
        self.slowdowns += other.slowdowns
        for name, found in other.numbers.items():
            self.numbers.setdefault(name, []).extend(found)
        self.sample = min((text for text in (self.sample, other.sample) if text is not None), default=None)

    def group(self, key: tuple[str, ...] = ()) -> Group:
        """Return them as a group; without a key, as the total."""
        return Group(
            key,
            self.count,
            self.failed,
            self.retried,
            {name: figures(sorted(self.numbers.get(name, ()))) for name in MEASURES[self.kind]},
            percentile(sorted(self.slowdowns), 50) if self.slowdowns else None,
            self.baseline_ms / self.baselines if self.baselines else None,
            self.sample if key else None,
        )


def statistics(connection: sqlite3.Connection, wanted: Statistics) -> StatisticsAnswer:
    """Return the statistics as of now."""
    by = _Grouping(connection, wanted.kind, wanted.by)
    whole, sums = _Sum(wanted.kind), dict[tuple[str, ...], _Sum]()
    groups: list[Group] = []
    for key, found in _rows_of_groups(connection, wanted, by):
        whole.add(found)
        for each in by.keys(key) if key else ():
            if by.has_leaves:  # several rows may be of one group
                sums.setdefault(each, _Sum(wanted.kind)).add(found)
            else:
                groups.append(found.group(each))
    groups += [sums[key].group(key) for key in sorted(sums)]
    return summed_up(wanted, groups[:GROUPS_MAX], whole.group(), is_complete=len(groups) <= GROUPS_MAX)


def _rows_of_groups(
    connection: sqlite3.Connection, wanted: Statistics, by: "_Grouping"
) -> Iterator[tuple[tuple[str | None, ...], _Sum]]:
    """Yield what SQL groups, by key."""
    found, measures = condition(wanted.filter, wanted.kind), MEASURES[wanted.kind]
    fields = FIELDS[wanted.kind]
    grouping = f"GROUP BY {by.places} ORDER BY {by.places}" if wanted.by else ""
    table = Ways(connection, wanted.kind, wanted.filter).table([*by.read, *measures, *filter(None, [wanted.sample])])
    columns = [
        *by.columns,
        f'MIN("{wanted.sample}")' if wanted.sample else "NULL",
        "COUNT(*)",
        f"TOTAL(state = '{FAILED}')" if "state" in fields else "0",
        f'TOTAL("attemptCount" >= {RETRIED_FROM})' if "attemptCount" in fields else "0",
        *(('TOTAL("baselineMs")', 'COUNT("baselineMs")') if "baselineMs" in fields else ("0", "0")),
        _present("slowdown") if "slowdown" in fields else "'[]'",
        *map(_present, measures),
    ]
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {found.sql} {grouping}"  # noqa: S608
    width = len(wanted.by)
    for row in connection.execute(sql, (*by.values, *found.values)):
        sample, count, failed, retried, baseline_ms, baselines, slowdowns, *arrays = row[width:]
        numbers = {name: sorted(_numbers(wanted.kind, name, text)) for name, text in zip(measures, arrays, strict=True)}
        slow = sorted(_floats(slowdowns))
        yield (
            row[:width],
            _Sum(wanted.kind, count, int(failed), int(retried), baseline_ms, baselines, slow, numbers, sample),
        )


class _Grouping:
    """
    By what SQL groups, and which keys a row of it counts for.

    The leaves of a map are one JSON text: SQL sees those at a path as one more, of the values there.
    """

    def __init__(self, connection: sqlite3.Connection, kind: Kind, names: Sequence[str]) -> None:
        self._leaves = [leaf_of(kind, name) for name in names]
        self.has_leaves = any(self._leaves)
        if self.has_leaves:
            connection.create_function("leaf_texts", 2, _leaf_texts, deterministic=True)
        self.columns = [
            f'"{name}"' if leaf is None else f'leaf_texts("{leaf[0]}", ?)'
            for name, leaf in zip(names, self._leaves, strict=True)
        ]
        self.places = ", ".join(str(place + 1) for place in range(len(names)))
        self.values = [leaf[1] for leaf in self._leaves if leaf is not None]
        self.read = [name if leaf is None else leaf[0] for name, leaf in zip(names, self._leaves, strict=True)]

    def keys(self, row: Sequence[str | None]) -> Iterator[tuple[str, ...]]:
        """Yield the keys; none, if a value is missing."""
        parts = [
            () if value is None else (value,) if leaf is None else _texts(value)
            for value, leaf in zip(row, self._leaves, strict=True)
        ]
        return product(*parts)


@lru_cache(maxsize=LEAVES_KEPT)
def _leaf_texts(leaves: str | None, path: str) -> str | None:
    """Return the values at a path, each once, as JSON."""
    found = () if leaves is None else _leaves_of(leaves).get(path, ())
    return msgspec.json.encode(sorted(set(found))).decode() if found else None


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

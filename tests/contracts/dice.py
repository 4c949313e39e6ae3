"""Random documents and filters of every kind, whose oddities are those that indexes stumble over."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from runfold.documents.model import FIELDS, SEARCH_ONLY, Document, FieldType, Kind
from runfold.documents.query import (
    All,
    AnyOf,
    Between,
    Exists,
    Filter,
    Holds,
    Is,
    Not,
    Query,
    Sort,
    StartsWith,
    Under,
    Words,
)
from runfold.documents.source import SNAPSHOT
from runfold.execution.model import Attempt, TaskRun
from runfold.execution.state import Entry, State

DAWN = datetime(2026, 1, 31, 23, 59, 58, 999_990, tzinfo=UTC)
"""Microseconds before a month ends: a handful of documents fill two monthly indices."""

SCALARS = frozenset(FieldType) - SEARCH_ONLY - {FieldType.STORED}

NAMESPACES = ("a", "a.b", "a.bc", "a.b.c", "a.b/c", "", "ä.b", "z*", "a.b-")
TEXTS = (
    "Hello World",
    "hello_world io.kestra.tests",
    "the quick-brown fox",
    "ÄRGER straße İstanbul",
    "a1 b2 c3",
    "x" * 150,
    "日本語 テスト",
    "kestra:///a/b.ion",
    "",
    "hel",
    'say "hi" AND (NOT *)',
)
STARTS = ("hel", "HELLO w", "io kes", "ärg", "str", "x" * 101, "日本", "a", "", "!!", "quick brown", "zebra", "hi NOT")
KEYS = ("team", "a.b", "a", "b", "", ".", "a..b", "*", "x y", "_id", "$ref", "k" * 300, "ключ", "nul\0l", "é", '"')
VALUES = ("x", "", "X", "1", "true", "a b", "日本", "v" * 3999, "v" * 4001, "\0", "*", "k\0v")


def snapshot(outputs: dict[str, Any]) -> TaskRun:
    """Return what is only given back of a task run that has these outputs."""
    began = (Entry(State.CREATED, DAWN),)
    return TaskRun("t", "e", "n", "f", 1, "a", "T", 0, began, attempts=(Attempt(began),), outputs=outputs)


class Dice:
    """Random documents and queries, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def document(self, kind: Kind, number: int) -> Document:
        body = {
            name: self.value(name, field_type)
            for name, field_type in FIELDS[kind].items()
            if name == "id" or self.random.random() < 0.7
        }
        body["id"] = f"{self.random.randrange(10**6)}-{number}"
        return Document(kind, body["id"], self.random.randrange(5), self.date(), body)

    def value(self, name: str, field_type: FieldType) -> Any:
        match field_type:
            case FieldType.KEYWORD:
                return self.random.choice(NAMESPACES)
            case FieldType.DATE:
                return self.date()
            case FieldType.LONG:
                return self.random.choice((0, 1, 2, 10, -5, 2**62))
            case FieldType.DOUBLE:
                return self.random.choice((0.0, 1.5, -2.25, 1e300, 45.0))
            case FieldType.TEXT:
                return " ".join(self.random.choices(TEXTS, k=2))
            case FieldType.FLATTENED:
                return {self.random.choice(KEYS): self.json(3) for _ in range(self.random.randrange(4))}
            case FieldType.STORED:
                stored = {"z": 1.0, "a": [None, name], "m": {"10": 2**53, "9": ""}}
                return snapshot(stored) if name == SNAPSHOT else stored

    def json(self, depth: int) -> Any:
        if depth and self.random.random() < 0.4:
            items = [self.json(depth - 1) for _ in range(self.random.randrange(3))]
            return items if self.random.random() < 0.5 else {self.random.choice(KEYS): item for item in items}
        return self.random.choice((*VALUES, None, True, False, 1, 1.5, 10**15))

    def date(self) -> datetime:
        return DAWN + timedelta(microseconds=self.random.randrange(20))

    def query(self, kind: Kind) -> Query:
        size = self.random.choice((1, 3, 10, 50, 1000))
        return Query(
            kind,
            self.filter(kind, 3),
            tuple(self.sort(kind) for _ in range(self.random.randrange(3))),
            page=self.random.choice((1, 1, 2, 3)),
            size=size,
            exact_total=self.random.random() < 0.5,
        )

    def sort(self, kind: Kind) -> Sort:
        return Sort(self.field(kind, SCALARS), self.random.random() < 0.5)

    def field(self, kind: Kind, types: frozenset[FieldType]) -> str:
        return self.random.choice([name for name, field_type in FIELDS[kind].items() if field_type in types])

    def filter(self, kind: Kind, depth: int) -> Filter:
        if depth and self.random.random() < 0.5:
            parts = tuple(self.filter(kind, depth - 1) for _ in range(self.random.randrange(1, 4)))
            return self.random.choice((All(parts), AnyOf(parts), Not(parts[0])))
        scalar = self.field(kind, SCALARS)
        values = tuple(self.value(scalar, FIELDS[kind][scalar]) for _ in range(2))
        choices: list[Filter] = [
            Is(scalar, values),
            Is(scalar, values[:1]),
            Between(scalar, *sorted(values)),
            Between(scalar, low=values[0]),
            Between(scalar, high=values[0]),
            Between(scalar),
            Exists(scalar),
            Under(self.field(kind, frozenset({FieldType.KEYWORD})), self.random.choice(NAMESPACES)),
            StartsWith(self.field(kind, frozenset({FieldType.KEYWORD})), self.random.choice((*NAMESPACES, "a.b", "z"))),
            Words(self.random.choice(STARTS)),
        ]
        if FieldType.FLATTENED in FIELDS[kind].values():
            carrier = self.field(kind, frozenset({FieldType.FLATTENED}))
            key = ".".join(self.random.choices(KEYS, k=self.random.choice((1, 1, 2))))
            value = self.random.choice((None, *VALUES, "1.5", "false"))
            choices += [Holds(carrier, key, value), Holds(carrier, key), Exists(carrier), Holds(carrier, "team", "x")]
        return self.random.choice(choices)

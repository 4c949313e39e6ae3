"""
Filters and sorts to SQL over the embedded index's tables.

The rule: SQL's third truth value counts as false wherever a filter is turned round, so
`Not` means what `documents.query.matches` says. Maps are searched by tokens, one for each
leaf, in the same full-text table as the words; no word can be spelled like a token.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, assert_never

from runfold.documents.instants import micros_of
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
    Sort,
    StartsWith,
    Under,
    Words,
)
from runfold.documents.tokenizer import words_of

LEAF_MARK: Final = "="
"""What every token of a leaf begins with, and no word does."""

MAIN_TEXT: Final = "text"
"""The words of this field stand as they are; those of others follow their field's name between two `LEAF_MARK`s."""

TOKEN_SIZE_BYTES: Final = 10
"""Of the hash in a token: two leaves of an index share one with no chance worth naming."""


_SURROGATES_START: Final = 0xD800
_SURROGATES_END: Final = 0xE000
"""Texts hold no code point from the one up to the other."""

TOKENS_KEPT: Final = 10_000
"""Labels and paths come again and again."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL expression and its parameters."""

    sql: str
    values: tuple[Any, ...] = ()


def condition(wanted: Filter, kind: Kind) -> Condition:
    """Return `wanted` as SQL on the table of `kind`."""
    expression = _matched(wanted, kind)
    if expression is not None:
        return _matching(kind, expression)
    match wanted:
        case Is():
            return _is(wanted)
        case Under(field, path):
            # "/" is the character after ".": all that is wanted lies between, in one piece of an index, with little else.
            sql = f'("{field}" >= ? AND "{field}" < ? AND ("{field}" = ? OR "{field}" >= ?))'
            return Condition(sql, (path, path + "/", path, path + "."))
        case StartsWith():
            return _starts_with(wanted)
        case Between():
            return _between(wanted)
        case Exists(field):
            return Condition(f'"{field}" IS NOT NULL')
        case All(parts):
            return _all(_flat(parts), kind)
        case AnyOf(parts):
            return _joined(" OR ", "0", [condition(part, kind) for part in parts])
        case Not(part):
            inner = condition(part, kind)
            return Condition(f"NOT COALESCE({inner.sql}, 0)", inner.values)
        case Words() | Holds():
            return Condition("1")  # a text without words
        case _:
            assert_never(wanted)


def _matched(wanted: Filter, kind: Kind) -> str | None:
    """Return the full-text expression that says all of `wanted`; None: there is none."""
    match wanted:
        case Holds(field, key, value):
            return f'"{token(field, key) if value is None else token(field, key, value)}"'
        case Exists(field) if FIELDS[kind][field] is FieldType.FLATTENED:
            return f'"{token(field)}"'
        case Words():
            return _words(wanted)
        case AnyOf(parts) if parts:
            found = [_matched(part, kind) for part in parts]
            return None if None in found else f"({' OR '.join(filter(None, found))})"
        case _:
            return None


def _all(parts: Iterable[Filter], kind: Kind) -> Condition:
    """Put what the full-text table can tell into one question: it joins lists of rows much faster than SQL does."""
    wanted: list[str] = []
    unwanted: list[str] = []
    others: list[Filter] = []
    for part in parts:
        is_not = isinstance(part, Not)
        expression = _matched(part.part if isinstance(part, Not) else part, kind)
        if expression is None:
            others.append(part)
        else:
            (unwanted if is_not else wanted).append(expression)
    if wanted:
        rows = [_matching(kind, " NOT ".join((f"({' AND '.join(wanted)})", *unwanted)))]
    else:
        rows = [Condition(f"NOT {each.sql}", each.values) for each in (_matching(kind, each) for each in unwanted)]
    return _joined(" AND ", "1", [*rows, *(condition(part, kind) for part in others)])


def _flat(parts: Sequence[Filter]) -> Iterator[Filter]:
    """Yield parts, and those of an `All` among them."""
    for part in parts:
        if isinstance(part, All):
            yield from _flat(part.parts)
        else:
            yield part


def order(sorts: Sequence[Sort]) -> str:
    """Return the ORDER BY list; what is missing comes last."""
    return ", ".join(f'"{sort.field}" {"DESC" if sort.descending else "ASC"} NULLS LAST' for sort in sorts)


def tokens(carriers: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """Yield the tokens by which the leaves of a document's maps are found."""
    for field, by_path in carriers.items():
        yield token(field)
        for path, texts in by_path.items():
            yield token(field, path)
            for text in texts:
                yield token(field, path, text)


def word_tokens(words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the tokens by which the words of a document's texts are found."""
    for field, texts in words.items():
        mark = _word_mark(field)
        for word in texts:
            yield mark + word


def _word_mark(field: str) -> str:
    return "" if field == MAIN_TEXT else LEAF_MARK + field.lower() + LEAF_MARK


@lru_cache(maxsize=TOKENS_KEPT)
def token(*parts: str) -> str:
    """Return the token of a map, of one of its paths, or of a text there."""
    joined = "\0".join(parts).encode(errors="replace")
    return LEAF_MARK + hashlib.blake2b(joined, digest_size=TOKEN_SIZE_BYTES).hexdigest()


def _words(wanted: Words) -> str | None:
    words = dict.fromkeys(words_of(wanted.text))
    mark = _word_mark(wanted.field)
    said = [f'"{mark}{word}"*' for word in words]
    return f"({' AND '.join(said)})" if words else None


def _column_value(value: Any) -> Any:
    """Return a field's value as the table holds it: dates in microseconds."""
    return micros_of(value) if isinstance(value, datetime) else value


def _is(wanted: Is) -> Condition:
    marks = ", ".join("?" * len(wanted.values))
    return Condition(f'"{wanted.field}" IN ({marks})', tuple(map(_column_value, wanted.values)))


def _starts_with(wanted: StartsWith) -> Condition:
    """All that begins with a text lies between it and the next text of its length, in the order of code points."""
    last = wanted.start[-1:]
    if not last:
        return Condition(f'"{wanted.field}" IS NOT NULL')
    if last == chr(sys.maxunicode):
        return Condition(f'substr("{wanted.field}", 1, ?) = ?', (len(wanted.start), wanted.start))
    code = ord(last) + 1
    following = wanted.start[:-1] + chr(_SURROGATES_END if code == _SURROGATES_START else code)
    return Condition(f'("{wanted.field}" >= ? AND "{wanted.field}" < ?)', (wanted.start, following))


def _between(wanted: Between) -> Condition:
    bounds = [
        (sign, _column_value(bound)) for sign, bound in ((">=", wanted.low), ("<=", wanted.high)) if bound is not None
    ]
    if not bounds:
        return Condition(f'"{wanted.field}" IS NOT NULL')
    sql = " AND ".join(f'"{wanted.field}" {sign} ?' for sign, _ in bounds)
    return Condition(f"({sql})", tuple(bound for _, bound in bounds))


def _matching(kind: Kind, expression: str) -> Condition:
    return Condition(f"rowid IN (SELECT rowid FROM {kind}_words WHERE {kind}_words MATCH ?)", (expression,))  # noqa: S608 -- a kind is no input


def _joined(word: str, empty: str, parts: Sequence[Condition]) -> Condition:
    if not parts:
        return Condition(empty)
    return Condition(
        f"({word.join(part.sql for part in parts)})", tuple(value for part in parts for value in part.values)
    )

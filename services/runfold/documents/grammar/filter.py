"""
A query's tree to the filter that an index answers.

Reads the table of fields and takes `now` from the caller, so "the last 24 hours" means
another filter each time.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from runfold.documents.grammar.fields import BY_NAME, QueryField, ValueType
from runfold.documents.grammar.ordered import AGE, RANK, SCALES, ordered
from runfold.documents.grammar.tree import Both, Either, Expression, Op, Term, Value, Without
from runfold.documents.grammar.values import DECIMAL, before
from runfold.documents.leaves import is_leaf_path
from runfold.documents.model import Kind
from runfold.documents.query import All, AnyOf, Between, Exists, Filter, Holds, Is, Not, StartsWith, Under, Words
from runfold.errors import QueryInvalid

_FLAGS: Final = {"yes": True, "true": True, "no": False, "false": False}
_SHOWN: Final = 50


def filter_of(expression: Expression, kind: Kind, now: datetime) -> Filter:
    """Return what `expression` wants at the time `now`. Raises: QueryInvalid: a value that cannot be."""
    match expression:
        case Both(parts):
            return All(tuple(filter_of(part, kind, now) for part in parts))
        case Either(parts):
            return AnyOf(tuple(filter_of(part, kind, now) for part in parts))
        case Without(part):
            return Not(filter_of(part, kind, now))
        case Term():
            return _term(expression, BY_NAME[kind][expression.field], now)


def _term(term: Term, found: QueryField, now: datetime) -> Filter:
    if term.op is Op.HAS:
        return _has(term, found)
    match found.type:
        case ValueType.WORDS:
            return _any(Words(value.text, found.stored[0]) for value in term.values)
        case ValueType.NAME:
            return _names(found.stored[0], term.values)
        case ValueType.PATH:
            return _paths(found.stored[0], term.values)
        case ValueType.CHOICE:
            return _choices(term, found, now)
        case ValueType.FLAG:
            return _flag(term, found, now)
        case ValueType.MAP:
            return _any(_entry(found, term.key or "", value) for value in term.values)
        case ValueType.AGE:
            return _age(term, found, now)
        case _:
            return _any(ordered(term, SCALES[found.type], stored, now) for stored in found.stored)


def _has(term: Term, found: QueryField) -> Filter:
    if term.key is not None:
        return Holds(found.stored[0], _path(term))
    return _any(Exists(name) for name in ((found.presence,) if found.presence else found.stored))


def _path(term: Term) -> str:
    if not is_leaf_path(term.key or ""):
        raise QueryInvalid("no entry has such a key: it is too long", term.start + 1)
    return term.key or ""


def _any(parts: Iterable[Filter]) -> Filter:
    found = tuple(parts)
    return found[0] if len(found) == 1 else AnyOf(found)


def _names(name: str, values: tuple[Value, ...]) -> Filter:
    whole = tuple(value.text for value in values if not value.is_open)
    opened = [StartsWith(name, value.text) for value in values if value.is_open]
    return _any([*([Is(name, whole)] if whole else []), *opened])


def _paths(name: str, values: tuple[Value, ...]) -> Filter:
    below = [Under(name, value.text[:-1]) for value in values if value.is_open and value.text.endswith(".")]
    others = tuple(value for value in values if not (value.is_open and value.text.endswith(".")))
    return _any([*([_names(name, others)] if others else []), *below])


def _entry(found: QueryField, key: str, value: Value) -> Filter:
    is_number = found.stored[0] == "metrics" and DECIMAL.fullmatch(value.text)
    return Holds(found.stored[0], key, str(float(value.text)) if is_number else value.text)


def _choices(term: Term, found: QueryField, now: datetime) -> Filter:
    chosen = [_choice(found, value) for value in term.values]
    if term.op is Op.IS:
        return Is(found.stored[0], tuple(dict.fromkeys(chosen)))
    ranks = [
        replace(value, text=str(found.choices.index(each))) for value, each in zip(term.values, chosen, strict=True)
    ]
    return ordered(replace(term, values=tuple(ranks)), RANK, found.ranks or "", now)


def _choice(found: QueryField, value: Value) -> str:
    wanted = value.text.upper()
    if wanted in found.choices:
        return wanted
    close = get_close_matches(wanted, found.choices, n=1)
    advice = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(found.choices)}"
    raise QueryInvalid(f"unknown {found.name} '{value.text[:_SHOWN]}': {advice}", value.column)


def _flag(term: Term, found: QueryField, now: datetime) -> Filter:
    """Return whether the date has passed, or not."""
    parts = []
    for value in term.values:
        flag = _FLAGS.get(value.text.lower())
        if flag is None:
            raise QueryInvalid(f"{found.name} is yes or no, not '{value.text[:_SHOWN]}'", value.column)
        passed = Between(found.stored[0], high=before(now))
        parts.append(passed if flag else Not(passed))
    return _any(parts)


_TURNED: Final = {Op.GREATER: Op.LESS, Op.AT_LEAST: Op.AT_MOST, Op.LESS: Op.GREATER, Op.AT_MOST: Op.AT_LEAST}


def _age(term: Term, found: QueryField, now: datetime) -> Filter:
    """To be longer in a state is to be in it since an earlier date, so the signs turn round."""
    values = term.values[::-1] if term.op is Op.RANGE else term.values
    return ordered(replace(term, op=_TURNED.get(term.op, term.op), values=values), AGE, found.stored[0], now)

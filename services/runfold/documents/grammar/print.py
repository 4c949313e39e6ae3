"""
A query's tree back to text, and to the flat list that a page shows as chips.

The rule: what is printed is read as the same tree again.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from runfold.documents.grammar.fields import BY_NAME, ValueType
from runfold.documents.grammar.tree import FREE_TEXT, Both, Either, Expression, Op, Term, Value, Without
from runfold.documents.model import Kind

GROUP: Final = "group"
"""What stands for the operator of a chip that holds several terms."""

_PLAIN_VALUE: Final = re.compile(r"[\w/@+-](?:[\w/@+:-]|\.(?!\.))*")
_PLAIN_WORD: Final = re.compile(r"\w[\w.-]*")
_KEYWORDS: Final = frozenset({"OR", "AND", "NOT"})


def text_of(expression: Expression, kind: Kind) -> str:
    """Return the one text of a tree."""
    match expression:
        case Both(parts):
            return " ".join(_inner(part, kind, Either) for part in parts)
        case Either(parts):
            return " OR ".join(text_of(part, kind) for part in parts)
        case Without(part):
            return "-" + _inner(part, kind, Both, Either)
        case Term():
            return _term(expression, kind)


def _inner(part: Expression, kind: Kind, *bracketed: type) -> str:
    text = text_of(part, kind)
    return f"({text})" if isinstance(part, bracketed) else text


def _term(term: Term, kind: Kind) -> str:
    if term.field == FREE_TEXT and term.op is Op.IS and len(term.values) == 1:
        text = term.values[0].text
        return text if _PLAIN_WORD.fullmatch(text) and text not in _KEYWORDS else _quoted(text)
    return f"{term.field}:{_values(term, kind)}"


def _values(term: Term, kind: Kind) -> str:
    if term.op is Op.HAS:
        return "*" if term.key is None else _value(Value(term.key))
    if term.op is Op.RANGE:
        return "..".join(_value(value) if value.text else "" for value in term.values)
    listed = ",".join(map(_value, term.values))
    if BY_NAME[kind][term.field].type is ValueType.MAP:
        return f"{_value(Value(term.key or ''))}={listed}"
    return term.op.value[1:] + listed


def _value(value: Value) -> str:
    """Quote what would be read as another thing: a dot at the end, say, would join the two of a range."""
    is_plain = _PLAIN_VALUE.fullmatch(value.text) and (value.is_open or not value.text.endswith("."))
    return (value.text if is_plain else _quoted(value.text)) + ("*" if value.is_open else "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def chips(expression: Expression, text: str, kind: Kind) -> list[dict[str, Any]]:
    """
    Return the parts that all must hold, each with its place in `text`, from which the tree was read.

    A part in brackets or with OR is one chip, whose `op` is "group".
    """
    parts: Sequence[Expression] = expression.parts if isinstance(expression, Both) else (expression,)
    return [_chip(part, text, kind) for part in parts]


def _chip(part: Expression, text: str, kind: Kind) -> dict[str, Any]:
    inner, is_negated = part, False
    while isinstance(inner, Without):
        inner, is_negated = inner.part, not is_negated
    place = {"negated": is_negated, "text": text[part.start : part.end], "start": part.start, "end": part.end}
    if not isinstance(inner, Term):
        return {"field": "", "op": GROUP, "value": text_of(inner, kind), **place}
    return {"field": inner.field, "op": inner.op.value, "value": _shown(inner), **place}


def _shown(term: Term) -> str:
    if term.op is Op.HAS:
        return term.key or ""
    if term.op is Op.RANGE:
        return "..".join(value.text for value in term.values)
    listed = ", ".join(value.text + "*" * value.is_open for value in term.values)
    return listed if term.key is None else f"{term.key}={listed}"

"""
One word of a query to one term: which field, compared how, with which values.

Reads the table of fields. Values stay as they were written; what they mean is asked later.
"""

from difflib import get_close_matches
from typing import Final

from runfold.documents.grammar.fields import BY_NAME, QUERY_FIELDS, QueryField, ValueType
from runfold.documents.grammar.tree import FREE_TEXT, Op, Term, Value
from runfold.documents.grammar.words import Word
from runfold.documents.model import Kind
from runfold.documents.tokenizer import words_of
from runfold.errors import QueryInvalid

VALUES_MAX: Final = 100
"""In one list."""

_SIGNS: Final = ((">=", Op.AT_LEAST), ("<=", Op.AT_MOST), (">", Op.GREATER), ("<", Op.LESS))
_BETWEEN: Final = ".."
_STARRED: Final = frozenset({ValueType.NAME, ValueType.PATH})
_SHOWN: Final = 50


def term_of(word: Word, kind: Kind) -> Term:
    """Return the term that `word` says. Raises: QueryInvalid."""
    entry = _entry(word, kind)
    if entry is not None:
        return entry
    colon = word.find(":")
    if colon < 0 or any(char.is_quoted for char in word.chars[:colon]):
        _refuse_forgotten_colon(word, kind)
        return _place(Term(FREE_TEXT, Op.IS, (_words_value(word),)), word)
    found = field_named(word.cut(0, colon), kind)
    value = word.cut(colon + 1)
    if not value.chars:
        message = f"a value must follow {found.name}:, as in {found.examples[0]}; several are written a,b"
        raise QueryInvalid(message, value.column)
    return _place(_map_term(found, value) if found.type is ValueType.MAP else _plain_term(found, value), word)


def find_field(name: str, kind: Kind) -> QueryField | None:
    """Return the field of this name or alias, in either case."""
    return BY_NAME[kind].get(name.lower())


def checked(term: Term, kind: Kind) -> Term:
    """Return a term that nobody wrote as text, if it could have been. Raises: QueryInvalid."""
    found = BY_NAME[kind][term.field]
    column = term.values[0].column if term.values else 1
    if term.op not in found.operators:
        raise _unknown(found, term.op, column)
    if len(term.values) > VALUES_MAX:
        raise QueryInvalid(f"the list has more than {VALUES_MAX} values: leave some out", column)
    for value in term.values:
        if found.type is ValueType.WORDS and not words_of(value.text):
            raise QueryInvalid("there is no letter or digit to search for: leave it out", value.column)
    if parts_of(term, kind) > VALUES_MAX:
        raise QueryInvalid(f"there are more than {VALUES_MAX} words: leave some out", column)
    return term


def parts_of(term: Term, kind: Kind) -> int:
    """Return how many values or, where words are searched, words a term has."""
    if BY_NAME[kind][term.field].type is not ValueType.WORDS:
        return len(term.values)
    return sum(len(words_of(value.text)) for value in term.values)


def field_named(name: Word, kind: Kind) -> QueryField:
    """Return the field of this name. Raises: QueryInvalid."""
    found = find_field(name.text, kind)
    if found is None:
        close = get_close_matches(name.text.lower(), BY_NAME[kind], n=1)
        advice = f"did you mean {BY_NAME[kind][close[0]].name}?" if close else f"there are {_names(kind)}."
        message = f"unknown field '{name.text[:_SHOWN]}': {advice} Text with a colon goes in quotes"
        raise QueryInvalid(message, name.column)
    return found


def _names(kind: Kind) -> str:
    return ", ".join(each.name for each in QUERY_FIELDS[kind])


def _entry(word: Word, kind: Kind) -> Term | None:
    """Return the term of `label.key=value`, if it is one."""
    dot = word.find(".")
    found = BY_NAME[kind].get(word.cut(0, dot).text.lower()) if dot > 0 else None
    if found is None or found.type is not ValueType.MAP:
        return None
    signs = [at for at in (word.find("=", dot), word.find(":", dot)) if at >= 0]
    if not signs:
        return None
    return _place(_keyed(found, word.cut(dot + 1, min(signs)), word.cut(min(signs) + 1)), word)


def _refuse_forgotten_colon(word: Word, kind: Kind) -> None:
    """Find no `duration>10s`: it would be searched for as words, and nobody means that."""
    at = min((at for at in map(word.find, "<>=") if at >= 0), default=0)
    found = BY_NAME[kind].get(word.cut(0, at).text.lower())
    if found is not None:
        rest = word.cut(at).text.removeprefix("=")
        message = f"write {found.name}:{rest[:_SHOWN]}, or put it in quotes if it is text"
        raise QueryInvalid(message, word.column)


def _map_term(found: QueryField, value: Word) -> Term:
    if _is_star(value):
        return Term(found.name, Op.HAS)
    equals = value.find("=")
    if equals < 0:
        if value.find("*") >= 0:
            raise QueryInvalid(f"keys of {found.name} are compared whole: write the star in quotes", value.column)
        return Term(found.name, Op.HAS, key=_compared_as_text(found, value).text)
    return _keyed(found, value.cut(0, equals), value.cut(equals + 1))


def _keyed(found: QueryField, key: Word, value: Word) -> Term:
    if not key.text:
        raise QueryInvalid(f"a key is missing, as in {found.examples[0]}", key.column)
    _compared_as_text(found, key)
    if not value.chars:
        message = f'a value is missing: write {found.name}:{key.text[:_SHOWN]} for any, ="" for an empty one'
        raise QueryInvalid(message, value.column)
    if _is_star(value):
        return Term(found.name, Op.HAS, key=key.text)
    parts = _listed(value)
    for part in (key, *parts):
        if part.find("*") >= 0:
            raise QueryInvalid(f"{found.name} is compared whole: write the star in quotes", part.column)
    return Term(found.name, Op.IS, tuple(Value(part.text, column=part.column) for part in parts), key.text)


def _compared_as_text(found: QueryField, word: Word) -> Word:
    if word.find(">") >= 0 or word.find("<") >= 0:
        raise QueryInvalid(f"{found.name} is compared as text: greater and less are not known", word.column)
    return word


def _plain_term(found: QueryField, value: Word) -> Term:
    if _is_star(value) and Op.HAS in found.operators:
        return Term(found.name, Op.HAS)
    for sign, op in _SIGNS:
        if value.has(sign, 0):
            return Term(found.name, _known(found, op, value), (_compared(value.cut(len(sign))),))
    if Op.RANGE in found.operators and _BETWEEN in value.text and value.find(_BETWEEN) >= 0:
        at = value.find(_BETWEEN)
        ends = (value.cut(0, at), value.cut(at + len(_BETWEEN)))
        if not any(end.chars for end in ends):
            raise QueryInvalid(f"a range needs an end, as in 1{_BETWEEN}5, 1{_BETWEEN} or {_BETWEEN}5", value.column)
        return Term(found.name, Op.RANGE, tuple(Value(end.text, column=end.column) for end in ends))
    _known(found, Op.IS, value)
    return Term(found.name, Op.IS, tuple(_value(found, part) for part in _listed(value)))


def _known(found: QueryField, op: Op, value: Word) -> Op:
    if op in found.operators:
        return op
    raise _unknown(found, op, value.column)


def _unknown(found: QueryField, op: Op, column: int) -> QueryInvalid:
    if op is Op.IS:
        message = f"say how {found.name} is compared, as in {found.examples[0]}"
    else:
        message = f"{found.name} has no greater and less: write it as in {' or '.join(found.examples)}"
    return QueryInvalid(message, column)


def _compared(value: Word) -> Value:
    if not value.chars:
        raise QueryInvalid("a value is missing after the sign", value.column)
    return Value(value.text, column=value.column)


def _listed(value: Word) -> list[Word]:
    parts = list(value.split(","))
    for part in parts:
        if not part.chars:
            raise QueryInvalid('a value is missing beside this comma: remove the comma, or write ""', part.column)
    if len(parts) > VALUES_MAX:
        raise QueryInvalid(f"the list has more than {VALUES_MAX} values: leave some out", parts[VALUES_MAX].column)
    return parts


def _value(found: QueryField, part: Word) -> Value:
    if found.type is ValueType.WORDS:
        return _words_value(part)
    star = part.find("*")
    if star < 0 or found.type not in _STARRED:
        return Value(part.text, column=part.column)
    if star != len(part.chars) - 1 or star == 0:
        message = "a star may stand only at the end, as in abc*: write it in quotes if it is no wildcard"
        raise QueryInvalid(message, part.chars[star].column)
    return Value(part.cut(0, star).text, is_open=True, column=part.column)


def _words_value(part: Word) -> Value:
    """Drop a star at the end: a word's beginning is enough anyway."""
    star = part.find("*")
    if star == 0 and len(part.chars) > 1:
        raise QueryInvalid("a star may stand only at the end: words are found by their beginning", part.column)
    text = part.cut(0, star).text if star == len(part.chars) - 1 else part.text
    if not words_of(text):
        raise QueryInvalid("there is no letter or digit to search for: leave it out", part.column)
    return Value(text, column=part.column)


def _is_star(word: Word) -> bool:
    return len(word.chars) == 1 and word.has("*", 0)


def _place(term: Term, word: Word) -> Term:
    return Term(term.field, term.op, term.values, term.key, word.column - 1, word.end - 1)

r"""
The language of queries: a text to a tree, and from there to a filter.

    query   = either
    either  = both { "OR" both }
    both    = part { [ "AND" ] part }
    part    = ( "-" | "NOT" ) part | "(" either ")" | term
    term    = field ":" values | words
    values  = value { "," value }          one of them is enough
            | value ".." value             both ends belong to it; one may be left out
            | ( ">" | ">=" | "<" | "<=" ) value
            | "*"                          it is there, whatever it says
    value   = characters | '"' characters '"'      in quotes, \" and \\ stand for " and \

Entries of maps are written `label:key`, `label:key=value` or `label.key=value`. A star at
the end of a name stands for any ending. The rule: nothing is guessed. What cannot be read
is refused with the column and what to write instead.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from runfold.documents.grammar.filter import filter_of
from runfold.documents.grammar.terms import parts_of, term_of
from runfold.documents.grammar.tree import Both, Either, Expression, Without
from runfold.documents.grammar.words import Kind as TokenKind
from runfold.documents.grammar.words import Token, tokens
from runfold.documents.model import Kind
from runfold.documents.query import Filter
from runfold.errors import QueryInvalid

QUERY_LENGTH_MAX: Final = 2000
"""In characters."""

CLAUSES_MAX: Final = 64
PARTS_MAX: Final = 200
"""Of values and searched words together."""

DEPTH_MAX: Final = 8
"""Of brackets and negations within each other."""


def read_query(text: str, kind: Kind, now: datetime) -> Filter:
    """Return the filter that `text` says at the time `now`. Raises: QueryInvalid."""
    return filter_of(parse(text, kind), kind, now)


def parse(text: str, kind: Kind) -> Expression:
    """Return the tree of `text`; values are not looked into. Raises: QueryInvalid."""
    if len(text) > QUERY_LENGTH_MAX:
        message = f"the query has {len(text)} characters: no more than {QUERY_LENGTH_MAX} are read, make it shorter"
        raise QueryInvalid(message, QUERY_LENGTH_MAX + 1)
    return _Parser(text, kind).query()


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str, kind: Kind) -> None:
        self._text = text
        self._kind = kind
        self._tokens = tokens(text)
        self._at = 0
        self._clauses = 0
        self._parts = 0

    def query(self) -> Expression:
        if not self._tokens:
            return Both()
        found = self._either(0)
        token = self._peek()
        if token is not None:
            raise QueryInvalid("this ) closes nothing: remove it, or put it in quotes", token.column)
        return found

    def _either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self._take(TokenKind.OR):
            parts.append(self._both(depth))
        flat = [each for part in parts for each in (part.parts if isinstance(part, Either) else (part,))]
        return Either(tuple(flat), parts[0].start, parts[-1].end) if len(flat) > 1 else flat[0]

    def _both(self, depth: int) -> Expression:
        parts = [self._part(depth)]
        while not self._is_over():
            self._take(TokenKind.AND)
            parts.append(self._part(depth))
        flat = [each for part in parts for each in (part.parts if isinstance(part, Both) else (part,))]
        return Both(tuple(flat), parts[0].start, parts[-1].end) if len(flat) > 1 else flat[0]

    def _part(self, depth: int) -> Expression:
        token = self._next()
        if depth > DEPTH_MAX:
            raise QueryInvalid(f"brackets and negations are deeper than {DEPTH_MAX}: write it flatter", token.column)
        match token.kind:
            case TokenKind.MINUS | TokenKind.NOT:
                return self._without(token, depth)
            case TokenKind.OPEN:
                return self._group(token, depth)
            case TokenKind.WORD:
                return self._term(token)
            case TokenKind.CLOSE:
                raise QueryInvalid("something is missing before this )", token.column)
            case TokenKind.AND | TokenKind.OR:
                message = f'{token.kind} must stand between two parts: add what is missing, or write "{token.kind}"'
                raise QueryInvalid(message, token.column)

    def _without(self, token: Token, depth: int) -> Expression:
        following = self._peek()
        if token.kind is TokenKind.MINUS and (following is None or following.column != token.column + 1):
            raise QueryInvalid("- must stand directly before what is not wanted, as in -state:FAILED", token.column)
        part = self._part(depth + 1)
        return Without(part, token.column - 1, part.end)

    def _group(self, token: Token, depth: int) -> Expression:
        inner = self._either(depth + 1)
        closing = self._peek()
        if closing is None:
            raise QueryInvalid("this ( is never closed: add a )", token.column)
        self._at += 1
        return replace(inner, start=token.column - 1, end=closing.column)

    def _term(self, token: Token) -> Expression:
        term = term_of(token.word, self._kind)
        self._clauses += 1
        self._parts += parts_of(term, self._kind)
        if self._clauses > CLAUSES_MAX:
            raise QueryInvalid(f"the query has more than {CLAUSES_MAX} parts: leave some out", token.column)
        if self._parts > PARTS_MAX:
            raise QueryInvalid(f"the query has more than {PARTS_MAX} values and words: leave some out", token.column)
        return term

    def _is_over(self) -> bool:
        token = self._peek()
        return token is None or token.kind in {TokenKind.CLOSE, TokenKind.OR}

    def _take(self, kind: TokenKind) -> bool:
        token = self._peek()
        if token is None or token.kind is not kind:
            return False
        self._at += 1
        return True

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            last = self._tokens[-1]
            raise QueryInvalid(f"something is missing after {last.kind}", last.column)
        self._at += 1
        return token

"""
The text of a query, cut into words, brackets and signs.

Reads characters and knows no field. The rule: what stands in quotes is plain text, so each
character carries whether it was quoted, and whoever splits a word looks at that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from runfold.errors import QueryInvalid

QUOTE: Final = '"'
ESCAPE: Final = "\\"
_ENDS_WORD: Final = frozenset("()")
_NO_SIGN: Final = "\0"
_KEYWORDS: Final = frozenset({"OR", "AND", "NOT"})


class Char(NamedTuple):
    """One character and its column; an empty pair of quotes is one of these without a character."""

    text: str
    is_quoted: bool
    column: int


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    OPEN = "("
    CLOSE = ")"
    MINUS = "-"
    OR = "OR"
    AND = "AND"
    NOT = "NOT"


@dataclass(frozen=True, slots=True)
class Word:
    """
    Characters that belong together.

    `end`: the column after them, quotes included. `signs`: one character for each of them,
    itself or, if it was quoted, one that is no sign.
    """

    chars: tuple[Char, ...]
    signs: str
    column: int
    end: int

    @property
    def text(self) -> str:
        return "".join(char.text for char in self.chars)

    def find(self, sign: str, start: int = 0) -> int:
        """Return where `sign` stands unquoted; -1: nowhere."""
        return self.signs.find(sign, start)

    def has(self, sign: str, at: int) -> bool:
        """Return whether `sign` stands unquoted at this place."""
        return self.signs.startswith(sign, at)

    def cut(self, start: int, end: int | None = None) -> "Word":
        """Return a part of the word; an empty one keeps its column."""
        chars = self.chars[start:end]
        if chars:
            last = self.end if end is None else chars[-1].column + 1
            return Word(chars, self.signs[start:end], chars[0].column, last)
        column = self.chars[start].column if start < len(self.chars) else self.end
        return Word((), "", column, column)

    def split(self, sign: str) -> Iterator["Word"]:
        """Yield the parts between the unquoted `sign`s."""
        start = 0
        while (at := self.find(sign, start)) >= 0:
            yield self.cut(start, at)
            start = at + len(sign)
        yield self.cut(start)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query; `word` is there if the kind is WORD."""

    kind: Kind
    column: int
    word: Word


def tokens(text: str) -> list[Token]:
    """Return the pieces of `text`. Raises: QueryInvalid: quotes that nobody closes."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token(text, at)
        found.append(token)
        at = token.word.end - 1
    return found


def _token(text: str, at: int) -> Token:
    column = at + 1
    if text[at] in "()-":
        return Token(Kind(text[at]), column, Word((), "", column, column + 1))
    word = _word(text, at)
    plain = word.text
    is_keyword = plain in _KEYWORDS and not any(char.is_quoted for char in word.chars)
    return Token(Kind(plain) if is_keyword else Kind.WORD, column, word)


def _word(text: str, at: int) -> Word:
    start, chars = at, list[Char]()
    while at < len(text) and not text[at].isspace() and text[at] not in _ENDS_WORD:
        if text[at] == QUOTE:
            at = _quoted(text, at, chars)
        else:
            chars.append(Char(text[at], is_quoted=False, column=at + 1))
            at += 1
    signs = "".join(_NO_SIGN if char.is_quoted else char.text for char in chars)
    return Word(tuple(chars), signs, start + 1, at + 1)


def _quoted(text: str, at: int, chars: list[Char]) -> int:
    """Add what stands between the quotes; return the place behind them."""
    opened = at
    at += 1
    empty = len(chars)
    while at < len(text) and text[at] != QUOTE:
        is_escape = text[at] == ESCAPE and text[at + 1 : at + 2] in (QUOTE, ESCAPE)
        at += is_escape
        chars.append(Char(text[at], is_quoted=True, column=at + 1))
        at += 1
    if at >= len(text):
        raise QueryInvalid('these quotes are never closed: add a " at the end of the text', opened + 1)
    if len(chars) == empty:
        chars.append(Char("", is_quoted=True, column=opened + 1))
    return at + 1

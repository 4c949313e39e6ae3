"""
Template text to tokens.

Outside of tags all is text. Inside, a tag ends at its own closing mark, unless a bracket is open:
`{{ {"a": {}} }}` is one tag, `{"a":{{x}}}` ends at the first `}}`. `{% raw %}` holds on one line
and is kept as it stands; `{% verbatim %}` may span lines.
"""

import re
from typing import Final, NamedTuple

from runfold.flows.expressions.failures import Refused

_OPEN = re.compile(r"\{[{%#]-?")
_RAW = re.compile(r"\{%-?[ \t]*raw[ \t]*-?%\}(.*?)\{%-?[ \t]*endraw[ \t]*-?%\}")
_VERBATIM = re.compile(r"\{%(-?)\s*verbatim\s*(-?)%\}(.*?)\{%(-?)\s*endverbatim\s*(-?)%\}", re.DOTALL)
_KEPT_OPEN = re.compile(r"\{%-?\s*(?:raw|verbatim)\s*-?%\}")
_COMMENT = re.compile(r"\{#-?.*?(-?)#\}", re.DOTALL)
_CODE = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?L?)
    |(?P<name>[^\W\d]\w*)
    |(?P<single>'[^'\\]*(?:\\.[^'\\]*)*')
    |(?P<double>")
    |(?P<op>\?\?\?|\?\?|\.\.|==|!=|<=|>=|[-+*/%~|?:.,()\[\]{}=<>])""",
    re.VERBOSE | re.DOTALL,
)
_IN_DOUBLE = re.compile(r'"|\\.|#\{', re.DOTALL)
_CLOSING: Final = {"{{": "}}", "{%": "%}"}
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """
    One token. Kinds: text, raw, open, close, name, number, string, parts, op, end.

    `parts` are the pieces of an interpolated string: texts and lists of tokens.
    """

    kind: str
    value: str
    line: int
    start: int
    end: int
    parts: tuple["str | tuple[Token, ...]", ...] = ()


class Lexer:
    """Cuts one template into tokens, at most `tokens_max` of them."""

    def __init__(self, text: str, tokens_max: int) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        self._left = tokens_max
        self._trim_next = False
        self._tokens: list[Token] = []

    def tokens(self) -> list[Token]:
        """Return all tokens, `end` last."""
        while (opening := _OPEN.search(self._text, self._at)) is not None:
            self._one_tag(opening)
        self._add_text(len(self._text), trim=False)
        self._add("end", "", len(self._text), len(self._text))
        return self._tokens

    def _one_tag(self, opening: re.Match[str]) -> None:
        start = opening.start()
        mark = opening.group()
        if raw := _RAW.match(self._text, start):
            self._add_text(start, trim=False)
            self._add("raw", raw.group(1), start, raw.end())
            self._at = raw.end()
        elif verbatim := _VERBATIM.match(self._text, start):
            self._verbatim(verbatim)
        elif _KEPT_OPEN.match(self._text, start):
            raise Refused("A raw or verbatim block is not closed", self._line_at(start))
        elif mark.startswith("{#"):
            self._add_text(start, trim=mark.endswith("-"))
            if (comment := _COMMENT.match(self._text, start)) is None:
                raise Refused("A comment is not closed by '#}'", self._line_at(start))
            self._at, self._trim_next = comment.end(), bool(comment.group(1))
        else:
            self._add_text(start, trim=mark.endswith("-"))
            self._add("open", mark[:2], start, opening.end())
            self._at = opening.end()
            self._tag(_CLOSING[mark[:2]])

    def _verbatim(self, found: re.Match[str]) -> None:
        before, first, content, last, after = found.groups()
        self._add_text(found.start(), trim=bool(before))
        content = content.lstrip() if first else content
        self._add("raw", content.rstrip() if last else content, found.start(), found.end())
        self._at, self._trim_next = found.end(), bool(after)

    def _add_text(self, end: int, *, trim: bool) -> None:
        text = self._text[self._at : end]
        if self._trim_next:
            text, self._trim_next = text.lstrip(), False
        if trim:
            text = text.rstrip()
        if text:
            self._add("text", text, self._at, end)

    def _tag(self, closing: str) -> None:
        """Read code up to and with `closing`."""
        opened: list[tuple[str, int]] = []
        while True:
            self._skip_space()
            if not opened and self._closes(closing):
                return
            token = self._code()
            if token.value in _PAIRS and token.kind == "op":
                opened.append((_PAIRS[token.value], token.line))
            elif token.kind == "op" and token.value in ")]}":
                self._bracket(token, opened)
            self._tokens.append(token)

    @staticmethod
    def _bracket(token: Token, opened: list[tuple[str, int]]) -> None:
        if not opened or opened.pop()[0] != token.value:
            raise Refused(f"Unexpected '{token.value}'", token.line)

    def _closes(self, closing: str) -> bool:
        for mark in (closing, "-" + closing):
            if self._text.startswith(mark, self._at):
                self._add("close", closing, self._at, self._at + len(mark))
                self._at += len(mark)
                self._trim_next = len(mark) > len(closing)
                return True
        return False

    def _skip_space(self) -> None:
        found = _CODE.match(self._text, self._at)
        if found is not None and found.lastgroup == "space":
            self._at = found.end()

    def _code(self) -> Token:
        start = self._at
        if start >= len(self._text):
            raise Refused("Unexpected end of the template, a tag is not closed", self._line_at(start))
        if (found := _CODE.match(self._text, start)) is None:
            raise Refused(f"Unexpected character '{self._text[start]}'", self._line_at(start))
        self._at = found.end()
        match found.lastgroup:
            case "single":
                return self._make("string", found.group()[1:-1].replace("\\'", "'"), start)
            case "double":
                return self._double(start)
            case kind:
                return self._make(kind or "", found.group(), start)

    def _double(self, start: int) -> Token:
        parts: list[str | tuple[Token, ...]] = []
        text: list[str] = []
        while (found := _IN_DOUBLE.search(self._text, self._at)) is not None:
            text.append(self._text[self._at : found.start()])
            self._at = found.end()
            if found.group() == '"':
                break
            if found.group() == "#{":
                parts += ["".join(text), self._interpolated()]
                text = []
            else:
                text.append('"' if found.group() == '\\"' else found.group())
        else:
            raise Refused("A text is not closed by '\"'", self._line_at(start))
        if not parts:
            return self._make("string", "".join(text), start)
        return self._make("parts", "", start, (*parts, "".join(text)))

    def _interpolated(self) -> tuple[Token, ...]:
        """Read the code of one `#{...}`; nested ones recurse, bounded by the recursion limit."""
        outer, self._tokens = self._tokens, []
        try:
            self._tag("}")
            return (*self._tokens[:-1], self._tokens[-1]._replace(kind="end"))
        finally:
            self._tokens, self._trim_next = outer, False

    def _add(self, kind: str, value: str, start: int, end: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused("The template has too many parts", self._line_at(start))
        self._tokens.append(Token(kind, value, self._line_at(start), start, end))

    def _make(self, kind: str, value: str, start: int, parts: tuple[str | tuple[Token, ...], ...] = ()) -> Token:
        self._left -= 1
        if self._left < 0:
            raise Refused("The template has too many parts", self._line_at(start))
        return Token(kind, value, self._line_at(start), start, self._at, parts)

    def _line_at(self, place: int) -> int:
        """Return the line of `place`; tokens come in order, so each character is looked at once."""
        if place > self._counted:
            self._line += self._text.count("\n", self._counted, place)
            self._counted = place
        return self._line

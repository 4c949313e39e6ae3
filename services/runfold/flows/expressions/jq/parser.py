"""jq programs to functions, put together of the makers in `pieces` and `programs`."""

import json
import re
from collections.abc import Mapping
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.jq import pieces, programs
from runfold.flows.expressions.jq.pieces import Program
from runfold.flows.expressions.jq.values import arithmetic, compared

DEPTH_MAX: Final = 32
_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:(?P<string>")|(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|\.\d+)
    |(?P<field>\.[A-Za-z_]\w*)|(?P<variable>\$[A-Za-z_]\w*)|(?P<format>@\w+)|(?P<name>[A-Za-z_]\w*)
    |(?P<op>\?//|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|[.\[\]{}()|,:;=<>+\-*/%?])|(?P<end>\Z))""",
    re.VERBOSE,
)
_PIECE = re.compile(r'[^"\\]+|\\\(|\\u[0-9a-fA-F]{4}|\\.|"', re.DOTALL)
_UPDATES: Final = frozenset({"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="})
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_LITERALS: Final[Mapping[str, object]] = {"null": None, "true": True, "false": False}


def parse(text: str) -> Program:
    """Return the program `text`."""
    parser = _Parser(text)
    program = parser.pipe()
    if parser.kind != "end":
        raise parser.wrong()
    return program


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self.kind = ""
        self.current = ""
        self._next()

    def wrong(self) -> Refused:
        return Refused("The argument 'expression' is no valid jq program")

    def _next(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self.wrong()
        mark, self.kind = self.current, found.lastgroup or ""
        self.current, self._at = found.group(self.kind), found.end()
        return mark

    def _take(self, mark: str) -> bool:
        if self.current == mark and self.kind in ("op", "name"):
            self._next()
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self.wrong()

    # From the operator that binds least ----------------------------------------------------------

    def pipe(self) -> Program:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Refused("A jq program nests too deep")
        parts = [self._comma()]
        while True:
            if self._take("as"):
                name = self._next()
                self._expect("|")
                parts[-1] = pieces.bind(parts[-1], name, self.pipe())
            elif self._take("|"):
                parts.append(self._comma())
            else:
                break
        self._depth -= 1
        return parts[0] if len(parts) == 1 else pieces.piped(parts)

    def _comma(self) -> Program:
        parts = [self._alternative()]
        while self._take(","):
            parts.append(self._alternative())
        return parts[0] if len(parts) == 1 else pieces.all_of(parts)

    def _alternative(self) -> Program:
        left = self._update()
        if self._take("//"):
            return pieces.alternative(left, self._alternative_again())
        return left

    def _alternative_again(self) -> Program:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Refused("A jq program nests too deep")
        right = self._alternative()
        self._depth -= 1
        return right

    def _update(self) -> Program:
        left = self._logical("or")
        if self.kind == "op" and self.current in _UPDATES:
            operator = self._next()
            return pieces.update(left, operator, self._alternative_again())
        return left

    def _logical(self, word: str) -> Program:
        left = self._logical("and") if word == "or" else self._comparison()
        while self._take(word):
            left = pieces.logical(left, self._logical("and") if word == "or" else self._comparison(), word)
        return left

    def _comparison(self) -> Program:
        left = self._sum()
        if self.kind == "op" and self.current in _COMPARISONS:
            operator = self._next()
            return pieces.binary(operator, left, self._sum(), compared)
        return left

    def _sum(self) -> Program:
        left = self._product()
        while self.kind == "op" and self.current in ("+", "-"):
            operator = self._next()
            left = pieces.binary(operator, left, self._product(), arithmetic)
        return left

    def _product(self) -> Program:
        left = self._postfix()
        while self.kind == "op" and self.current in ("*", "/", "%"):
            operator = self._next()
            left = pieces.binary(operator, left, self._postfix(), arithmetic)
        return left

    # Terms ---------------------------------------------------------------------------------------

    def _postfix(self) -> Program:
        term = self._term()
        while True:
            if self.kind == "field":
                term = pieces.key(term, pieces.constant(self._next()[1:]))
            elif self._take("["):
                term = self._bracket(term)
            elif self._take("?"):
                term = pieces.tried(term, None)
            elif self.current == "." and self._text[self._at : self._at + 1] in ("[", '"'):
                self._next()
                term = pieces.key(term, self._string()) if self.kind == "string" else term
            else:
                return term

    def _bracket(self, term: Program) -> Program:
        if self._take("]"):
            return pieces.each(term)
        start = None if self.current == ":" else self.pipe()
        if self._take(":"):
            end = None if self.current == "]" else self.pipe()
            self._expect("]")
            return pieces.cut(term, start, end)
        self._expect("]")
        return pieces.key(term, start or pieces.constant(None))

    def _term(self) -> Program:
        if self.kind == "string":
            return self._string()
        if self.kind == "field":
            return pieces.key(pieces.identity, pieces.constant(self._next()[1:]))
        if self.kind == "number":
            text = self._next()
            return pieces.constant(int(text) if text.isdigit() else float(text))
        if self.kind == "variable":
            return pieces.variable(self._next())
        if self.kind == "format":
            return programs.call(self._next(), [])
        if self.kind == "name":
            return self._word(self._next())
        return self._op(self._next())

    def _op(self, mark: str) -> Program:
        if mark == ".":
            if self.kind == "string":
                return pieces.key(pieces.identity, self._string())
            return pieces.identity
        if mark == "..":
            return programs.call("recurse", [])
        if mark == "(":
            inner = self.pipe()
            self._expect(")")
            return inner
        if mark == "[":
            items = None if self.current == "]" else self.pipe()
            self._expect("]")
            return pieces.collected(items)
        if mark == "-":
            return pieces.binary("-", pieces.constant(0), self._postfix_below(), arithmetic)
        if mark == "{":
            return self._object()
        raise self.wrong()

    def _postfix_below(self) -> Program:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Refused("A jq program nests too deep")
        inner = self._postfix()
        self._depth -= 1
        return inner

    def _word(self, word: str) -> Program:
        if word in _LITERALS:
            return pieces.constant(_LITERALS[word])
        if word == "if":
            return self._if()
        if word == "try":
            body = self._postfix_below()
            return pieces.tried(body, self._postfix_below() if self._take("catch") else None)
        if word == "reduce":
            source = self._postfix_below()
            self._expect("as")
            name = self._next()
            self._expect("(")
            start = self.pipe()
            self._expect(";")
            step = self.pipe()
            self._expect(")")
            return pieces.reduced(source, name, start, step)
        arguments: list[Program] = []
        if self._take("("):
            arguments.append(self.pipe())
            while self._take(";"):
                arguments.append(self.pipe())
            self._expect(")")
        return programs.call(word, arguments)

    def _if(self) -> Program:
        condition = self.pipe()
        self._expect("then")
        chosen = self.pipe()
        if self._take("elif"):
            self._depth += 1
            other = self._if()
            self._depth -= 1
            return pieces.chosen(condition, chosen, other)
        other = self.pipe() if self._take("else") else pieces.identity
        self._expect("end")
        return pieces.chosen(condition, chosen, other)

    def _string(self) -> Program:
        """Parse a text; the current mark is its opening quote."""
        parts: list[Program] = []
        while True:
            found = _PIECE.match(self._text, self._at)
            if found is None:
                raise self.wrong()
            self._at = found.end()
            piece = found.group()
            if piece == '"':
                self._next()
                return pieces.joined(parts)
            if piece == "\\(":
                self._next()
                parts.append(self.pipe())
                if self.current != ")":
                    raise self.wrong()
            elif piece.startswith("\\"):
                parts.append(pieces.constant(_unescaped(piece)))
            else:
                parts.append(pieces.constant(piece))

    def _object(self) -> Program:
        entries: list[tuple[Program, Program]] = []
        while not self._take("}"):
            if entries:
                self._expect(",")
            entries.append(self._entry())
        return pieces.made_object(entries)

    def _entry(self) -> tuple[Program, Program]:
        if self.kind == "variable":
            name = self._next()
            return pieces.constant(name[1:]), pieces.variable(name)
        if self._take("("):
            key = self.pipe()
            self._expect(")")
        elif self.kind == "string":
            key = self._string()
        elif self.kind == "name":
            key = pieces.constant(self._next())
        else:
            raise self.wrong()
        return (key, self._alternative_above()) if self._take(":") else (key, pieces.key(pieces.identity, key))

    def _alternative_above(self) -> Program:
        """Parse the value of an entry: all but a comma, pipes included."""
        parts = [self._alternative_again()]
        while self._take("|"):
            parts.append(self._alternative_again())
        return pieces.piped(parts)


def _unescaped(piece: str) -> str:
    try:
        return str(json.loads(f'"{piece}"'))
    except ValueError:
        raise Refused("The argument 'expression' is no valid jq program") from None

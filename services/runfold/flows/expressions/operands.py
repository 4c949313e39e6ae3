"""
The expression parser: Pebble's operators by their precedence, to nodes of Jinja2's tree.

Every operation becomes a call of a function in the closed table of `runtime` (a `nodes.Filter`),
so compiled templates can do nothing that is not in that table. Chains such as `a ~ b ~ c` become
one call with many arguments: they need no depth.
"""

from collections.abc import Mapping
from typing import Final

from jinja2 import nodes

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.lexer import Token
from runfold.flows.expressions.references import OF_FUNCTIONS, Collector, path_of
from runfold.flows.expressions.registry import Arguments, Builtin, placed
from runfold.flows.expressions.tokens import Tokens

_OR, _AND, _TEST, _COMPARE, _ADD, _MULTIPLY, _FILTER, _JOIN, _COALESCE, _UNARY = (
    10, 15, 20, 30, 40, 60, 100, 110, 120, 500,
)  # fmt: skip
_SYMBOLS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), _COMPARE),
    **dict.fromkeys(("+", "-"), _ADD),
    **dict.fromkeys(("*", "/", "%"), _MULTIPLY),
    **dict.fromkeys(("??", "???", ".."), _COALESCE),
    "|": _FILTER,
    "~": _JOIN,
}
_WORDS: Final[Mapping[str, int]] = {"or": _OR, "and": _AND, "is": _TEST, "contains": _TEST, "equals": _COMPARE}
_LITERALS: Final[Mapping[str, bool | None]] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "none": None, "None": None,
}  # fmt: skip
#: Tests that take a missing variable for null.
_TOLERANT_TESTS: Final = frozenset({"defined", "null", "empty"})
_TESTS: Final = frozenset({"empty", "even", "odd", "iterable", "map", "null", "defined", "json", "equalTo"})
_LONG_MAX: Final = (1 << 63) - 1


def call(line: int, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    """Return the call of the runtime function `name`."""
    first = arguments[0] if arguments else None
    return nodes.Filter(first, name, list(arguments[1:]), [], None, None, lineno=line)


class OperandParser:
    """
    Parses expressions from `tokens`; subclassed by the parser of whole templates.

    `filters` and `functions` are the built-in ones, `outside` the names of those given from outside.
    """

    def __init__(  # noqa: PLR0913 - what a language consists of
        self,
        text: str,
        tokens: Tokens,
        *,
        filters: Mapping[str, Builtin],
        functions: Mapping[str, Builtin],
        outside: frozenset[str],
        depth_max: int,
    ) -> None:
        self.tokens = tokens
        self.collector = Collector()
        #: Names called that are no functions, with their line: they must be macros.
        self.macros_called: list[tuple[str, int]] = []
        self._text = text
        self._filters = filters
        self._functions = functions
        self._outside = outside
        self._depth = 0
        self._depth_max = depth_max

    def deeper(self) -> None:
        self._depth += 1
        if self._depth > self._depth_max:
            raise Refused(f"The template nests deeper than {self._depth_max} levels", self.tokens.current.line)

    def shallower(self) -> None:
        self._depth -= 1

    def expression(self) -> nodes.Expr:
        """Parse a whole expression; the ternary operator binds least."""
        self.deeper()
        condition = self._operation(0)
        line = self.tokens.current.line
        if self.tokens.take_op("?"):
            chosen = self.expression()
            self.tokens.expect_op(":")
            other = self.expression()
            condition = nodes.CondExpr(call(line, "truth_or_null", condition), chosen, other, lineno=line)
        self.shallower()
        return condition

    # Operators -----------------------------------------------------------------------------------

    def _binary(self) -> tuple[str, int] | None:
        """Return the binary operator that comes next, with its precedence."""
        token = self.tokens.current
        known = _SYMBOLS if token.kind == "op" else _WORDS if token.kind == "name" else {}
        precedence = known.get(token.value)
        return None if precedence is None else (token.value, precedence)

    def _operation(self, least: int) -> nodes.Expr:
        """Parse operators that bind at least as `least`, left to right."""
        left = self._unary()
        chain: nodes.Filter | None = None  # what `left` is, when the next operator may join it
        chain_kind: object = None
        links = 0
        while (found := self._binary()) is not None and found[1] >= least:
            operator, precedence = found
            line = self.tokens.take().line
            kind = operator if precedence in (_OR, _AND, _COALESCE) else precedence
            if precedence in (_TEST, _FILTER):
                links += 1
                left, chain = self._suffix(operator, left, line), None
            elif chain is not None and chain_kind == kind:
                self._join(chain, operator, self._operation_above(precedence), precedence)
                continue
            else:
                links += 1
                left = chain = self._start(operator, precedence, left, line)
            chain_kind = kind
            if links > self._depth_max:
                raise Refused(f"The template nests deeper than {self._depth_max} levels", line)
        return left

    def _operation_above(self, precedence: int) -> nodes.Expr:
        self.deeper()
        right = self._operation(precedence + 1)
        self.shallower()
        return right

    def _start(self, operator: str, precedence: int, left: nodes.Expr, line: int) -> nodes.Filter:
        names = {"or": "or", "and": "and", "~": "concat", "??": "coalesce", "???": "default_missing", "..": "range"}
        started = call(line, names.get(operator, "chain"), left)
        self._join(started, operator, self._operation_above(precedence), precedence)
        return started

    @staticmethod
    def _join(chain: nodes.Filter, operator: str, right: nodes.Expr, precedence: int) -> None:
        if operator == ".." and chain.args:
            raise Refused("A range has two ends", chain.lineno)
        if precedence in (_COMPARE, _ADD, _MULTIPLY):
            chain.args.append(nodes.Const("==" if operator == "equals" else operator))
        chain.args.append(right)

    def _suffix(self, operator: str, left: nodes.Expr, line: int) -> nodes.Expr:
        if operator == "|":
            return self.filtered(left)
        if operator == "contains":
            return call(line, "contains", left, self._operation_above(_TEST))
        negated = self.tokens.take_name("not")
        name = self.tokens.expect("name", "the name of a test").value
        if name not in _TESTS:
            raise Refused(f"The test '{name}' does not exist", line)
        arguments = self._arguments().positional if self.tokens.is_op("(") else ()
        if name in _TOLERANT_TESTS:
            left = call(line, "attempt", left)
        tested = call(line, "test", left, nodes.Const(name), *arguments)
        return nodes.Not(tested, lineno=line) if negated else tested

    def filtered(self, left: nodes.Expr) -> nodes.Expr:
        """Parse the filter that `left` goes through."""
        token = self.tokens.expect("name", "the name of a filter")
        given = self._arguments() if self.tokens.is_op("(") else Arguments()
        builtin = self._filters.get(token.value)
        if builtin is None:
            raise Refused(f"The filter '{token.value}' does not exist", token.line)
        try:
            arguments = placed(f"The filter '{token.value}'", builtin, given)
        except Refused as refused:
            raise Refused(refused.message, token.line) from refused
        if token.value == "default":
            left = call(token.line, "attempt", left)
        return call(token.line, f"filter {token.value}", left, *arguments)

    def _unary(self) -> nodes.Expr:
        token = self.tokens.current
        names = {"-": "negative", "+": "positive"}
        if token.kind == "op" and token.value in names:
            name = names[token.value]
        elif self.tokens.is_name("not"):
            name = "not"
        else:
            return self._postfix()
        self.tokens.take()
        self.deeper()
        operand = self._operation(_UNARY)
        self.shallower()
        return call(token.line, name, operand)

    # Operands ------------------------------------------------------------------------------------

    def _postfix(self) -> nodes.Expr:
        token = self.tokens.current
        if token.kind == "name" and token.value not in _LITERALS:
            self.tokens.take()
            if self.tokens.is_op("("):
                node = self._function(token)
            else:
                keys, labels = self._keys()
                self.collector.read(token.value, keys)
                node = _path(token, keys, labels)
        else:
            node = self._primary()
        links = 0
        while self.tokens.is_op(".") or self.tokens.is_op("["):
            links += 1
            if links > self._depth_max:
                raise Refused(f"The template nests deeper than {self._depth_max} levels", token.line)
            if self._at_method():
                self.tokens.take()
                name = self.tokens.take()
                arguments = self._arguments()
                if arguments.named:
                    raise Refused(f"The method '{name.value}' takes no named arguments", name.line)
                node = call(name.line, "method", node, nodes.Const(name.value), *arguments.positional)
            keys, labels = self._keys()
            if keys:
                node = call(token.line, "get", node, nodes.Const(tuple(labels)), *keys)
        return node

    def _at_method(self) -> bool:
        tokens = self.tokens
        return tokens.is_op(".") and tokens.after(2) == ("op", "(")

    def _keys(self) -> tuple[list[nodes.Expr], list[str]]:
        """Parse `.name` and `[key]` up to a method call; return the keys, and their names for messages."""
        keys: list[nodes.Expr] = []
        labels: list[str] = []
        while True:
            if self.tokens.is_op(".") and not self._at_method():
                self.tokens.take()
                name = self.tokens.expect("name", "the name of an attribute")
                keys.append(nodes.Const(name.value))
                labels.append(name.value)
            elif self.tokens.is_op("["):
                start = self.tokens.take().end
                key = self.expression()
                end = self.tokens.current.start
                self.tokens.expect_op("]")
                keys.append(key)
                labels.append(str(key.value) if isinstance(key, nodes.Const) else self._text[start:end].strip())
            else:
                return keys, labels

    def _primary(self) -> nodes.Expr:
        token = self.tokens.take()
        match token.kind, token.value:
            case "name", _:
                return nodes.Const(_LITERALS[token.value], lineno=token.line)
            case "string", text:
                return nodes.Const(text, lineno=token.line)
            case "parts", _:
                return self._interpolated(token)
            case "number", _:
                return nodes.Const(_number(token), lineno=token.line)
            case "op", "(":
                node = self.expression()
                self.tokens.expect_op(")")
                return node
            case "op", "[":
                return nodes.List(self._items("]"), lineno=token.line)
            case "op", "{":
                return self._map(token.line)
        ends = {"end": "end of the template", "close": "end of the tag"}
        raise Refused(f"Unexpected {ends.get(token.kind) or repr(token.value)}", token.line)

    def _items(self, closing: str) -> list[nodes.Expr]:
        items: list[nodes.Expr] = []
        while not self.tokens.take_op(closing):
            if items:
                self.tokens.expect_op(",")
            items.append(self.expression())
        return items

    def _map(self, line: int) -> nodes.Expr:
        entries: list[nodes.Expr] = []
        while not self.tokens.take_op("}"):
            if entries:
                self.tokens.expect_op(",")
            entries.append(self.expression())
            self.tokens.expect_op(":")
            entries.append(self.expression())
        return call(line, "map", nodes.Const(None), *entries)

    def _interpolated(self, token: Token) -> nodes.Expr:
        pieces: list[nodes.Expr] = []
        for part in token.parts:
            if isinstance(part, str):
                pieces.append(nodes.Const(part))
                continue
            outer, self.tokens = self.tokens, Tokens(part)
            pieces.append(self.expression())
            if self.tokens.current.kind != "end":
                raise self.tokens.unexpected("'}'")
            self.tokens = outer
        return call(token.line, "concat", *pieces)

    def _arguments(self) -> Arguments:
        """Parse `(a, b, name=c)`."""
        self.tokens.expect_op("(")
        positional: list[nodes.Expr] = []
        named: list[tuple[str, nodes.Expr]] = []
        while not self.tokens.take_op(")"):
            if positional or named:
                self.tokens.expect_op(",")
            if self.tokens.current.kind == "name" and self.tokens.after(1) == ("op", "="):
                name = self.tokens.take().value
                self.tokens.take()
                named.append((name, self.expression()))
            elif named:
                raise self.tokens.unexpected("a named argument")
            else:
                positional.append(self.expression())
        return Arguments(positional, tuple(named))

    def _function(self, name: Token) -> nodes.Expr:
        given = self._arguments()
        if name.value in self._functions:
            title = f"The function '{name.value}'"
            try:
                arguments = placed(title, self._functions[name.value], given)
            except Refused as refused:
                raise Refused(refused.message, name.line) from refused
            self.collector.called(name.value, arguments)
            return call(name.line, f"function {name.value}", *arguments)
        kind = "outside" if name.value in self._outside else "macro"
        if kind == "outside":
            self.collector.found.update(OF_FUNCTIONS)
        else:
            self.macros_called.append((name.value, name.line))
        names = nodes.Const(tuple(argument for argument, _ in given.named))
        values = [*given.positional, *(value for _, value in given.named)]
        return call(name.line, kind, nodes.Const(name.value), names, *values)


def _path(root: Token, keys: list[nodes.Expr], labels: list[str]) -> nodes.Filter:
    plain = call(root.line, "path", nodes.Const(root.value), *keys)
    if path_of(plain) is not None:
        return plain
    return call(root.line, "labelled", nodes.Const((root.value, *labels)), *keys)


def _number(token: Token) -> int | float:
    text = token.value
    if "." in text:
        if text.endswith("L") or len(text) > 300:
            raise Refused(f"'{text[:20]}' is no number", token.line)
        return float(text)
    digits = text.removesuffix("L")
    if len(digits) > 19 or int(digits) > _LONG_MAX:
        raise Refused("A number is too large", token.line)
    return int(digits)

"""
The template parser: text, tags and statements, to a tree that Jinja2 compiles.

Variables of the template live in the render's own scopes, never in Jinja2's. The bodies of blocks,
macros and filter tags become Jinja2 blocks of our own naming, called by the runtime; a macro is
known in the whole template. A body's text reaches its place as a value, so it is measured there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.lexer import Lexer, Token
from runfold.flows.expressions.operands import OperandParser, call
from runfold.flows.expressions.references import Reference
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Language:
    """The names a template may use, and how deep it may nest."""

    filters: Mapping[str, Builtin]
    functions: Mapping[str, Builtin]
    outside: frozenset[str]
    depth_max: int
    tokens_max: int


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: the Jinja2 block that prints it, and the names of its parameters."""

    block: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A template's tree, and what must be known besides; `single` if it is one expression only."""

    tree: nodes.Template
    blocks: Mapping[str, str]
    macros: Mapping[str, Macro]
    references: frozenset[Reference]
    rendered: tuple[str, ...]
    single: nodes.Expr | None


def parse(text: str, language: Language) -> Parsed:
    """
    Return the tree of `text`.

    Raises:
        Refused: The text is no template of this language.
    """
    return _TemplateParser(text, language).parsed()


class _TemplateParser(OperandParser):
    def __init__(self, text: str, language: Language) -> None:
        super().__init__(
            text,
            Tokens(Lexer(text, language.tokens_max).tokens()),
            filters=language.filters,
            functions=language.functions,
            outside=language.outside,
            depth_max=language.depth_max,
        )
        self._blocks: dict[str, str] = {}
        self._macros: dict[str, Macro] = {}
        self._definitions: list[nodes.Node] = []

    def parsed(self) -> Parsed:
        body = self._body(frozenset())
        for name, line in self.macros_called:
            if name not in self._macros:
                raise Refused(f"Function or Macro [{name}] does not exist", line)
        single = _single(body)
        if self._definitions:
            # Never run: Jinja2 defines the blocks it finds here.
            body.append(nodes.If(nodes.Const(False), self._definitions, [], []))  # noqa: FBT003 - a literal
        return Parsed(
            nodes.Template(body, lineno=1),
            self._blocks,
            self._macros,
            frozenset(self.collector.found),
            tuple(self.collector.rendered),
            single,
        )

    def _body(self, ends: frozenset[str]) -> list[nodes.Node]:
        """Parse up to a tag named in `ends`; its name is then the current token."""
        self.deeper()
        body: list[nodes.Node] = []
        while (token := self.tokens.take()).kind != "end":
            if token.kind == "text":
                body.append(nodes.Output([nodes.TemplateData(token.value)], lineno=token.line))
            elif token.kind == "raw":
                raw = call(token.line, "raw", nodes.Const(token.value))
                body.append(nodes.Output([raw], lineno=token.line))
            elif token.value == "{{":
                printed = call(token.line, "print", self.expression())
                self._close()
                body.append(nodes.Output([printed], lineno=token.line))
            else:
                name = self.tokens.current
                if name.value in ends:
                    self.shallower()
                    return body
                body += self._tag(self.tokens.expect("name", "the name of a tag"))
        if ends:
            raise Refused(f"Unexpected end of the template, expected {' or '.join(sorted(ends))}", token.line)
        self.shallower()
        return body

    def _close(self) -> None:
        self.tokens.expect("close", "the end of the tag")

    def _tag(self, name: Token) -> list[nodes.Node]:
        parse_tag = _TAGS.get(name.value)
        if parse_tag is None:
            raise Refused(f"Unexpected tag name '{name.value}'", name.line)
        return parse_tag(self, name.line)

    def _inner(self, *ends: str, own: tuple[str, ...] = ()) -> list[nodes.Node]:
        """Close the tag and parse its body; `own` are names that the body finds set."""
        self._close()
        self.collector.scopes.append(set(own))
        body = self._body(frozenset(ends))
        self.collector.scopes.pop()
        return body

    def _end(self, name: str) -> None:
        if not self.tokens.take_name(name):
            raise self.tokens.unexpected(name)

    def if_(self, line: int) -> list[nodes.Node]:
        branches = [self._branch(line)]
        while self.tokens.take_name("elseif"):
            branches.append(self._branch(self.tokens.current.line))
        otherwise = self._inner("endif") if self.tokens.take_name("else") else []
        self._end("endif")
        self._close()
        first, *others = branches
        first.elif_, first.else_ = others, otherwise
        return [first]

    def _branch(self, line: int) -> nodes.If:
        test = call(line, "truth", self.expression())
        return nodes.If(test, self._inner("elseif", "else", "endif"), [], [], lineno=line)

    def for_(self, line: int) -> list[nodes.Node]:
        name = self.tokens.expect("name", "a name").value
        if not self.tokens.take_name("in"):
            raise self.tokens.unexpected("'in'")
        items = call(line, "iterate", nodes.Const(name), self.expression())
        body = self._inner("else", "endfor", own=(name, "loop"))
        otherwise: list[nodes.Node] = []
        if self.tokens.take_name("else"):
            # Null is iterated without an `else`; only an empty collection has one.
            test = call(line, "was_empty")
            otherwise = [nodes.If(test, self._inner("endfor"), [], [], lineno=line)]
        self._end("endfor")
        self._close()
        return [nodes.For(nodes.Name("item", "store"), items, body, otherwise, None, False, lineno=line)]  # noqa: FBT003

    def set_(self, line: int) -> list[nodes.Node]:
        name = self.tokens.expect("name", "a name").value
        self.tokens.expect_op("=")
        value = self.expression()
        self._close()
        self.collector.scopes[-1].add(name)
        return [nodes.ExprStmt(call(line, "set", nodes.Const(name), value), lineno=line)]

    def block(self, line: int) -> list[nodes.Node]:
        token = self.tokens.take()
        if token.kind not in ("name", "string"):
            raise Refused("A block needs a name", token.line)
        if token.value in self._blocks:
            raise Refused("A block is defined twice", line)
        internal = self._define(self._inner("endblock"), line)
        self._blocks[token.value] = internal
        self._end("endblock")
        if self.tokens.current.kind in ("name", "string"):
            self.tokens.take()
        self._close()
        return [nodes.Output([call(line, "capture", nodes.Const(internal))], lineno=line)]

    def filter_(self, line: int) -> list[nodes.Node]:
        # The filters stand before the text they take: a mark holds its place.
        internal = self._name()
        filtered = self.filtered(call(line, "capture", nodes.Const(internal)))
        while self.tokens.take_op("|"):
            filtered = self.filtered(filtered)
        self._define(self._inner("endfilter"), line, internal)
        self._end("endfilter")
        self._close()
        return [nodes.Output([call(line, "print", filtered)], lineno=line)]

    def macro(self, line: int) -> list[nodes.Node]:
        name = self.tokens.expect("name", "the name of a macro").value
        self.tokens.expect_op("(")
        parameters: list[str] = []
        defaults: list[nodes.Node] = []
        while not self.tokens.take_op(")"):
            if parameters:
                self.tokens.expect_op(",")
            parameters.append(self.tokens.expect("name", "the name of a parameter").value)
            if self.tokens.take_op("="):
                standing = call(line, "parameter", nodes.Const(parameters[-1]), self.expression())
                defaults.append(nodes.ExprStmt(standing, lineno=line))
        body = self._inner("endmacro", own=tuple(parameters))
        self._end("endmacro")
        if self.tokens.current.kind == "name":
            self.tokens.take()
        self._close()
        self._macros[name] = Macro(self._define([*defaults, *body], line), tuple(parameters))
        return []

    def _name(self) -> str:
        self._definitions.append(nodes.Output([]))  # holds the place, so that names stay unique
        return f"b{len(self._definitions)}"

    def _define(self, body: list[nodes.Node], line: int, internal: str | None = None) -> str:
        internal = internal or self._name()
        scoped, required = False, False
        self._definitions.append(nodes.Block(internal, body, scoped, required, lineno=line))
        return internal


_TAGS: Final[Mapping[str, Callable[[_TemplateParser, int], list[nodes.Node]]]] = {
    "if": _TemplateParser.if_,
    "for": _TemplateParser.for_,
    "set": _TemplateParser.set_,
    "block": _TemplateParser.block,
    "filter": _TemplateParser.filter_,
    "macro": _TemplateParser.macro,
}


def _single(body: list[nodes.Node]) -> nodes.Expr | None:
    """Return the expression that `body` consists of, if it does."""
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return None
    (printed,) = body[0].nodes
    if isinstance(printed, nodes.Filter) and printed.name == "print":
        return printed.node
    return None

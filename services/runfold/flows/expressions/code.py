"""
Parsed templates to code: Jinja2 compiles the tree, sandboxed, with our table as its only filters.

Two things are ours in the code it generates: calls of the lazy functions get their arguments as
functions, and what is printed is text already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from jinja2 import Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import ImmutableSandboxedEnvironment

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.operands import call
from runfold.flows.expressions.parser import Macro, Parsed
from runfold.flows.expressions.runtime import LAZY

#: What the compiled code of a template is said to come from.
FILENAME = "<expression>"


class _Generator(CodeGenerator):
    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802 - Jinja2's naming
        self.write(f"{self.filters[node.name]}(context")
        arguments = node.args if node.node is None else [node.node, *node.args]
        for argument in arguments:
            self.write(", lambda: " if node.name in LAZY else ", ")
            self.visit(argument, frame)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """Write nothing: `print` gives text."""

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """Write nothing: `print` gives text."""


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """A template ready to run; `typed`: it keeps its value instead of printing it."""

    template: Template
    blocks: Mapping[str, str]
    macros: Mapping[str, Macro]
    typed: bool


class Compiler:
    """Compiles parsed templates against one table of functions."""

    def __init__(self, functions: Mapping[str, Callable[..., object]]) -> None:
        self._environment = _Environment(optimized=False, autoescape=False, cache_size=0)
        self._environment.filters = dict(functions)

    def compile(self, parsed: Parsed, *, typed: bool) -> CompiledTemplate:
        """
        Return the code of `parsed`; `typed` asks for the value, if it is one expression.

        Raises:
            Refused: It nests deeper than Python's compiler can go.
        """
        tree = parsed.tree
        keeps = typed and parsed.single is not None
        if keeps and parsed.single is not None:
            kept = nodes.ExprStmt(call(1, "keep", parsed.single), lineno=parsed.single.lineno)
            tree = nodes.Template([kept, *parsed.tree.body[1:]], lineno=1)
        tree.set_environment(self._environment)
        try:
            code = self._environment.compile(tree, "expression", FILENAME)
        except (RecursionError, SyntaxError, MemoryError):
            raise Refused("The template nests too deep") from None
        return CompiledTemplate(self._template(code), parsed.blocks, parsed.macros, keeps)

    def _template(self, code: CodeType) -> Template:
        return Template.from_code(self._environment, code, {})

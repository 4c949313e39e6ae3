"""
One render under way: its variables, the scopes of the template, its meter.

This is what compiled templates get as their context. Reading is by key only: a map's entry, a
list's item. No attribute of a Python object is ever reached.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from jinja2 import Template

from runfold.flows.expressions.failures import Missing, Refused
from runfold.flows.expressions.limits import Meter
from runfold.flows.expressions.methods import PROPERTIES, call_method
from runfold.flows.expressions.parser import Macro


class Compiled(Protocol):
    """A compiled template, as a render sees it."""

    @property
    def template(self) -> Template: ...
    @property
    def blocks(self) -> Mapping[str, str]: ...
    @property
    def macros(self) -> Mapping[str, Macro]: ...


class Engine(Protocol):
    """What a render needs of its engine."""

    outside: Mapping[str, Callable[..., object]]
    clock: Callable[[], datetime]

    def again(self, render: "Render", value: object, *, recursive: bool) -> object:
        """Render `value` inside `render`, with its variables."""
        ...


class Scope:
    """The names set in a loop or macro; an isolated one sees nothing outside of it."""

    __slots__ = ("isolated", "names", "parent")

    def __init__(self, parent: "Scope | None", names: dict[str, object], *, isolated: bool = False) -> None:
        self.parent = parent
        self.names = names
        self.isolated = isolated


class Render:
    """The context of a compiled template's run."""

    __slots__ = ("_was_null", "blocks", "compiled", "engine", "kept", "meter", "result", "scope", "top", "variables")

    #: Jinja2's generated code asks for it; no name of ours is resolved by Jinja2.
    resolve_or_missing = None

    def __init__(self, engine: Engine, variables: Mapping[str, object], meter: Meter) -> None:
        self.engine = engine
        self.variables = variables
        self.meter = meter
        #: Names set outside of loops and macros.
        self.top: dict[str, object] = {}
        self.scope: Scope | None = None
        #: Raw pieces, kept out of a text that is rendered again; None: raw pieces go in as they are.
        self.kept: list[str] | None = None
        self.result: object = None
        self._was_null = False

    def enter(self, compiled: Compiled) -> None:
        """Make `compiled` the template that runs."""
        self.compiled = compiled
        self.blocks = compiled.template.blocks

    # Reading -------------------------------------------------------------------------------------

    def find(self, name: str) -> object:
        """Return the variable `name`."""
        scope = self.scope
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            if scope.isolated:
                raise Missing(name)
            scope = scope.parent
        if name in self.top:
            return self.top[name]
        if name in self.variables:
            return self.variables[name]
        raise Missing(name)

    # Scopes --------------------------------------------------------------------------------------

    def set(self, name: str, value: object) -> None:
        """Set `name` where it is known, else in the innermost scope."""
        scope = self.scope
        while scope is not None:
            if name in scope.names or scope.isolated:
                scope.names[name] = value
                return
            scope = scope.parent
        if self.scope is None or name in self.top or name in self.variables:
            self.top[name] = value
        else:
            self.scope.names[name] = value

    def iterate(self, name: str, value: object) -> Iterator[None]:
        """
        Yield for each item of `value`, with `name` and `loop` set.

        The scope is put back only after the last item: a render that fails is over anyway, and
        `??` puts back what it found.
        """
        self._was_null = value is None
        items = [] if value is None else entries(value)
        outer = self.scope
        length = len(items)
        for index, item in enumerate(items):
            self.meter.step()
            loop = {
                "index": index,
                "length": length,
                "first": index == 0,
                "last": index == length - 1,
                "revindex": length - 1 - index,
            }
            self.scope = Scope(outer, {name: item, "loop": loop})
            yield
        self.scope = outer

    def was_empty(self) -> bool:
        """Tell whether what was iterated last was an empty collection, not null."""
        return not self._was_null

    # Bodies --------------------------------------------------------------------------------------

    def capture(self, block: str) -> str:
        """Return the text of the body `block`."""
        self.meter.step()
        self.meter.deeper()
        # Jinja2's type of a context; ours has what its generated code uses.
        text = self.joined(self.blocks[block](self))  # type: ignore[arg-type]
        self.meter.sized(text)
        self.meter.depth -= 1
        return text

    def joined(self, pieces: Iterator[str]) -> str:
        """Return `pieces` as one text, measured while it grows."""
        parts: list[str] = []
        chars = 0
        for piece in pieces:
            chars += len(piece)
            self.meter.chars(chars)
            parts.append(piece)
        return "".join(parts)

    def macro(self, name: str, names: tuple[str, ...], values: tuple[object, ...]) -> str:
        """Call the macro `name`; the last of `values` are for the parameters `names`."""
        macro = self.compiled.macros[name]
        positional = values[: len(values) - len(names)]
        if len(positional) > len(macro.parameters):
            raise Refused(f"The macro '{name}' takes at most {len(macro.parameters)} arguments")
        given = dict(zip(macro.parameters, positional, strict=False))
        for argument, value in zip(names, values[len(positional) :], strict=True):
            if argument not in macro.parameters:
                raise Refused(f"The macro '{name}' has no argument '{argument}'")
            given[argument] = value
        outer = self.scope
        self.scope = Scope(outer, given, isolated=True)
        text = self.capture(macro.block)
        self.scope = outer
        return text

    def parameter(self, name: str, default: object) -> None:
        """Set a macro's parameter that was not given."""
        if self.scope is not None:
            self.scope.names.setdefault(name, default)

    def reprint(self, name: str) -> str:
        """Print the block `name` again."""
        if name not in self.compiled.blocks:
            raise Refused(f"The block '{name}' does not exist")
        return self.capture(self.compiled.blocks[name])

    def raw(self, text: str) -> str:
        """Return what stands for a raw piece until the end of the render."""
        if self.kept is None:
            return text
        self.kept.append(text)
        return f"\x00{len(self.kept) - 1}\x00"


def attribute(value: object, key: object, label: str) -> object:
    """Return the entry `key` of a map, the item `key` of a list; `label` names it in refusals."""
    if isinstance(value, Mapping):
        try:
            return value[key]
        except (KeyError, TypeError):
            raise Missing(label) from None
    if isinstance(value, list | tuple):
        at = key
        if isinstance(at, str) and at.isascii() and at.isdigit() and len(at) < 10:
            at = int(at)
        if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(value):
            return value[at]
    if isinstance(key, str) and isinstance(value, str | list | tuple) and key in PROPERTIES:
        return call_method(value, key, ())
    raise Missing(label)


def entries(value: object) -> list[object]:
    """Return the items of a collection, the entries of a map."""
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    raise Refused("Only a collection or a map can be iterated")

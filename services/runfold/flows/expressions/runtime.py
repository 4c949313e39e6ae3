"""
The closed table of functions that compiled templates may call, and nothing else.

Each takes the render first. Names in `LAZY` get their arguments as functions: what is not needed is
not computed, and a variable missing in it can be caught.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from jinja2 import pass_context

from runfold.flows.expressions import operators
from runfold.flows.expressions.failures import Missing, Refused
from runfold.flows.expressions.methods import call_method
from runfold.flows.expressions.printing import printed
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render, attribute
from runfold.flows.expressions.tests import holds

Lazy = Callable[[], object]
LAZY: Final = frozenset({"and", "or", "attempt", "coalesce", "default_missing"})


def path(render: Render, root: str, *keys: object) -> object:
    """Read a variable by constant keys."""
    render.meter.step()
    value = render.find(root)
    for key in keys:
        value = attribute(value, key, key if type(key) is str else str(key))
    return value


def labelled(render: Render, labels: tuple[str, ...], *keys: object) -> object:
    """Read a variable by computed keys; `labels` name them in messages, never their values."""
    return get(render, render.find(labels[0]), labels[1:], *keys)


def get(render: Render, value: object, labels: tuple[str, ...], *keys: object) -> object:
    """Read on from any value."""
    render.meter.step()
    for key, label in zip(keys, labels, strict=True):
        value = attribute(value, key, label)
    return value


def attempt(render: Render, operand: Lazy) -> object:
    """Return the operand, null if something in it is missing."""
    scope, depth = render.scope, render.meter.depth
    try:
        return operand()
    except Missing:
        render.scope, render.meter.depth = scope, depth
        return None


def coalesce(render: Render, *operands: Lazy) -> object:
    """Return the first operand that is neither missing nor null; the last one as it is."""
    for operand in operands[:-1]:
        value = attempt(render, operand)
        if value is not None:
            return value
    return operands[-1]()


def default_missing(render: Render, *operands: Lazy) -> object:
    """Return the first operand that is not missing."""
    scope, depth = render.scope, render.meter.depth
    for operand in operands[:-1]:
        try:
            return operand()
        except Missing:
            render.scope, render.meter.depth = scope, depth
    return operands[-1]()


def any_true(render: Render, *operands: Lazy) -> bool:
    render.meter.step()
    return any(operators.truth(operand()) for operand in operands)


def all_true(render: Render, *operands: Lazy) -> bool:
    render.meter.step()
    return all(operators.truth(operand()) for operand in operands)


def chain(render: Render, value: object, *links: object) -> object:
    """Apply operators of one precedence, left to right: operator, operand, operator, operand..."""
    for operator, operand in zip(links[::2], links[1::2], strict=True):
        render.meter.step()
        if operator in ("+", "-", "*", "/", "%"):
            value = render.meter.sized(operators.arithmetic(str(operator), value, operand, render.meter.step))
        else:
            value = operators.compare(str(operator), value, operand, render.meter.step)
    return value


def concat(render: Render, *values: object) -> str:
    return str(render.meter.sized(render.joined(to_text(render, value) for value in values)))


def to_text(render: Render, value: object) -> str:
    """Return how `value` prints."""
    if type(value) is str:
        return value
    return printed(value, render.meter.chars)


def range_of(render: Render, start: object, end: object, increment: object = None) -> list[object]:
    """Return the whole numbers, or the characters, from `start` to `end`, both included."""
    by = 1 if increment is None else increment
    if isinstance(start, str) and isinstance(end, str) and len(start) == len(end) == 1:
        codes = range_of(render, ord(start), ord(end), by)
        return [chr(code) for code in codes if isinstance(code, int)]
    if not isinstance(start, int) or not isinstance(end, int) or not isinstance(by, int) or by == 0:
        raise Refused("A range needs two whole numbers or two characters")
    numbers = range(start, end + (1 if by > 0 else -1), by)
    render.meter.items(-(-(abs(end - start) + 1) // abs(by)))
    render.meter.sized(made := list[object](numbers))
    return made


def map_of(_render: Render, _none: None, *entries: object) -> dict[object, object]:
    """Return a map literal: key, value, key, value..."""
    keys = entries[::2]
    if not all(isinstance(key, str | int | float) for key in keys):
        raise Refused("The key of a map must be a text, a number or a boolean")
    return dict(zip(keys, entries[1::2], strict=True))


def outside(render: Render, name: str, names: tuple[str, ...], *values: object) -> object:
    """Call a function given from outside; the last of `values` are for the arguments `names`."""
    render.meter.call()
    positional = values[: len(values) - len(names)]
    named = dict(zip(names, values[len(positional) :], strict=True))
    since = render.meter.now()
    try:
        made = render.engine.outside[name](render.variables, *positional, **named)
        render.meter.forgive(since)  # a wait for the world is not the template's doing; each function bounds its own
        return render.meter.sized(made)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        raise Refused(f"The function '{name}' cannot take these arguments") from None


def keep_result(render: Render, value: object) -> None:
    """Keep the value of a template that is one expression."""
    render.result = value


def iterate(render: Render, name: str, value: object) -> Iterator[None]:
    return render.iterate(name, value)


def test(render: Render, value: object, name: str, *arguments: object) -> bool:
    render.meter.step()
    return holds(value, name, arguments, render.meter.step)


def truth_or_null(_render: Render, value: object) -> bool:
    """Return the truth of a ternary's condition, where null is false."""
    return value is not None and operators.truth(value)


def contains(render: Render, left: object, right: object) -> bool:
    return operators.contains(left, right, render.meter.step)


def method(render: Render, value: object, name: str, *arguments: object) -> object:
    render.meter.call()
    if isinstance(value, str) and name == "replace" and len(arguments) == 2:
        old, new = (argument if isinstance(argument, str) else "" for argument in arguments)
        render.meter.chars(len(value) + value.count(old) * len(new) - value.count(old) * len(old))
    return render.meter.sized(call_method(value, name, arguments, render.meter.step))


_TABLE: Final[Mapping[str, Callable[..., object]]] = {
    "path": path,
    "labelled": labelled,
    "get": get,
    "attempt": attempt,
    "coalesce": coalesce,
    "default_missing": default_missing,
    "or": any_true,
    "and": all_true,
    "chain": chain,
    "concat": concat,
    "print": to_text,
    "range": range_of,
    "map": map_of,
    "outside": outside,
    "keep": keep_result,
    "iterate": iterate,
    "test": test,
    "truth_or_null": truth_or_null,
    "contains": contains,
    "method": method,
    "truth": lambda _render, value: operators.truth(value),
    "not": lambda _render, value: not operators.truth(value),
    "negative": lambda _render, value: operators.negative(value),
    "positive": lambda _render, value: operators.positive(value),
    "macro": lambda render, name, names, *values: render.macro(name, names, values),
    "parameter": lambda render, name, value: render.parameter(name, value),
    "set": lambda render, name, value: render.set(name, value),
    "was_empty": lambda render: render.was_empty(),
    "capture": lambda render, block: render.capture(block),
    "raw": lambda render, text: render.raw(text),
}


def filter_call(name: str, builtin: Builtin) -> Callable[..., object]:
    """Return the call of a built-in filter: metered, null passing by."""
    run = builtin.run

    def call(render: Render, value: object, *arguments: object) -> object:
        render.meter.call()
        if value is None and not builtin.takes_null:
            return None
        try:
            made = run(render, value, *arguments) if builtin.takes_render else run(value, *arguments)
        except (TypeError, ValueError, LookupError, ArithmeticError):
            raise Refused(f"The filter '{name}' cannot take this input or these arguments") from None
        return render.meter.sized(made)

    return call


def function_call(name: str, builtin: Builtin) -> Callable[..., object]:
    """Return the call of a built-in function, metered."""
    run = builtin.run

    def call(render: Render, *arguments: object) -> object:
        render.meter.call()
        try:
            made = run(render, *arguments) if builtin.takes_render else run(*arguments)
        except (TypeError, ValueError, LookupError, ArithmeticError):
            raise Refused(f"The function '{name}' cannot take these arguments") from None
        return render.meter.sized(made)

    return call


def table(filters: Mapping[str, Builtin], functions: Mapping[str, Builtin]) -> dict[str, Callable[..., object]]:
    """Return all that compiled templates may call, marked to get the render first."""
    known: dict[str, Callable[..., object]] = dict(_TABLE)
    known.update((f"filter {name}", filter_call(name, builtin)) for name, builtin in filters.items())
    known.update((f"function {name}", function_call(name, builtin)) for name, builtin in functions.items())
    return {name: pass_context(function) for name, function in known.items()}

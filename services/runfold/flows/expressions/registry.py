"""
The record of a built-in filter or function, and how the arguments of a call find their places.

Templates name arguments as Pebble does (`timeZone`, `existingFormat`); here they are places, in
the order of `names`. A place left open is None, which every filter reads as "not given".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from runfold.flows.expressions.failures import Refused


@dataclass(frozen=True, slots=True)
class Builtin:
    """
    `run(value, *arguments)` of a filter, `run(*arguments)` of a function.

    `takes_render`: the render comes first. `takes_null`: a filter that null input does not skip.
    """

    run: Callable[..., object]
    names: tuple[str, ...] = ()
    required: int = 0
    takes_null: bool = False
    takes_render: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call as written: positional ones, then named ones."""

    positional: Sequence[nodes.Expr] = ()
    named: tuple[tuple[str, nodes.Expr], ...] = ()


def placed(title: str, builtin: Builtin, given: Arguments) -> list[nodes.Expr]:
    """Return the arguments of `given` in the places of `builtin`; `title` names the call in refusals."""
    places: list[nodes.Expr | None] = list(given.positional)
    if builtin.variadic and not given.named:
        return [*given.positional]
    if len(places) > len(builtin.names):
        raise Refused(f"{title} takes at most {len(builtin.names)} arguments")
    for name, value in given.named:
        if name not in builtin.names:
            raise Refused(f"{title} has no argument '{name}'")
        at = builtin.names.index(name)
        places += [None] * (at + 1 - len(places))
        if places[at] is not None:
            raise Refused(f"{title} got its argument '{name}' twice")
        places[at] = value
    for at, name in enumerate(builtin.names[: builtin.required]):
        if at >= len(places) or places[at] is None:
            raise Refused(f"{title} needs its argument '{name}'")
    return [nodes.Const(None) if place is None else place for place in places]

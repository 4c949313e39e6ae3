"""The built-in functions: those that need nothing but the render and its clock."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from runfold.flows.expressions import dates, ion, yaml_text
from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.filters.dates import zone_for
from runfold.flows.expressions.operators import compare, free, is_number
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render
from runfold.flows.expressions.runtime import range_of


def parse_json(text: object) -> object:
    if text is None:
        return None
    if not isinstance(text, str):
        raise Refused("The function 'json' needs a text")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("The function 'json' needs a text of valid JSON") from None


def _no_constant(_name: str) -> object:
    raise ValueError


def parse_yaml(render: Render, text: object) -> object:
    return None if text is None else yaml_text.load(_text(text, "yaml"), render.meter)


def parse_ion(render: Render, text: object) -> object:
    return None if text is None else ion.load(_text(text, "fromIon"), render.meter.step)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"The function '{name}' needs a text")
    return value


def now(
    render: Render,
    form: object = None,
    zone: object = None,
    _existing: object = None,
    _locale: object = None,
) -> str:
    return dates.format_date(render.engine.clock().astimezone(zone_for(render, zone)), form)


def extreme(operator: str) -> Callable[..., object]:
    """Return the function that gives the largest (>) or smallest (<) number."""

    def find(*numbers: object) -> object:
        if not numbers or not all(is_number(number) for number in numbers):
            raise Refused("The functions 'max' and 'min' need numbers")
        found = numbers[0]
        for number in numbers[1:]:
            found = number if compare(operator, number, found, free) else found
        return found

    return find


def render_again(render: Render, value: object, recursive: object = None) -> object:
    return render.engine.again(render, value, recursive=recursive is None or recursive is True)


def render_once(render: Render, value: object) -> object:
    return render.engine.again(render, value, recursive=False)


def context(render: Render) -> dict[str, object]:
    return {**render.variables, **render.top}


def current_each_output(render: Render, outputs: object) -> object:
    """Return what `outputs` holds for the iteration that the task run is in; null if nothing."""
    parents = render.variables.get("parents") or []
    if not isinstance(parents, list | tuple):
        raise Refused("The variable 'parents' is no list")
    around = [parent["taskrun"] for parent in reversed(parents) if isinstance(parent, Mapping) and "taskrun" in parent]
    found = outputs
    for taskrun in (*around, render.find("taskrun")):
        if not isinstance(taskrun, Mapping) or taskrun.get("value") is None:
            continue
        if not isinstance(found, Mapping):
            return None
        found = found.get(taskrun["value"])
    return found


def block(render: Render, name: object) -> str:
    return render.reprint(_text(name, "block"))


#: Those that are not there when every text is rendered until nothing changes anyway.
RENDERING: Final = frozenset({"render", "renderOnce"})

FUNCTIONS: Final[Mapping[str, Builtin]] = {
    "json": Builtin(parse_json, ("json",), 1),
    "fromJson": Builtin(parse_json, ("json",), 1),
    "yaml": Builtin(parse_yaml, ("yaml",), 1, takes_render=True),
    "fromIon": Builtin(parse_ion, ("ion",), 1, takes_render=True),
    "now": Builtin(now, ("format", "timeZone", "existingFormat", "locale"), takes_render=True),
    "max": Builtin(extreme(">"), variadic=True),
    "min": Builtin(extreme("<"), variadic=True),
    "range": Builtin(range_of, ("start", "end", "increment"), 2, takes_render=True),
    "render": Builtin(render_again, ("toRender", "recursive"), 1, takes_render=True),
    "renderOnce": Builtin(render_once, ("toRender",), 1, takes_render=True),
    "printContext": Builtin(context, takes_render=True),
    "fetchContext": Builtin(context, takes_render=True),
    "currentEachOutput": Builtin(current_each_output, ("outputs",), 1, takes_render=True),
    "block": Builtin(block, ("name",), 1, takes_render=True),
}

"""
The jq language, as far as flows use it: paths, operators, updates, control, and its usual functions.

Own, because libjq cannot be bounded: a program such as `[range(1e12)]` never comes back from it, and
`env` shows it the process. Here a program counts steps on the render's meter, and sees its input
only. Not there: `def`, `label`, `foreach`, `input`, `env`, modules and formats but @text, @json and
@base64.
"""

import json
from functools import lru_cache
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.jq.parser import parse
from runfold.flows.expressions.jq.pieces import Program
from runfold.flows.expressions.jq.values import Failed
from runfold.flows.expressions.printing import json_text
from runfold.flows.expressions.render import Render

PROGRAM_CHARS_MAX: Final = 2_000
PROGRAMS_KEPT: Final = 256


@lru_cache(maxsize=PROGRAMS_KEPT)
def _program(text: str) -> Program:
    return parse(text)


def run(render: Render, value: object, expression: object) -> list[object]:
    """Return all results of the jq program `expression` on `value`; a text is read as JSON."""
    if not isinstance(expression, str) or len(expression) > PROGRAM_CHARS_MAX:
        raise Refused("The argument 'expression' must be a jq program")
    text = value if isinstance(value, str) else json_text(value, render.meter.chars)
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("The input of jq must be JSON") from None
    results: list[object] = []
    try:
        for _, result in _program(expression)({}, render.meter, None, plain):
            results.append(result)
            render.meter.items(len(results))
    except Failed as failed:
        raise Refused(str(failed)) from None
    return results

"""
The expression language of flows: Pebble's grammar, compiled by Jinja2, sandboxed and bounded.

A lexer and a precedence parser of our own emit Jinja2's tree; every operation in it is a call into
one closed table. Templates see plain data only, and each render is bounded in steps, text, depth
and time. What needs the world outside (secrets, files, dice) comes in as functions, and so does
the clock.
"""

from runfold.flows.expressions.engine import Expressions, print_value
from runfold.flows.expressions.limits import Limits
from runfold.flows.expressions.references import EVERYTHING, Dynamic, Reference
from runfold.flows.expressions.truth import is_truthy

__all__ = [
    "EVERYTHING",
    "Dynamic",
    "Expressions",
    "Limits",
    "Reference",
    "is_truthy",
    "print_value",
]

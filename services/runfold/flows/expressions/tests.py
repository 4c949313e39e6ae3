"""The tests of `is` and `is not`."""

import json
from collections.abc import Callable, Mapping

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.operators import equal


def holds(value: object, name: str, arguments: tuple[object, ...], step: Callable[[int], None]) -> bool:
    """Tell whether the test `name` holds for `value`."""
    if name == "equalTo":
        return len(arguments) == 1 and equal(value, arguments[0], step)
    if arguments:
        raise Refused(f"The test '{name}' takes no arguments")
    match name:
        case "defined":
            return value is not None
        case "null":
            return value is None
        case "empty":
            return is_empty(value)
        case "iterable":
            return isinstance(value, list | tuple | set | frozenset)
        case "map":
            return isinstance(value, Mapping)
        case "json":
            return is_json(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"The test '{name}' needs a whole number")
    return (value % 2 == 0) == (name == "even")


def is_empty(value: object) -> bool:
    """Tell whether `value` is null, a blank text or an empty collection."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, Mapping | list | tuple | set | frozenset) and not value


def is_json(value: object) -> bool:
    """Tell whether `value` is a text of JSON."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True

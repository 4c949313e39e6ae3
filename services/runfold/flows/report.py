"""
What pydantic found wrong, as violations in the words that authors know, each with its place.

A path names a task by its id wherever it stands: `child.message`, not `tasks[2].then[0].message`.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from runfold.errors import Violation
from runfold.flows.schema import ERRORS_MAX
from runfold.flows.yaml_source import Loc, SourceMap

_TEXTS: Final[Mapping[str, str]] = {
    "missing": "must not be null",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "greater_than": "must be greater than {gt}",
    "string_too_long": "size must be between 0 and {max_length}",
    "too_long": "size must be between 0 and {max_length}",
    "string_pattern_mismatch": 'must match "{pattern}"',
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
}
"""By pydantic's type of error; others keep pydantic's own text."""

VALUE_LENGTH_MAX: Final = 200
"""Of a wrong value in a message, as characters."""

_NO_TASKS: Final = frozenset({"inputs", "onResume", "outputs", "sla", "pluginDefaults", "taskDefaults", "conditions"})
"""Lists of maps with an id that are no tasks and no triggers."""


def violations(error: ValidationError, source: SourceMap) -> tuple[Violation, ...]:
    """Return all that `error` found, in the order of the source."""
    details = error.errors(include_url=False, include_input=False)[:ERRORS_MAX]
    found = [violation for each in details for violation in _violations(each, source)]
    return tuple(sorted(found, key=lambda violation: (violation.line, violation.column)))


def _violations(details: ErrorDetails, source: SourceMap) -> Iterator[Violation]:
    loc = _in_source(details["loc"], source.value)
    line, column = source.position(loc, of_key=details["type"] == "unknown_key")
    shown = path(loc, source.value)
    for message in _messages(details, loc):
        yield Violation(message, shown, line, column)


def _messages(details: ErrorDetails, loc: Loc) -> Iterable[str]:
    context: Mapping[str, Any] = details.get("ctx", {})
    kind = details["type"]
    if kind == "unknown_type":
        return _unknown_type(context["type"], context["known"], holder(loc))
    if kind == "rule":
        return str(context["text"]).split("\n")
    if kind == "unknown_key":
        return (_unknown_key(str(loc[-1]), context["model"], context["known"]),)
    text = _TEXTS.get(kind)
    return (text.format_map(context) if text else details["msg"],)


def _unknown_key(name: str, model: str, known: Iterable[str]) -> str:
    keys = sorted(known)
    listed = ", ".join(f'"{key}"' for key in keys)
    return (
        f'Unrecognized field "{name}" (class {model}), not marked as ignorable '
        f"({len(keys)} known properties: {listed}])"
    )


def holder(loc: Loc) -> str:
    """Return the name of the key that `loc` is the value of, or an element of."""
    return next((step for step in reversed(loc) if isinstance(step, str)), "flow")


def _unknown_type(written: object, known: Iterable[str], name: str) -> tuple[str, ...]:
    if written is None:
        return "Invalid type: null", f"missing type id property 'type' (for POJO property '{name}')"
    written = str(written)[:VALUE_LENGTH_MAX]
    close = get_close_matches(written, list(known), n=1, cutoff=0.9)
    hint = f", did you mean '{close[0]}'?" if close else ""
    return f"Invalid type: {written}", f"Could not resolve type id '{written}'{hint}"


def _in_source(loc: Loc, value: Any) -> Loc:
    """Return `loc` without the steps that pydantic adds and no source has."""
    kept: list[str | int] = []
    for depth, step in enumerate(loc):
        inside = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if inside:
            value = value[step]
            kept.append(step)
        elif depth == len(loc) - 1:
            kept.append(step)
    return tuple(kept)


def path(loc: Loc, value: Any) -> str:
    """Return `loc` as authors read it: from the innermost task or trigger on, which is named by its id."""
    text = ""
    name = ""
    for step in loc:
        value = _child(value, step)
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
            name = step
        if name not in _NO_TASKS and isinstance(value, dict) and isinstance(value.get("type"), str):
            text = value["id"] if isinstance(value.get("id"), str) else text
    return text


def _child(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None

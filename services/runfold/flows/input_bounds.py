"""What an input demands of a value that has the right type already: bounds, patterns, choices."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import re2

from runfold.flows.duration import format_duration, parse_duration
from runfold.flows.input import (
    DateInput,
    DurationInput,
    EnumInput,
    FloatInput,
    Input,
    InstantInput,
    IntInput,
    MultiSelectInput,
    SelectInput,
    StringInput,
    TimeInput,
)
from runfold.flows.temporal import format_instant, format_time, parse_date, parse_instant, parse_time

_MOMENTS: Final[Mapping[type[Input], tuple[Any, Any]]] = {
    InstantInput: (parse_instant, format_instant),
    DateInput: (parse_date, lambda day: day.isoformat()),
    TimeInput: (parse_time, format_time),
}


def complaints(declared: Input, value: Any) -> Iterator[str]:
    """Yield each demand of `declared` that `value`, in JSON form, does not meet."""
    match declared:
        case StringInput(validator=str(pattern)):
            if not re2.fullmatch(pattern, value):
                yield f"it must match the pattern `{pattern}`"
        case EnumInput() | SelectInput() | MultiSelectInput():
            yield from _choices(declared, value)
        case IntInput() | FloatInput():
            yield from _range("it", value, declared.min, declared.max, str)
        case DurationInput():
            yield from _range("It", parse_duration(value), declared.min, declared.max, format_duration)
        case InstantInput() | DateInput() | TimeInput():
            yield from _span(declared, value)


def choices(declared: Input) -> tuple[str, ...]:
    """Return the values that `declared` offers."""
    match declared:
        case MultiSelectInput():
            return declared.values or declared.options
        case EnumInput() | SelectInput():
            return declared.values
    return ()


def _choices(declared: EnumInput | SelectInput | MultiSelectInput, value: Any) -> Iterator[str]:
    if isinstance(declared, SelectInput | MultiSelectInput) and declared.allow_custom_value:
        return
    offered = choices(declared)
    chosen = value if isinstance(value, list) else [value]
    if any(str(item) not in offered for item in chosen):
        yield f"it must match the values `[{', '.join(offered)}]`"


def _range(subject: str, value: Any, low: Any, high: Any, shown: Any) -> Iterator[str]:
    if low is not None and value < low:
        yield f"{subject} must be more than `{shown(low)}`"
    if high is not None and value > high:
        yield f"{subject} must be less than `{shown(high)}`"


def _span(declared: InstantInput | DateInput | TimeInput, value: str) -> Iterator[str]:
    read, shown = _MOMENTS[type(declared)]
    moment: Any = read(value)
    after: Any = declared.after
    before: Any = declared.before
    if after is not None and moment < after:
        yield f"it must be after `{shown(after)}`"
    if before is not None and moment > before:
        yield f"it must be before `{shown(before)}`"

"""
One value to the type of its input: text as people and HTTP give it, or what is typed already.

The result is in JSON form, as executions keep it: instants, dates, times and durations
are ISO text, always written the same way.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from runfold.errors import ExpressionFailed, FlowInvalid
from runfold.flows.duration import format_duration, parse_duration
from runfold.flows.input import InputType
from runfold.flows.schema import as_text
from runfold.flows.temporal import format_instant, format_time, parse_date, parse_instant, parse_time
from runfold.flows.values import compact
from runfold.flows.yaml_source import read_yaml

INT_MIN: Final = -(2**31)
INT_MAX: Final = 2**31 - 1
FLOAT_MAX: Final = 3.4028234663852886e38
"""32 bits each, as in flows written for Kestra."""
SHOWN_LENGTH_MAX: Final = 1000
"""Of a wrong value in a message, as characters."""

_INT: Final = re.compile(r"[-+]?[0-9]{1,10}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#]+\.[^\s/?#]+(?:[/?#]\S*)?")
_EMAIL: Final = re.compile(r"(?:[^@\s]+@[^@\s]+)?")
_STORED: Final = ("kestra://", "nsfile://")


class Unfit(Exception):
    """Why a value does not fit; its text goes between `Invalid input for` and `but received`."""


def convert(kind: InputType, value: Any, item_type: InputType | None = None) -> Any:
    """Return `value` (never None) as `kind`. Raises: Unfit."""
    if kind in (InputType.ARRAY, InputType.MULTISELECT):
        return _list(kind, value, item_type or InputType.STRING)
    try:
        return _CONVERTERS[kind](value)
    except (ValueError, OverflowError, ExpressionFailed) as error:
        shown = shown_value(kind, value)
        raise Unfit(f"Expected `{kind}` but received `{shown}` with errors: {error}") from error


def shown_value(kind: InputType, value: Any) -> str:
    """Return `value` for a message: never a secret, and never too long."""
    if value is None:
        return "null"
    if kind is InputType.SECRET:
        return "******"
    try:
        text = _text(value)
    except ExpressionFailed:
        return "a value without text"
    return text if len(text) <= SHOWN_LENGTH_MAX else text[:SHOWN_LENGTH_MAX] + "…"


def _text(value: Any) -> str:
    value = as_text(value)
    return value if isinstance(value, str) else compact(value)


def _list(kind: InputType, value: Any, item_type: InputType) -> list[Any]:
    items = value
    if isinstance(value, str):
        try:
            items = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise Unfit(f"Expected `{kind}` but received `{shown_value(kind, value)}` with errors: {error}") from error
    if not isinstance(items, list | tuple):
        raise Unfit(f"Expected `{kind}` but received `{shown_value(kind, value)}` with errors: it is no list")
    return [_item(item, item_type) for item in items]


def _item(item: Any, item_type: InputType) -> Any:
    if item is None:
        return None
    try:
        return convert(item_type, item)
    except Unfit as error:
        shown = shown_value(item_type, item)
        raise Unfit(f"Unable to parse array element as `{item_type}` on `{shown}`") from error


def _int(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _scalar(value)
    if not _INT.fullmatch(text) or not INT_MIN <= int(text) <= INT_MAX:
        raise ValueError(f'For input string: "{text[:SHOWN_LENGTH_MAX]}"')
    return int(text)


def _float(value: Any) -> float:
    text = _scalar(value)
    number = float(text) if _FLOAT.fullmatch(text) else FLOAT_MAX * 2
    if not -FLOAT_MAX <= number <= FLOAT_MAX:
        raise ValueError(f'For input string: "{text[:SHOWN_LENGTH_MAX]}"')
    return number


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it is no number")  # noqa: TRY004 - the one error of all converters
    return str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError("it is neither `true` nor `false`")  # noqa: TRY004 - as above
    return value.lower() == "true"


def _of_text(read: Callable[[str], str]) -> Callable[[Any], str]:
    def converter(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("it is no text")  # noqa: TRY004 - as above
        return read(value)

    return converter


def _json(value: Any) -> Any:
    return orjson.loads(value if isinstance(value, str) else compact(value))


def _yaml(value: Any) -> Any:
    if not isinstance(value, str):
        return _json(value)
    try:
        return read_yaml(value).value
    except FlowInvalid as error:
        raise ValueError(str(error)) from error


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise ValueError("Invalid URI format")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise Unfit("The input must be a valid email")
    return text


def _file(text: str) -> str:
    if not text.startswith(_STORED):
        raise ValueError("it is no file of the internal storage")
    return text


_CONVERTERS: Final[Mapping[InputType, Callable[[Any], Any]]] = {
    InputType.STRING: _text,
    InputType.ENUM: _text,
    InputType.SELECT: _text,
    InputType.SECRET: _text,
    InputType.INT: _int,
    InputType.FLOAT: _float,
    InputType.BOOLEAN: _boolean,
    InputType.DATETIME: _of_text(lambda text: format_instant(parse_instant(text))),
    InputType.DATE: _of_text(lambda text: parse_date(text).isoformat()),
    InputType.TIME: _of_text(lambda text: format_time(parse_time(text))),
    InputType.DURATION: _of_text(lambda text: format_duration(parse_duration(text))),
    InputType.FILE: _of_text(_file),
    InputType.JSON: _json,
    InputType.YAML: _yaml,
    InputType.URI: _of_text(_uri),
    InputType.EMAIL: _of_text(_email),
}

"""
Values of loops, and the text of a rendered value.

Source: Kestra's docs of ForEach; semantics of the values as its users know them: a value
that is no text becomes its compact JSON, doubles are dropped, nulls are refused.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from runfold.errors import ExpressionFailed
from runfold.flows.task import Evaluate


def text_of(value: object) -> str:
    """Return a typed rendering as text: what is no text becomes compact JSON, nothing becomes empty."""
    from runfold.flows.expressions import print_value  # noqa: PLC0415 - flows are read without their engine

    return compact(value) if isinstance(value, dict | list | tuple) else print_value(value)


def compact(value: object) -> str:
    """Return JSON without spaces. Raises: ExpressionFailed."""
    from runfold.flows.expressions import print_value  # noqa: PLC0415 - flows are read without their engine

    try:
        return orjson.dumps(
            value, default=print_value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
        ).decode()
    except orjson.JSONEncodeError as error:
        raise ExpressionFailed(f"A value has no JSON form: {error}") from error


def structured(text: str) -> Any:
    """Return the list or map that the text of a loop's value stands for, else the text itself."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def loop_values(source: object, evaluate: Evaluate) -> tuple[str, ...]:
    """
    Return the values a loop goes through, as text.

    `source`: a text that renders to a list or to JSON of one, or a list of texts, integers and maps.

    Raises:
        ExpressionFailed: It gives no list, or one with nulls or wrong elements.
    """
    items = _rendered_list(source, evaluate) if isinstance(source, list | tuple) else _listed(evaluate(source))
    distinct = list(dict.fromkeys(None if item is None else text_of(item) for item in items))
    texts = tuple(text for text in distinct if text is not None)
    if len(texts) != len(distinct):
        raise ExpressionFailed(
            f"Found '{len(distinct) - len(texts)}' null values on Each, with values={_shown(distinct)}"
        )
    return texts


def _rendered_list(source: Sequence[object], evaluate: Evaluate) -> Iterable[Any]:
    for item in source:
        if isinstance(item, bool) or not (item is None or isinstance(item, str | int | dict)):
            raise ExpressionFailed(f"Unknown value element type: {type(item).__name__}")
        yield evaluate(item) if isinstance(item, str | dict) else item


def _listed(rendered: object) -> Sequence[Any]:
    if isinstance(rendered, str):
        try:
            rendered = orjson.loads(rendered)
        except orjson.JSONDecodeError as error:
            raise ExpressionFailed("The values of a loop must be a list, or text that is a JSON array") from error
    if not isinstance(rendered, list | tuple):
        raise ExpressionFailed(f"The values of a loop must be a list, not {type(rendered).__name__}")
    return rendered


def _shown(values: Iterable[str | None]) -> str:
    return "[" + ", ".join("null" if value is None else value for value in values) + "]"

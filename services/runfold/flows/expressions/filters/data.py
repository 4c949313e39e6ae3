"""Filters between values and texts of other languages: JSON, YAML, Ion, jq, Java's numbers."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from runfold.flows.expressions import ion, jq, yaml_text
from runfold.flows.expressions.numbers import parse_number
from runfold.flows.expressions.printing import is_instant, json_text
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render
from runfold.flows.expressions.values import Float32

_INT_MAX: Final = (1 << 31) - 1
_LONG_MAX: Final = (1 << 63) - 1


def to_json(render: Render, value: object) -> str:
    return json_text(value, render.meter.chars)


def to_yaml(render: Render, value: object) -> str:
    return "null" if value is None else yaml_text.dump(value, render.meter.chars)


def to_ion(render: Render, value: object) -> str:
    return ion.dump(value, render.meter.chars)


def class_name(value: object) -> str:
    """Return the name of the Java type that such a value would have."""
    match value:
        case bool():
            return "java.lang.Boolean"
        case int():
            size = "Integer" if abs(value) <= _INT_MAX else "Long"
            return f"java.lang.{size}" if abs(value) <= _LONG_MAX else "java.math.BigInteger"
        case Float32():
            return "java.lang.Float"
        case datetime():
            local = "Instant" if is_instant(value) else "ZonedDateTime"
            return f"java.time.{local if value.tzinfo else 'LocalDateTime'}"
    names = {
        str: "java.lang.String",
        float: "java.lang.Double",
        Decimal: "java.math.BigDecimal",
        date: "java.time.LocalDate",
        time: "java.time.LocalTime",
        timedelta: "java.time.Duration",
        Mapping: "java.util.LinkedHashMap",
        list: "java.util.ArrayList",
        tuple: "java.util.ArrayList",
    }
    return next((name for kind, name in names.items() if isinstance(value, kind)), "java.lang.Object")


FILTERS: Final[Mapping[str, Builtin]] = {
    "json": Builtin(to_json, takes_null=True, takes_render=True),
    "toJson": Builtin(to_json, takes_null=True, takes_render=True),
    "yaml": Builtin(to_yaml, takes_null=True, takes_render=True),
    "toIon": Builtin(to_ion, takes_null=True, takes_render=True),
    "jq": Builtin(jq.run, ("expression",), 1, takes_render=True),
    "number": Builtin(parse_number, ("type",)),
    "className": Builtin(class_name),
}

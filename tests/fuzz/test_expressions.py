"""Whatever stands in a template: it gives a text in its time, or says why it can't."""

import time
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from runfold.errors import ExpressionFailed
from runfold.flows.expressions import Expressions
from runfold.flows.expressions.filters import FILTERS
from runfold.flows.expressions.functions import FUNCTIONS
from tests.fuzz.examples import leaves, numbers, texts, tried, values

SECONDS_MAX = 5.0
"""Far above a render's limit (0.25 s): what waits longer has no limit."""

EXPRESSIONS = Expressions(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), monotonic=time.monotonic)

NAMES = ["a", "b", "items", "missing", "loop", "range", "max", "block", "true", "null", "_x", "__class__"]
names = st.sampled_from(NAMES)
operators = st.sampled_from(
    [
        "+",
        "-",
        "*",
        "/",
        "%",
        "~",
        "==",
        "!=",
        "<",
        ">=",
        "and",
        "or",
        "??",
        "is",
        "is not",
        "in",
        "contains",
        "matches",
        "..",
        "?:",
    ]
)
calls = st.sampled_from(sorted({*FILTERS, *FUNCTIONS}))


def literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, float)
        else repr(value)
    )


def compound(inner: Any) -> Any:
    return st.one_of(
        st.tuples(inner, operators, inner).map(" ".join),
        st.tuples(inner, calls, inner).map(lambda each: f"{each[0]} | {each[1]}({each[2]})"),
        st.tuples(inner, calls).map(lambda each: f"({each[0]} | {each[1]})"),
        st.tuples(calls, inner, inner).map(lambda each: f"{each[0]}({each[1]}, {each[2]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]})[{each[1]}]"),
        st.tuples(inner, names).map(lambda each: f"({each[0]}).{each[1]}"),
        st.tuples(inner, inner, inner).map(lambda each: f"{each[0]} ? {each[1]} : {each[2]}"),
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
        st.tuples(names, inner).map(lambda each: f"{{'{each[0]}': {each[1]}}}"),
    )


expressions = st.recursive(st.one_of(names, leaves.map(literal), numbers.map(str)), compound, max_leaves=8)
pieces = st.one_of(
    texts,
    expressions.map(lambda each: f"{{{{ {each} }}}}"),
    st.tuples(names, expressions).map(lambda each: f"{{% set {each[0]} = {each[1]} %}}"),
    st.tuples(expressions, expressions).map(
        lambda each: f"{{% for x in {each[0]} %}}{{{{ {each[1]} }}}}{{% endfor %}}"
    ),
    st.tuples(expressions, texts).map(lambda each: f"{{% if {each[0]} %}}{each[1]}{{% endif %}}"),
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "#}", "{% raw %}", "{% endfor %}", "{% else %}", "{% macro m(a) %}"]
    ),
)
templates = st.lists(pieces, min_size=1, max_size=3).map("".join)


def check(template: object, variables: dict[str, Any]) -> None:
    for render in (EXPRESSIONS.render, EXPRESSIONS.evaluate):
        began_s = time.monotonic()
        try:
            render(template, variables)
        except ExpressionFailed as error:
            said = str(error)
        else:
            said = "it went well"
        assert said
        assert time.monotonic() - began_s < SECONDS_MAX
    EXPRESSIONS.references(template)


@tried(400)
@given(template=templates, variables=st.dictionaries(names, values(), max_size=4))
@example("{{ " + "(" * 5_000, {})
@example("{{ " + "-" * 9_000 + "1 }}", {})
@example("{{ " + "[" * 60 + "]" * 60 + " }}", {})
@example("{{ 1 " + "+ 1 " * 4_000 + "}}", {})
@example("{% for a in range(1, 99999) %}{% for b in range(1, 99999) %}x{% endfor %}{% endfor %}", {})
@example("{{ 9" + "9" * 4_000 + " * 9" + "9" * 4_000 + " }}", {})
@example("{{ 'a' * 999999999 }}", {})
@example("{{ ('a' | repeat(99999999)) }}", {})
@example("{{ ('" + "a" * 30 + "!') matches '(a+)+$' }}", {})
@example("{{ ('" + "a" * 30 + "!') | replace({'(a+)+$': 'x'}, regexp=true) }}", {})
@example("{{ '9' | number('BIGDECIMAL') }}", {})
@example("{{ '1e999999999' | number }}", {})
@example("{{ 1 | date('" + "y" * 500 + "') }}", {})
@example("{{ a }}", {"a": float("nan")})
@example("{{ a | toJson }}", {"a": {"\ud800": ["\ud800", float("inf")]}})
@example("{{ render(a) }}", {"a": "{{ render(a) }}"})
@example("{{ range(0, 999999999999) }}", {})
@example("{{ range(1, 5, 0) }}", {})
@example("{{ 1 / 0 }}{{ 5 % 0 }}", {})
def test_any_template_gives_a_text_or_says_why_not(template: str, variables: dict[str, Any]) -> None:
    check(template, variables)


@tried(100)
@given(template=values(templates), variables=st.dictionaries(names, values(), max_size=3))
def test_templates_in_maps_and_lists_are_rendered_in_depth_or_say_why_not(template: Any, variables: Any) -> None:
    check(template, variables)

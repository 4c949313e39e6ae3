import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runfold.errors import ExpressionFailed
from runfold.flows.expressions import Expressions, Limits

BIG = "{% set a = 'xxxxxxxxxxxxxxxx' %}{% for i in 1..16 %}{% set a = a ~ a %}{% endfor %}"
NESTED = "{% set a = ['1'] %}{% set b = ['1'] %}" + (
    "{% set a = [a,a,a,a,a,a,a,a,a,a] %}{% set b = [b,b,b,b,b,b,b,b,b,b] %}" * 10
)
RUNAWAY = [
    "{% for a in 1..1000 %}{% for b in 1..1000 %}{% endfor %}{% endfor %}",
    "{{ range(1, 1000000000) }}", "{{ 'a' | indent(100000000) }}", "{{ 'a\nb' | indent(100000000) }}",
    BIG + "{{ a ~ a }}", BIG + "{{ a | replace({'x': 'yyyy'}) }}", BIG + "{{ [a, a] | join }}",
    BIG + "{{ a.split('') }}", BIG + "{{ a | split('') }}", BIG + "{% for i in 1..1000 %}{% set b = a.trim() %}{% endfor %}",
    NESTED + "{{ a }}", NESTED + "{{ a == b }}", NESTED + "{{ [a] - [b] }}", NESTED + "{{ [a].contains([b]) }}",
    NESTED + "{{ a | yaml }}", NESTED + "{{ a | toIon }}", NESTED + "{{ render(a) }}", NESTED + "{{ a | jq('.') }}",
    "{{ [1] | jq('[range(1e12)]') }}", "{{ 'x' | json | jq('. * 100000000') }}", "{{ [1] | jq('.[100000000] = 1') }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% block b %}{{ block('b') }}{% endblock %}",
    "{% set t = '{{ render(t) }}' %}{{ render(t) }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "{{ " + "not " * 500 + "1 }}", "{{ 'a'" + " | upper" * 500 + " }}",
    "{% for i in [1] %}" * 40 + "{% endfor %}" * 40, "{{ a ?? 1 }}" * 20_000,
    "{% set n = '1e99' | number('BIGDECIMAL') %}{% for i in 1..99 %}{% set n = n * n %}{% endfor %}",
]  # fmt: skip


@pytest.mark.parametrize("template", RUNAWAY)
def test_a_runaway_template_fails_soon(expressions, template):
    started = time.monotonic()
    with pytest.raises(ExpressionFailed):
        expressions.render(template, {})
    assert time.monotonic() - started < 3


def test_the_clock_stops_a_render_that_is_slow():
    ticks = iter(range(1_000_000))
    slow = Expressions(clock=lambda: datetime.now(UTC), monotonic=lambda: next(ticks) / 100, limits=Limits(wall_s=0.1))
    with pytest.raises(ExpressionFailed, match="100 ms"):
        slow.render("{% for i in 1..5000 %}{{ i }}{% endfor %}", {})


def test_a_long_chain_needs_no_depth(expressions):
    assert expressions.render("{{ 1" + " + 1" * 999 + " }}", {}) == "1000"
    assert expressions.render("{{ a" + " ?? a" * 500 + " ?? 1 }}", {}) == "1"


PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        ".",
        ",",
        ":",
        "?",
        "??",
        "???",
        "..",
        "+",
        "-",
        "*",
        "/",
        "%",
        "~",
        "==",
        "<",
        "=",
        "'",
        '"',
        "#{",
        "if",
        "endif",
        "for",
        "in",
        "endfor",
        "set",
        "macro",
        "endmacro",
        "block",
        "endblock",
        "filter",
        "endfilter",
        "raw",
        "endraw",
        "verbatim",
        "a",
        "b",
        "1",
        "2.5",
        "upper",
        "default",
        "not",
        "and",
        "or",
        "is",
        "defined",
        "contains",
        "null",
        "render",
        "range",
        "json",
        "json(a)",
        "first",
        "length",
        "jq('.a')",
        "date",
        "\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map(" ".join))
def test_any_text_renders_or_fails_in_words(text):
    engine = Expressions(clock=lambda: datetime.now(UTC), monotonic=time.monotonic)
    try:
        assert isinstance(engine.render(text, {"a": {"b": [1]}, "b": "x"}), str)
    except ExpressionFailed:
        engine.references(text)

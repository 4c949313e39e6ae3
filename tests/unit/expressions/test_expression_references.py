import time
from datetime import UTC, datetime

import pytest

from runfold.flows.expressions import EVERYTHING, Dynamic, Expressions

VALUE = Dynamic(("taskrun", "value"))


@pytest.mark.parametrize(
    ("template", "read"),
    [
        (
            "{{ outputs.t[taskrun.value].value ?? inputs.x }}",
            {("outputs", "t", VALUE, "value"), ("taskrun", "value"), ("inputs", "x")},
        ),
        (
            "{{ outputs['a'][parents[0].taskrun.value].v }}",
            {
                ("outputs", "a", Dynamic(("parents", 0, "taskrun", "value")), "v"),
                ("parents", 0, "taskrun", "value"),
            },
        ),
        ("{{ outputs.t[vars.a ~ 'x'].v }}", {("outputs", "t"), ("vars", "a")}),
        ("{% for x in outputs.l %}{{ x.y }}{{ loop.index }}{% endfor %}", {("outputs", "l")}),
        ("{% set x = inputs.x %}{{ x.y }}", {("inputs", "x")}),
        ("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", {("a",), ("x",)}),
        ("{{ render('{{ inputs.a }}') }}", {("inputs", "a")}),
        ("{{ render(vars.a) }}", {("vars", "a"), EVERYTHING}),
        ("{{ printContext() }}", {EVERYTHING}),
        ("{{ currentEachOutput(outputs.x).v }}", {("outputs", "x"), ("parents",), ("taskrun", "value")}),
        ({"{{ a }}": ["{{ b.c.length() }}", 1]}, {("a",), ("b", "c")}),
        ("no template", set()),
        ("{{ broken", set()),
    ],
)
def test_the_references_of_a_template_cover_what_it_reads(expressions, template, read):
    assert expressions.references(template) == read


def test_a_text_that_is_rendered_again_may_read_anything():
    recursive = Expressions(clock=lambda: datetime.now(UTC), monotonic=time.monotonic, recursive=True)
    assert recursive.references("{{ vars.a }}") == {("vars", "a"), EVERYTHING}

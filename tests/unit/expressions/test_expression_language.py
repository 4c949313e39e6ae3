import pytest

from runfold.errors import ExpressionFailed

VARIABLES = {
    "a": 7, "b": 2, "d": 1.5, "s": "text", "n": None, "l": [1, 2, 3], "m": {"items": "x", "k": {"z": 1}, "1": "one"},
    "t": True, "empty": [], "inner": "k", "flow": {"id": "f", "namespace": "n.s"},
}  # fmt: skip

RENDERED = {
    # delimiters, whitespace, comments, lone braces
    "a {{- ' b ' -}} c": "a b c",
    "x {#- no -#} y": "xy",
    "{% if t %}\nyes\n{% endif %}\n": "\nyes\n\n",
    '{"a":{{a}}}': '{"a":7}',
    "{ } {a": "{ } {a",
    "{{ {'a': {}} }}": '{"a":{}}',
    # identifiers, attributes, subscripts
    "{{ a-b }}": "5",
    "{{ m.items }} {{ m['items'] }} {{ m[inner].z }} {{ l[0] }}": "x x 1 1",
    "{{ m['1'] }}": "one",
    # tolerant constructs
    "{{ x ?? 'y' }} {{ m.x.y ?? 'z' }} {{ n ?? 1 }} {{ n ??? 1 }}|{{ x ??? 2 }}": "y z 1 |2",
    "{{ x | default('d') }} {{ '' | default('e') }} {{ x is defined }} {{ x is null }} {{ x is empty }}":
        "d e false true true",
    "{{ n is defined }} {{ s is not defined }}": "false false",
    # literals
    "{{ 'it\\'s' }} {{ \"q\\\"\" }} {{ \"a#{a + 1}b\" }} {{ 5L }} {{ 1.50 }}": "it's q\" a8b 5 1.5",
    "{{ true }} {{ null }}|{{ none }}|": "true ||",
    "{{ [1, 'a'] }} {{ {'a': 1, s: 2} }} {{ 1..3 }} {{ 'a'..'c' }}": '[1,"a"] {"a":1,"text":2} [1,2,3] ["a","b","c"]',
    # arithmetic
    "{{ a + b }} {{ a + d }} {{ 'x' + n }} {{ 1 + '1' }} {{ l + 4 }} {{ l + [4, 5] }}":
        "9 8.5 xnull 11 [1,2,3,4] [1,2,3,4,5]",
    "{{ l - 2 }} {{ l - [1, 3] }} {{ 7 / 2 }} {{ -7 / 2 }} {{ 7.0 / 2 }} {{ 1.0 / 0 }}": "[1,3] [2] 3 -3 3.5 Infinity",
    "{{ -7 % 3 }} {{ 2 * 3.0 }} {{ 9223372036854775807 + 1 }}": "-1 6.0 -9223372036854775808",
    "{{ s ~ n ~ 1 }}": "text1",
    # comparison
    "{{ 1 == 1.0 }} {{ '4' == 4 }} {{ n == null }} {{ 1 equals 1 }} {{ s != 'x' }}": "true false true true true",
    "{{ 1 < 2 }} {{ n < 1 }} {{ 2 >= 2.0 }} {{ [1, [2]] == [1.0, [2]] }}": "true false true true",
    "{{ l contains 2 }} {{ l contains [1, 3] }} {{ m contains 'k' }} {{ s contains 'ex' }} {{ n contains 1 }}":
        "true true true true false",
    # logic and precedence
    "{{ t and not empty is empty or false }}": None,
    "{{ 0 or '' or 'x' }} {{ not 0 }} {{ not a == b }}": "true true false",
    "{{ t ? 'a' : 'b' }} {{ n ? 1 : 2 }} {{ false ? 1 : true ? 2 : 3 }}": "a 2 2",
    "{{ 'a' + 'b' | upper }} {{ 'a' ~ 'b' | upper }} {{ x ?? 'b' | upper }} {{ 1 + 2 * 3 }}": "aB AB B 7",
    "{{ 2 is even }} {{ 3 is odd }} {{ l is iterable }} {{ m is map }} {{ '{}' is json }} {{ 'x' is not json }}":
        "true true true true true true",
    # statements
    "{% for i in l %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.length }}{{ i }} {% endfor %}":
        "0truefalse231 1falsefalse132 2falsetrue033 ",
    "{% for e in {'k': 1} %}{{ e.key }}={{ e.value }}{% endfor %}": "k=1",
    "{% for i in n %}x{% else %}y{% endfor %}|{% for i in empty %}x{% else %}y{% endfor %}": "|y",
    "{% if 0 %}a{% elseif '' %}b{% else %}c{% endif %}": "c",
    "{% set q = 1 %}{% for i in l %}{% set q = q + i %}{% endfor %}{{ q }}": "7",
    "{% for i in l %}{% set w = i %}{% endfor %}{{ w ?? 'gone' }}": "gone",
    "{{ f(1, c=3) }}{% macro f(a, b=2, c=0) %}{{ a }}{{ b }}{{ c }}{{ flow ?? '-' }}{% endmacro %}": "123-",
    "{% filter upper | lower %}Ab{% endfilter %}": "ab",
    "{% block p %}c{{ a }}{% endblock %}{{ block('p') }}": "c7c7",
    "{% verbatim %}{{ x\n }}{% endverbatim %} {% raw %}{{ y }}{% endraw %} {%- raw -%} {% if %} {% endraw %}":
        "{{ x\n }} {{ y }}  {% if %} ",
    # methods
    "{{ s.length() }}{{ s.toUpperCase() }}{{ s.substring(1, 3) }}{{ 'a,b'.split(',') }}{{ s.replace('t', 'T') }}":
        '4TEXTex["a","b"]TexT',
    "{{ s.contains('e') }}{{ s.startsWith('t') }}{{ ' x '.trim() }}{{ ''.isEmpty() }}{{ s.indexOf('x') }}":
        "truetruextrue2",
    "{{ l.size() }}{{ l.get(1) }}{{ l.contains(3) }}{{ m.size() }}{{ m.get('items') }}{{ m.keySet() | length }}":
        "32true3x3",
    "{{ {'a': 1}.entrySet() }}{{ {'a': 1}.values() }}{{ m.containsKey('k') }}": '[{"key":"a","value":1}][1]true',
}  # fmt: skip

REFUSED = [
    "{{ x }}", "{{ m.x.y }}", "{{ n.x }}", "{{ l[3] }}", "{{ l[-1] }}", "{{ m[1] }}", "{{ a.b }}", "{{ 1 / 0 }}",
    "{{ 'a' * 3 }}", "{{ 'a' < 'b' }}", "{{ n and t }}", "{{ not n }}", "{% if n %}{% endif %}", "{% if l %}{% endif %}",
    "{% for i in 5 %}{% endfor %}", "{% elif %}", "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' %}",
    "{{ 1 in l }}", "{{ 2 ** 3 }}", "{{ a", "{% if t %}", "{{ }}", "{{ a b }}", "{{ s | nope }}", "{{ s | upper(1) }}",
    "{{ s.__class__ }}", "{{ s.format('x') }}", "{{ nope() }}", "{{ missing ?? missing2 }}", "{{ 99999999999999999999 }}",
    "{% macro f() %}{{ a }}{% endmacro %}{{ f() }}", "{% raw %}\n{% endraw %}", "{# open",
]  # fmt: skip


@pytest.mark.parametrize(("template", "text"), RENDERED.items())
def test_a_template_renders_as_pebble_has_it(expressions, template, text):
    if text is None:
        with pytest.raises(ExpressionFailed, match="condition"):
            # `not` binds before `is`: a list is no condition.
            expressions.render(template, VARIABLES)
    else:
        assert expressions.render(template, VARIABLES) == text


@pytest.mark.parametrize("template", REFUSED)
def test_a_wrong_template_is_refused_in_words(expressions, template):
    with pytest.raises(ExpressionFailed):
        expressions.render(template, VARIABLES)


def test_maps_and_lists_are_rendered_in_depth_and_other_values_stay(expressions):
    value = {"{{ s }}": ["{{ a }}", 1, None, {"x": "{{ t }}"}]}
    assert expressions.render(value, VARIABLES) == {"text": ["7", 1, None, {"x": "true"}]}


def test_a_template_of_one_expression_gives_its_value(expressions):
    assert expressions.evaluate("{{ l }}", VARIABLES) == [1, 2, 3]
    assert expressions.evaluate(" {{ l }}", VARIABLES) == " [1,2,3]"
    assert expressions.evaluate("{{ a }}{{ b }}", VARIABLES) == "72"


def test_what_is_missing_is_named_with_the_template_and_its_line(expressions):
    with pytest.raises(ExpressionFailed) as failed:
        expressions.render("one\n{{ m.k.gone }}", VARIABLES)
    assert str(failed.value) == "Unable to find `gone` used in the expression `one\n{{ m.k.gone }}` at line 2"


def test_a_failure_shows_no_value(expressions):
    secret = {"password": "hunter2", "map": {}, "rendered": "hunter2 {{ gone }}", "broken": "{{ a hunter2 }}"}
    for template in (
        "{{ map[password] }}",
        "{{ password * 2 }}",
        "{{ render(rendered) }}",
        "{{ render(broken) }}",
        "{{ password | date }}",
    ):
        with pytest.raises(ExpressionFailed) as failed:
            expressions.render(template, secret)
        assert "hunter2" not in str(failed.value)


def test_functions_from_outside_get_the_variables_and_named_arguments(expressions):
    assert expressions.render("{{ secret('DB') }} {{ kv('k', errorOnMissing=true) }}", VARIABLES) == "s3cret n.s/k/True"
    with pytest.raises(ExpressionFailed, match=r"^Cannot find secret for key 'no'\.$"):
        expressions.render("{{ secret('no') }}", VARIABLES)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{ taskrun }}",
            '{"id":"61Tx","startDate":"2024-11-13T14:38:38.355668Z","attemptsCount":0,"parentId":"p","value":"1","iteration":2}',
        ),
        ("{{ taskrun.value }} {{ taskrun.iteration }} {{ taskrun.parentId }}", "1 2 p"),
        ("{{ parent.taskrun.value }} {{ parents[0].taskrun.value }} {{ parents[1].taskrun.value }}", "b b a"),
        ("{{task.id}} > {{taskrun.value}} ⬅ {{taskrun.startDate}}", "t > 1 ⬅ 2024-11-13T14:38:38.355668Z"),
    ],
)
def test_the_expressions_of_the_task_runs_page_render(expressions, template, text):
    taskrun = {
        "id": "61Tx", "startDate": "2024-11-13T14:38:38.355668Z", "attemptsCount": 0,
        "parentId": "p", "value": "1", "iteration": 2,
    }  # fmt: skip
    parents = [{"taskrun": {"value": "b"}}, {"taskrun": {"value": "a"}}]
    variables = {"taskrun": taskrun, "task": {"id": "t"}, "parents": parents, "parent": parents[0]}
    assert expressions.render(template, variables) == text

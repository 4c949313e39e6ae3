from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import immutables
import pytest

from runfold.errors import BadRequest, ExpressionFailed
from runfold.flows.expressions import is_truthy, print_value
from runfold.flows.expressions.typed import typed_variables
from runfold.flows.expressions.values import Float32, ZonedDateTime

ZONED = "'2013-09-08T16:19:12.123456+01:00'"

FILTERED = {
    "{{ 'abcdef' | abbreviate(5) }} {{ 'abc' | abbreviate(3) }} {{ 'abc' | abbreviate(4) }}": "ab... abc abc",
    "{{ -2 | abs }} {{ ' ab cd' | capitalize }} {{ 'ab cD' | title }} {{ ' a ' | trim }}": "2  Ab cd Ab CD a",
    "{{ 'ab' | first }} {{ [1, 2] | last }} {{ [] | first }}|{{ [1, null, 'a'] | join(',') }}": "a 2 |1,null,a",
    "{{ 'abc' | length }} {{ {'a': 1} | length }} {{ null | length }} {{ 5 | length }}": "3 1 0 0",
    "{{ 'a' | upper }} {{ 'A' | lower }} {{ 'a b~é' | urlencode }} {{ 'a+b%C3%A9' | urldecode }}": "A a a+b%7E%C3%A9 a bé",
    "{{ 1234.565 | numberFormat('#,##0.00') }} {{ 0.5 | numberFormat('#.#') }} {{ 7 | numberFormat('000') }}": "1,234.56 0.5 007",
    "{{ 0.5 | numberFormat('#.00') }} {{ -0.5 | numberFormat('0.0;(0.0)') }} {{ -5 | numberFormat('#') }}": ".50 (0.5) -5",
    "{{ '2024-08-09T10:00:00+05:30' | date('QQQ QQQQ Q O OOOO') }}": "Q3 3rd quarter 3 GMT+5:30 GMT+05:30",
    "{{ 'abcd' | slice(1, 3) }} {{ [1, 2, 3] | slice(toIndex=2) }}": "bc [1,2]",
    "{{ [3, 1, 2] | sort }} {{ ['b', 'a'] | rsort }} {{ [1, 2] | reverse }}": '[1,2,3] ["b","a"] [2,1]',
    "{{ 'a1b22c' | split('[0-9]+') }} {{ 'a,b,c' | split(',', 2) }}": '["a","b","c"] ["a","b,c"]',
    "{{ {'a': 1} | merge({'b': 2}) }} {{ [1] | merge([2]) }} {{ {'a': 1} | merge(['b']) }}":
        '{"a":1,"b":2} [1,2] {"a":1,"b":"b"}',
    "{{ 'é' | base64encode }} {{ 'w6k=' | base64decode }}": "w6k= é",
    "{{ 'a' | md5 }}": "0cc175b9c0f1b6a831c399e269772661",
    "{{ 'a' | sha1 }}": "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
    "{{ 'a' | sha256 | length }} {{ 'a' | sha512 | length }}": "64 128",
    "{{ 'a.b' | replace({'.': '-', 'a': 'x'}) }} {{ 'a12' | replace({'([0-9])': '<$1>'}, regexp=true) }}": "x-b a<1><2>",
    "{{ {'k': 'aa', 'n': 1} | replace({'a': 'b'}) }} {{ ['a'] | replace({'a': 'b'}) }}": '{"k":"bb","n":1} ["b"]',
    "{{ [1, 2, 3] | chunk(2) }} {{ [[1], 2, [[3]]] | flatten }}": "[[1,2],[3]] [1,2,[3]]",
    "{{ 'a' | className }} {{ 1.5 | className }} {{ [] | className }} {{ {'a': 1} | className }}":
        "java.lang.String java.lang.Double java.util.ArrayList java.util.LinkedHashMap",
    "{{ {'a': null, 'b': [null]} | json }} {{ null | toJson }} {{ 'a\"' | json }}": '{"b":[null]} null "a\\""',
    "{{ {'b': 1, 'a': 2} | keys }} {{ ['x', 'y'] | keys }} {{ {'b': 1} | values }}": '["b","a"] [0,1] [1]',
    "{{ {'a': [1, 2]} | jq('.a[]') }} {{ [{'n': 1}, {'n': 2}] | jq('map(select(.n > 1))') | first }}": '[1,2] [{"n":2}]',
    "{{ '{\"a\":1}' | jq('.a') }} {{ [1] | jq('.[1]') }} {{ 'x' | json | jq('length') }}": "[1] [null] [1]",
    "{{ '12' | number }} {{ '0x1F' | number }} {{ '1.5' | number }} {{ '7L' | number }} {{ '1' | number('DOUBLE') }}":
        "12 31 1.5 7 1.0",
    "{{ [\"it's\", 1] | escapeChar('shell') }} {{ {'a': 'b\"'} | escapeChar('double') }}":
        '["it\'\\\\\'\'s","1"] {"a":"b\\\\\\""}',
    "{{ 'My Flow_É  x!' | slugify }}": "my-flow-e-x",
    "{{ 'abc' | substringBefore('x') }}|{{ 'abc' | substringAfter('x') }}|{{ 'a-b-c' | substringAfterLast('-') }}": "abc||c",
    "{{ 'a\nb' | indent(2) }}|{{ 'a' | nindent(1, prefix='>') }}": "a\n  b|\n>a",
    "{{ {'a': [1, {'b': 'x y', 'c': 'true'}], 'd': {}, 'z': null} | yaml }}":
        'a:\n - 1\n - b: x y\n   c: "true"\nd: {}\nz: null\n',
    "{{ 'ab' | startsWith('a') }} {{ 'ab' | endsWith('a') }}": "true false",
    "{{ {'a b': 1.5, 'c': [null, 'x']} | toIon }}": "{'a b':1.5e0,c:[null,\"x\"]}",
    "{{ null | upper }}|{{ null | json }}|{{ null | yaml }}|{{ null | toIon }}": "|null|null|null",
    # dates
    f"{{{{ {ZONED} | date }}}}": "2013-09-08T16:19:12.123456+01:00",
    f"{{{{ {ZONED} | date('sql', timeZone='UTC') }}}}": "2013-09-08 15:19:12.123456",
    f"{{{{ {ZONED} | date(\"EEE, d MMM yyyy h:mm a 'o''clock'\") }}}}": "Sun, 8 Sep 2013 4:19 PM o'clock",
    f"{{{{ {ZONED} | date('iso_zoned_date_time', timeZone='Europe/Paris') }}}}": "2013-09-08T17:19:12.123456+02:00[Europe/Paris]",
    f"{{{{ {ZONED} | date('iso_instant') }}}} {{{{ {ZONED} | date('iso_week_date') }}}}": "2013-09-08T15:19:12.123456Z 2013-W36-7+01:00",
    f"{{{{ {ZONED} | date('rfc_1123_date_time', timeZone='UTC') }}}}": "Sun, 8 Sep 2013 15:19:12 GMT",
    "{{ 0 | date('iso_sec') }} {{ '2013-09-08' | date('yyyy/DDD') }}": "1970-01-01T00:00:00Z 2013/251",
    "{{ '08/09/2013 17h05' | date('iso_sec', existingFormat=\"dd/MM/yyyy HH'h'mm\") }}": "2013-09-08T17:05:00Z",
    "{{ '2024-01-31' | dateAdd(1, 'MONTHS', 'iso_local_date') }} {{ '2024-02-29' | dateAdd(-1, 'YEARS', 'iso_local_date') }}":
        "2024-02-29 2023-02-28",
    "{{ '2024-03-30T12:00:00+01:00' | dateAdd(1, 'DAYS', timeZone='Europe/Paris') }}": "2024-03-31T12:00:00.000000+02:00",
    "{{ '2024-03-30T12:00:00+01:00' | dateAdd(24, 'HOURS', timeZone='Europe/Paris') }}": "2024-03-31T13:00:00.000000+02:00",
    f"{{{{ {ZONED} | timestamp }}}} {{{{ {ZONED} | timestampNano }}}}": "1378653552 1378653552123456000",
    # functions
    "{{ now() }} {{ now('HH:mm', timeZone='Asia/Tokyo') }}": "2024-12-20T10:11:12.345678Z 19:11",
    "{{ json('{\"a\":[1]}').a[0] }} {{ fromJson(null) ?? 'n' }} {{ yaml('a: [1, 2024-01-01]').a[1] }}": "1 n 2024-01-01",
    "{{ fromIon('{a:1, b:[x::\"y\", 1.5e0, null], \\'c d\\':true}') }}": '{"a":1,"b":["y",1.5,null],"c d":true}',
    "{{ max(1, 2.5, 2) }} {{ min(3, 1) }} {{ range(1, 7, 3) }} {{ range('a', 'c') }}": '2.5 1 [1,4,7] ["a","b","c"]',
    "{{ render(nested) }} {{ renderOnce(nested) }} {{ render({'k': nested}) }}": 'end {{ inner }} {"k":"end"}',
    "{{ printContext().inner }}": "end",
    "{{ currentEachOutput(outputs.t).v }}": "deep",
}  # fmt: skip

VARIABLES = {
    "nested": "{{ again }}", "again": "{{ inner }}", "inner": "end",
    "outputs": {"t": {"a": {"b": {"c": {"v": "deep"}}}}},
    "taskrun": {"value": "c"}, "parents": [{"taskrun": {"value": "b"}}, {"outputs": {}}, {"taskrun": {"value": "a"}}],
}  # fmt: skip

REFUSED = [
    "{{ 1 | upper }}", "{{ [1, 'a'] | sort }}", "{{ [null] | sort }}", "{{ 'abc' | slice(2, 2) }}",
    "{{ 'x' | escapeChar('foo') }}", "{{ json('{') }}", "{{ 'x' | number }}", "{{ 'x' | date }}",
    "{{ 'a' | date(nope=1) }}", "{{ 'a' | replace }}", "{{ 'a' | split('(') }}", "{{ now(timeZone='Mars/Base') }}",
    "{{ now('jjj') }}", "{{ [1] | jq('env') }}", "{{ [1] | jq('.[') }}", "{{ fromIon('{{aGk=}}') }}", "{{ yaml('[') }}",
]  # fmt: skip

PRINTED = [
    (None, ""), (True, "true"), (12, "12"), (1.0, "1.0"), (0.1, "0.1"), (1e10, "1.0E10"), (1.5e-4, "1.5E-4"),
    (1234567.5, "1234567.5"), (12345678.0, "1.2345678E7"), (0.001, "0.001"), (float("nan"), "NaN"),
    (float("-inf"), "-Infinity"), (Float32(1.123), "1.123"), (Decimal("1E+3"), "1000"), ("é/", "é/"),
    ({"a": None, "b": [None, "é/"], "c": 1e10}, '{"b":[null,"é/"],"c":1.0E10}'),
    (immutables.Map(a=immutables.Map(b=1)), '{"a":{"b":1}}'), ((1, 2), "[1,2]"),
    (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05Z"),
    (datetime(2024, 1, 2, 3, 4, 5, 120000, tzinfo=UTC), "2024-01-02T03:04:05.120Z"),
    (ZonedDateTime(2013, 9, 8, 16, 19, tzinfo=UTC), "2013-09-08T16:19Z"),
    (datetime(2013, 9, 8, 16, 19, tzinfo=ZoneInfo("Europe/Paris")), "2013-09-08T16:19+02:00[Europe/Paris]"),
    (datetime(2024, 1, 2, 3, 4), "2024-01-02T03:04"), (date(2024, 1, 2), "2024-01-02"), (time(3, 4, 5), "03:04:05"),  # noqa: DTZ001 - a local one
    (timedelta(seconds=90), "PT1M30S"), (timedelta(), "PT0S"), (timedelta(hours=25, milliseconds=500), "PT25H0.5S"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "text"), FILTERED.items())
def test_a_filter_or_function_gives_what_its_row_says(expressions, template, text):
    assert expressions.render(template, VARIABLES) == text


@pytest.mark.parametrize("template", REFUSED)
def test_a_wrong_input_or_argument_is_refused_in_words(expressions, template):
    with pytest.raises(ExpressionFailed):
        expressions.render(template, VARIABLES)


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_a_value_prints_as_java_prints_it(value, text):
    assert print_value(value) == text


def test_what_is_no_plain_data_is_not_printed():
    with pytest.raises(ExpressionFailed):
        print_value(object())


@pytest.mark.parametrize("text", [None, "", "false", "0", "-0"])
def test_few_texts_are_false(text):
    assert not is_truthy(text)


@pytest.mark.parametrize("text", [" ", "null", "False", "0.0", "no", "[]"])
def test_all_other_texts_are_true(text):
    assert is_truthy(text)


def test_the_output_of_an_iteration_is_found_from_below_it_too(expressions):
    variables = {
        "outputs": {"t": {"a": {"v": 1}}, "flat": {"v": 2}},
        "taskrun": {"id": "inside an If"},
        "parents": [{"outputs": {}}, {"taskrun": {"value": "a"}}],
    }
    assert expressions.render("{{ currentEachOutput(outputs.t).v }}", variables) == "1"
    assert expressions.render("{{ currentEachOutput(outputs.flat).v }}", {**variables, "parents": []}) == "2"


def test_typed_values_are_made_in_depth():
    value = {"a": [{"$type": "duration", "value": "PT1H5.5S"}], "b": {"$type": "set", "value": [1, 1, 2]}}
    assert typed_variables(value) == {"a": [timedelta(hours=1, seconds=5.5)], "b": [1, 2]}
    with pytest.raises(BadRequest):
        typed_variables({"$type": "nope", "value": 1})

"""What may be given for an input, what it becomes, and what people are told."""

from typing import Any

import pytest
from tests.unit.flows.flow_types import ONE_TASK, flow

from runfold.errors import ExpressionFailed, InputsInvalid
from runfold.flows.inputs import resolve_each, resolve_inputs, resolve_outputs
from runfold.flows.yaml_source import read_yaml


def no_templates(template: str, variables: Any) -> Any:
    raise ExpressionFailed(f"unexpected {template} {sorted(variables)}")


def resolved(declared: str, given: dict[str, Any], render=no_templates, encrypt=None) -> dict[str, Any]:
    inputs = flow(f"inputs: [{declared}]\n" + ONE_TASK).inputs
    return resolve_inputs(inputs, given, render, encrypt)


def refused(declared: str, given: dict[str, Any], encrypt=None) -> str:
    with pytest.raises(InputsInvalid) as caught:
        resolved(declared, given, encrypt=encrypt)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("STRING", "x", "x"),
        ("STRING", "", ""),
        ("STRING", 5, "5"),
        ("INT", "42", 42),
        ("INT", "-7", -7),
        ("INT", 42, 42),
        ("INT", "2147483647", 2147483647),
        ("FLOAT", "42.42", 42.42),
        ("FLOAT", "1e3", 1000.0),
        ("FLOAT", 1, 1.0),
        ("BOOLEAN", "TRUE", True),
        ("BOOLEAN", "yes", False),
        ("BOOLEAN", True, True),
        ("DATETIME", "2019-10-06T18:27:49Z", "2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-10-06T20:27:49.5+02:00", "2019-10-06T18:27:49.500Z"),
        ("DATE", "2019-10-06", "2019-10-06"),
        ("TIME", "18:27:49", "18:27:49"),
        ("TIME", "18:27", "18:27"),
        ("DURATION", "PT5M6S", "PT5M6S"),
        ("DURATION", "pt90s", "PT1M30S"),
        ("FILE", "kestra:///a/b.txt", "kestra:///a/b.txt"),
        ("JSON", '{"a": [1, null]}', {"a": [1, None]}),
        ("JSON", "{}", {}),
        ("JSON", {"a": 1}, {"a": 1}),
        ("YAML", "a: [b, 1]", {"a": ["b", 1]}),
        ("URI", "https://www.google.com", "https://www.google.com"),
        ("EMAIL", "", ""),
        ("EMAIL", "a@b.c", "a@b.c"),
        ("ARRAY, itemType: INT", "[1, 2]", [1, 2]),
        ("ARRAY, itemType: INT", ["1", 2], [1, 2]),
        ("ARRAY, itemType: DURATION", '["PT1S"]', ["PT1S"]),
        ("ENUM, values: [a, b]", "b", "b"),
        ("SELECT, values: [1, 2]", "2", "2"),
        ("SELECT, values: [a], allowCustomValue: true", "z", "z"),
        ("MULTISELECT, values: [a, b]", '["b", "a"]', ["b", "a"]),
        ("MULTISELECT, options: [a, b]", ["b"], ["b"]),
    ],
)
def test_values_take_the_type_of_their_input(kind, given, value):
    found = resolved(f"{{id: x, type: {kind}}}", {"x": given, "unknown": "ignored"})
    assert found == {"x": value}
    assert type(found["x"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        ("STRING, validator: 'A\\d+'", "xA1", "it must match the pattern `A\\d+`, but received `xA1`"),
        ("INT", "x", 'Expected `INT` but received `x` with errors: For input string: "x", but received `x`'),
        ("INT", "2147483648", "Expected `INT`"),
        ("INT", "1.0", "Expected `INT`"),
        ("INT", True, "Expected `INT`"),
        ("INT, min: 10, max: 20", "9", "it must be more than `10`, but received `9`"),
        ("INT, min: 10, max: 20", "21", "it must be less than `20`, but received `21`"),
        ("FLOAT", "nan", "Expected `FLOAT`"),
        ("FLOAT", "x", 'Expected `FLOAT` but received `x` with errors: For input string: "x", but received `x`'),
        ("FLOAT", "1e39", "Expected `FLOAT`"),
        ("FLOAT, min: 0.1", "0.01", "it must be more than `0.1`, but received `0.01`"),
        ("BOOLEAN", 1, "Expected `BOOLEAN`"),
        ("DATETIME", "2019-10-06T18:27:49", "Expected `DATETIME`"),
        ("DATETIME, after: '2023-01-01T00:00:00Z'", "2022-01-01T00:00:00Z", "it must be after `2023-01-01T00:00:00Z`"),
        ("DATE, before: 2023-12-31", "2024-01-01", "it must be before `2023-12-31`, but received `2024-01-01`"),
        ("DATE", "20190101", "Expected `DATE`"),
        ("TIME, after: '01:00:00'", "00:30", "it must be after `01:00`, but received `00:30`"),
        ("DURATION", "5 minutes", "Text cannot be parsed to a Duration: 5 minutes"),
        ("DURATION, min: PT10S, max: PT20S", "PT1S", "It must be more than `PT10S`, but received `PT1S`"),
        ("DURATION, min: PT10S, max: PT20S", "PT30S", "It must be less than `PT20S`, but received `PT30S`"),
        ("FILE", "/etc/passwd", "Expected `FILE`"),
        ("JSON", "{", "Expected `JSON`"),
        ("JSON", [2**64], "Expected `JSON`"),
        ("YAML", "a: [", "Expected `YAML`"),
        ("URI", "http:/bla", "Invalid URI format"),
        ("EMAIL", "nobody", "The input must be a valid email, but received `nobody`"),
        (
            "ARRAY, itemType: INT",
            '["s1", "s2"]',
            'Unable to parse array element as `INT` on `s1`, but received `["s1", "s2"]`',
        ),
        ("ARRAY, itemType: INT", "1", "it is no list"),
        ("ENUM, values: [a, b]", "c", "it must match the values `[a, b]`, but received `c`"),
        ("MULTISELECT, values: [a, b]", '["a", "c"]', "it must match the values `[a, b]`"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_reason(kind, given, reason):
    message = refused(f"{{id: x, type: {kind}}}", {"x": given})
    assert message.startswith("Invalid input for `x`, ")
    assert reason in message


def test_bounds_are_inclusive():
    assert resolved("{id: x, type: INT, min: 1, max: 1}", {"x": "1"}) == {"x": 1}
    assert resolved("{id: x, type: DURATION, min: PT1S, max: PT1S}", {"x": "PT1S"}) == {"x": "PT1S"}


def test_what_is_missing_is_refused_or_null_or_the_default():
    assert refused("{id: x, type: STRING}", {}) == (
        "Invalid input for `x`, missing required input, but received `null`"
    )
    assert resolved("{id: x, type: INT, required: false}", {"x": None}) == {"x": None}
    assert resolved("{id: x, type: INT, defaults: '3'}", {}) == {"x": 3}
    assert resolved("{id: x, type: STRING, defaults: ''}", {}) == {"x": ""}
    assert resolved("{id: x, type: YAML, defaults: {a: 1}}", {}) == {"x": {"a": 1}}


def test_every_wrong_input_is_told():
    with pytest.raises(InputsInvalid) as caught:
        resolved("{id: x, type: INT}, {id: y, type: INT}, {id: z, type: INT}", {"x": "a", "z": "1"})
    assert [error.input_id for error in caught.value.errors] == ["x", "y"]


def test_dots_in_ids_make_maps_in_maps():
    declared = "{id: n.a, type: STRING}, {id: n.more.b, type: INT}"
    assert resolved(declared, {"n.a": "x", "n.more.b": "1"}) == {"n": {"a": "x", "more": {"b": 1}}}


def test_a_secret_is_sealed_and_never_shown():
    declared = "{id: x, type: SECRET, validator: 'a+'}"
    assert resolved(declared, {"x": "aaa"}, encrypt=lambda text: f"<{len(text)}>") == {"x": "<3>"}
    for given, encrypt in (("hush", lambda text: text), ("aaa", None)):
        message = refused(declared, {"x": given}, encrypt)
        assert given not in message
        assert "`******`" in message
    assert "encryption is not configured" in refused(declared, {"x": "aaa"})


DEPENDING = (
    "{id: b, type: STRING, dependsOn: {inputs: [a], condition: c}}, {id: a, type: INT}, "
    "{id: d, type: STRING, dependsOn: {inputs: [b]}}"
)


def test_an_input_sees_those_it_depends_on_whatever_their_order():
    seen = []

    def render(template, variables):
        seen.append((template, variables))
        return True

    assert resolved(DEPENDING, {"a": "1", "b": "x", "d": "y"}, render) == {"a": 1, "b": "x", "d": "y"}
    assert seen == [("c", {"inputs": {"a": 1}})]


@pytest.mark.parametrize("answer", [False, "true", 1, None])
def test_an_input_whose_condition_is_not_exactly_true_is_left_out_with_all_behind_it(answer):
    assert resolved(DEPENDING, {"a": "1"}, lambda _template, _variables: answer) == {"a": 1}


def test_a_condition_that_fails_is_an_error_of_its_input():
    inputs = flow(f"inputs: [{DEPENDING}]\n" + ONE_TASK).inputs
    b, a, d = resolve_each(inputs, {"a": "1"}, no_templates)
    assert (b.enabled, b.error is not None, a.value, d.enabled, d.error) == (False, True, 1, False, None)
    with pytest.raises(InputsInvalid):
        resolve_inputs(inputs, {"a": "1"}, no_templates)


@pytest.mark.parametrize("kind", ["SELECT", "MULTISELECT"])
def test_choices_may_come_from_an_expression(kind):
    inputs = flow(f"inputs: [{{id: x, type: {kind}, expression: e}}]\n" + ONE_TASK).inputs
    (found,) = resolve_each(inputs, {"x": "2" if kind == "SELECT" else '["2"]'}, lambda _template, _variables: [1, 2])
    assert (getattr(found.input, "values", None), found.error) == (("1", "2"), None)
    (wrong,) = resolve_each(inputs, {"x": "2"}, lambda _template, _variables: "no list")
    assert "expected a list" in (wrong.error or "")


def test_a_long_chain_of_inputs_is_resolved_and_an_endless_one_refused():
    chain = (
        ", ".join(f"{{id: i{n}, type: STRING, dependsOn: {{inputs: [i{n + 1}]}}}}" for n in range(500))
        + ", {id: i500, type: STRING}"
    )
    assert "depends on too many" in refused(chain, {f"i{n}": "x" for n in range(501)})


def outputs(declared: str, evaluate=lambda value: value, encrypt=None):
    return resolve_outputs(flow(f"outputs: [{declared}]\n" + ONE_TASK).outputs, evaluate, encrypt)


def test_outputs_are_rendered_and_typed_like_inputs():
    declared = "{id: a.b, type: INT, value: '{{ x }}'}, {id: s, type: STRING, value: '{{ x }}'}"
    assert outputs(declared, lambda _value: 5) == {"a": {"b": 5}, "s": "5"}
    assert outputs("{id: n, type: STRING, value: x}", lambda _value: None) == {"n": None}
    with pytest.raises(InputsInvalid, match="Invalid output for `a`, Expected `INT`"):
        outputs("{id: a, type: INT, value: x}")


def test_a_secret_output_is_marked_as_encrypted():
    assert outputs("{id: s, type: SECRET, value: x}", encrypt=str.upper) == {
        "s": {"type": "io.kestra.datatype:aes_encrypted", "value": "X"}
    }
    with pytest.raises(InputsInvalid):
        outputs("{id: s, type: SECRET, value: x}")


def test_a_value_in_a_message_is_not_endless():
    assert len(refused("{id: x, type: INT}", {"x": "9" * 100_000})) < 5000


def test_deep_values_are_refused_and_never_break():
    deep: Any = read_yaml("[" * 60 + "]" * 60).value
    for _ in range(8):
        deep = [deep] * 1
        for _ in range(60):
            deep = [deep]
    assert "Invalid input for `x`" in refused("{id: x, type: STRING}", {"x": deep})

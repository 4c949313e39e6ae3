"""What YAML becomes, and what is refused while it is read."""

import pytest

from runfold.errors import FlowInvalid
from runfold.flows.yaml_source import DEPTH_MAX, read_yaml


def refusal(source: str) -> tuple[str, int, int]:
    with pytest.raises(FlowInvalid) as caught:
        read_yaml(source)
    (violation,) = caught.value.violations
    return violation.message, violation.line, violation.column


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("1_000", 1000),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "9223372036854775808"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("12:30:45", "12:30:45"),
        ("2023-01-01", "2023-01-01"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("9" * 100, "9" * 100),
    ],
)
def test_only_the_types_of_json_come_out(written, value):
    assert read_yaml(f"a: {written}").value == {"a": value}
    assert type(read_yaml(f"a: {written}").value["a"]) is type(value)


def test_every_value_and_key_has_its_place():
    source = read_yaml("a:\n  - b: 1\n    c: [x, yy]\n")
    assert source.position(("a", 0, "c", 1)) == (3, 12)
    assert source.position(("a", 0, "c"), of_key=True) == (3, 5)
    assert source.position(("a", 0, "missing")) == (2, 5)


def test_a_key_given_twice_is_refused_where_it_stands_again():
    assert refusal("a: 1\nb: 2\n a: 3".replace(" a", "a")) == ("Illegal flow yaml: Duplicate field 'a'", 3, 1)


def test_a_syntax_error_tells_line_and_column():
    message, line, column = refusal("a: 1\nb: [1, 2\nc: 3\n")
    assert message.startswith("Illegal flow yaml: ")
    assert (line, column) == (3, 2)


def test_deep_nesting_is_refused_and_the_limit_is_not():
    assert read_yaml("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    assert "nested deeper" in refusal("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))[0]
    assert "nest" in refusal("[" * 500_000)[0]


def test_aliases_count_as_often_as_they_are_used():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "more than 100000 values" in refusal("\n".join(lines))[0]


def test_an_alias_stands_for_its_anchor_and_a_merge_for_what_is_not_said():
    assert read_yaml("a: &x {b: 1, c: 2}\nd: *x\ne: {<<: *x, c: 3}").value == {
        "a": {"b": 1, "c": 2},
        "d": {"b": 1, "c": 2},
        "e": {"c": 3, "b": 1},
    }


@pytest.mark.parametrize(
    "source",
    ["a: &a [*a]", "a: *b", "? [1]\n: 2", "a: 1\n---\nb: 2", "a: \x00", "a: \ud800", "# " + "x" * 1_100_000, "<<: 1"],
    ids=["self", "unknown alias", "list as key", "two documents", "control", "surrogate", "too large", "merge of text"],
)
def test_what_is_no_flow_source_is_refused(source):
    assert refusal(source)[0].startswith("Illegal flow yaml: ")

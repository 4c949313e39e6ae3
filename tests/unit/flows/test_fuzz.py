"""Whatever someone sends: a flow, or violations; never another error, never a hang."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.flows.flow_types import CORE, FLOW, LOG, TYPES

from runfold.errors import FlowInvalid, InputsInvalid
from runfold.flows.check import validate_source
from runfold.flows.inputs import resolve_inputs
from runfold.flows.model import Flow
from runfold.flows.parse import parse_flow
from runfold.flows.written import flow_json
from runfold.flows.yaml_source import read_yaml

HANG_MS = 20_000
"""Longer is a hang, also on a machine that does other things besides."""

YAML_LIKE = st.text(st.sampled_from("ab01:-?[]{}#&*!|>'\"%@`,. \n\t~<é\x00"), max_size=60)
KEYS = st.sampled_from(
    [
        "id",
        "namespace",
        "tasks",
        "type",
        "errors",
        "inputs",
        "outputs",
        "retry",
        "labels",
        "triggers",
        "conditions",
        "values",
        "value",
        "cases",
        "then",
        "else",
        "condition",
        "defaults",
        "dependsOn",
        "task",
        "message",
        "sla",
        "concurrency",
        "limit",
        "pluginDefaults",
        "taskDefaults",
        "listeners",
        "name",
        "timeout",
        "cron",
        "key",
        "preconditions",
        "timeWindow",
        "interval",
        "behavior",
        "x",
    ]
)
WORDS = st.sampled_from(
    ["a", "n", "", LOG, "constant", "exponential", "STRING", "ARRAY", "SELECT", "MAX_DURATION", "PT1S", "{{ x }}", "0"]
    + [f"{FLOW}.{name}" for name in ("Sequential", "Switch", "If", "Dag", "ForEach", "WorkingDirectory", "Subflow")]
    + [f"{CORE}.trigger.{name}" for name in ("Schedule", "Flow", "Webhook")]
    + [f"{CORE}.condition.Not"]
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False) | WORDS | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
FLOWS = st.fixed_dictionaries(
    {"id": st.just("f"), "namespace": st.just("n"), "tasks": st.lists(TREES, max_size=3)},
    optional=dict.fromkeys(("inputs", "outputs", "retry", "labels", "triggers", "sla", "pluginDefaults", "x"), TREES),
)


def outcome(source: str) -> Flow | FlowInvalid:
    try:
        return parse_flow(source, TYPES)
    except FlowInvalid as error:
        return error


@settings(deadline=HANG_MS)
@given(st.text() | YAML_LIKE)
def test_any_text_gives_a_flow_or_violations(source):
    found = outcome(source)
    assert isinstance(found, Flow) or found.violations
    assert validate_source(source, TYPES)


@settings(deadline=HANG_MS)
@given(FLOWS | TREES)
def test_any_tree_of_known_words_gives_a_flow_or_violations(tree: Any):
    source = json.dumps(tree)
    found = outcome(source)
    if isinstance(found, Flow):
        orjson.dumps(flow_json(found, read_yaml(source).value))
        found.model_dump_json(by_alias=True, exclude_unset=True)
    assert validate_source(source, TYPES)


PLAIN = "STRING INT FLOAT BOOLEAN DATETIME DATE TIME DURATION FILE JSON YAML URI SECRET EMAIL"
KINDS = (
    *PLAIN.split(),
    "ARRAY, itemType: INT",
    "MULTISELECT, values: [a]",
    "SELECT, values: [a]",
    "STRING, validator: 'a*'",
    "DURATION, min: PT1S",
    "DATETIME, after: '2020-01-01T00:00:00Z'",
    "TIME, before: '10:00'",
)
VALUES = (
    st.text(max_size=12)
    | st.text(st.sampled_from('0123456789-:TZPTHMS.+,eE_[]{}"'), max_size=30)
    | st.datetimes().map(str)
    | TREES
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=HANG_MS)
@given(value=VALUES)
def test_any_value_of_an_input_is_taken_or_refused(kind, value):
    source = f"id: f\nnamespace: n\ninputs: [{{id: x, type: {kind}, required: false}}]\n"
    inputs = parse_flow(source + f"tasks: [{{id: a, type: {LOG}, message: x}}]", TYPES).inputs
    try:
        found = resolve_inputs(inputs, {"x": value}, lambda template, _variables: template, str)
    except InputsInvalid:
        return
    orjson.dumps(found)

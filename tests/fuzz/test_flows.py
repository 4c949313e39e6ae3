"""Whatever text stands where a flow should: a flow comes of it, or what is wrong with it is told."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from runfold.errors import FlowInvalid
from runfold.flows.parse import parse_flow, parse_raw, split_documents
from runfold.tasks import load_task_types
from tests.fuzz.examples import texts, tried, values

TYPES = load_task_types()
SECONDS_MAX = 5.0

FLOW: dict[str, Any] = {
    "id": "f",
    "namespace": "company.team",
    "labels": {"a": "b"},
    "inputs": [{"id": "i", "type": "INT", "defaults": 1}, {"id": "s", "type": "SELECT", "values": ["a"]}],
    "variables": {"v": ["{{ inputs.i }}"]},
    "retry": {"type": "constant", "interval": "PT1S", "maxAttempt": 2},
    "concurrency": {"limit": 1, "behavior": "QUEUE"},
    "sla": [{"id": "s", "type": "MAX_DURATION", "duration": "PT1H", "behavior": "FAIL"}],
    "pluginDefaults": [{"type": "io.kestra.plugin.core.log.Log", "values": {"message": "x"}}],
    "outputs": [{"id": "o", "type": "STRING", "value": "{{ outputs.t }}"}],
    "triggers": [{"id": "t", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "* * * * *"}],
    "tasks": [
        {"id": "log", "type": "io.kestra.plugin.core.log.Log", "message": "x"},
        {
            "id": "each",
            "type": "io.kestra.plugin.core.flow.ForEach",
            "values": ["a"],
            "tasks": [{"id": "r", "type": "io.kestra.plugin.core.debug.Return", "timeout": "PT1S"}],
        },
        {
            "id": "switch",
            "type": "io.kestra.plugin.core.flow.Switch",
            "value": "a",
            "cases": {"a": [{"id": "c", "type": "io.kestra.plugin.core.execution.Fail"}]},
        },
    ],
    "errors": [{"id": "e", "type": "io.kestra.plugin.core.log.Log", "message": "x"}],
}

KEYS = sorted({key for key in yaml.safe_dump(FLOW).replace("-", " ").replace(":", " ").split() if key.isidentifier()})
keys = st.one_of(st.sampled_from(KEYS), texts)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a value with something else in one place."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {name: changed(item, rest, new) if name == key else item for name, item in value.items()}
    return [changed(item, rest, new) if at == key else item for at, item in enumerate(value)]


def check(source: str) -> None:
    began_s = time.monotonic()
    for read in (lambda: parse_flow(source, TYPES), lambda: parse_raw(source), lambda: split_documents(source)):
        reasons = ["it is right"]
        try:
            read()
        except FlowInvalid as error:
            reasons = [each.message for each in error.violations]
        assert reasons
        assert all(reasons)
    assert time.monotonic() - began_s < SECONDS_MAX


@tried(150)
@given(source=texts)
@example("a: &a [*a]")
@example("&a [" + "*a," * 3)
@example("[" * 20_000)
@example("{a: " * 3_000 + "}" * 3_000)
@example("- " * 5_000)
@example("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n")
@example("? {a: b}\n: c")
@example("<<: *x")
@example("a: 0x" + "f" * 5_000)
@example("a: " + "9" * 5_000)
@example("a: 1_000:59:59")
@example("a: 2026-99-99")
@example("a: !!binary '***'")
@example("a: !!timestamp x")
@example("%YAML 9.9\n---\na: b")
@example('a: "\\ud800"\nid: "\\x00"')
def test_any_text_is_a_flow_or_is_told_why_not(source: str) -> None:
    check(source)


@tried(300)
@given(where=st.sampled_from(places(FLOW)), new=values(keys))
def test_a_flow_with_anything_in_one_place_is_a_flow_or_is_told_why_not(where: tuple[Any, ...], new: Any) -> None:
    try:
        source = yaml.safe_dump(changed(FLOW, where, new), allow_unicode=True)
    except (UnicodeError, yaml.YAMLError, ValueError):
        return  # YAML can't say that
    check(source)


@tried(100)
@given(cut=st.integers(0, 1200), put=texts, drop=st.integers(0, 20))
def test_a_flow_whose_text_was_damaged_is_a_flow_or_is_told_why_not(cut: int, put: str, drop: int) -> None:
    source = yaml.safe_dump(FLOW)
    check(source[:cut] + put + source[cut + drop :])


@pytest.mark.parametrize("depth", [50, 500, 5_000])
def test_tasks_in_tasks_in_tasks_are_a_flow_or_too_deep(depth: int) -> None:
    head = "id: f\nnamespace: a\ntasks: ["
    opened = "".join(f"{{id: t{at}, type: io.kestra.plugin.core.flow.Sequential, tasks: [" for at in range(depth))
    check(head + opened + "]}" * depth + "]")

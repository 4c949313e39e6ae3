"""Values written once for many plugins."""

from typing import Any

import pytest
from tests.unit.flows.flow_types import CORE, HEAD, LOG, ONE_TASK, TYPES, flow, texts

from runfold.errors import FlowInvalid
from runfold.flows.defaults import inject
from runfold.flows.model import PluginDefault
from runfold.flows.parse import parse_flow


def injected(task: dict[str, Any], *defaults: dict[str, Any]) -> dict[str, Any]:
    models = [PluginDefault.model_validate(default) for default in defaults]
    found: dict[str, Any] = inject({"tasks": [{"type": LOG, **task}]}, models, TYPES)["tasks"][0]
    return found


def test_a_task_s_own_values_win_and_a_forced_default_wins_over_them():
    assert injected({"level": "INFO"}, {"type": LOG, "values": {"level": "WARN"}})["level"] == "INFO"
    assert injected({"level": "INFO"}, {"type": LOG, "forced": True, "values": {"level": "WARN"}})["level"] == "WARN"


def test_the_first_default_is_the_most_important():
    for forced in (False, True):
        first = {"type": LOG, "forced": forced, "values": {"level": "A"}}
        second = {"type": LOG, "forced": forced, "values": {"level": "B", "description": "d"}}
        found = injected({}, first, second)
        assert (found["level"], found["description"]) == ("A", "d")


def test_maps_are_merged_and_lists_put_together():
    found = injected(
        {"retry": {"a": 1}, "message": [1]}, {"type": LOG, "values": {"retry": {"a": 0, "b": 2}, "message": [0]}}
    )
    assert (found["retry"], found["message"]) == ({"a": 1, "b": 2}, [0, 1])


@pytest.mark.parametrize(
    ("kind", "applies"),
    [
        (LOG, True),
        (f"{CORE}.log", True),
        (f"{CORE}.", True),
        (f"{LOG}2", False),
        ("io.kestra.core.tasks.log.Log", True),
        (f"{CORE}.debug", False),
    ],
)
def test_a_default_applies_to_its_type_by_either_name_and_to_all_that_begin_with_it(kind, applies):
    default = {"type": kind, "values": {"level": "WARN"}}
    assert ("level" in injected({}, default)) is applies
    assert ("level" in injected({"type": "io.kestra.core.tasks.log.Log"}, default)) is applies


def test_defaults_reach_nested_tasks_triggers_and_conditions_but_not_themselves():
    body = (
        f"pluginDefaults:\n  - {{type: {CORE}.condition.Expression, values: {{expression: e}}}}\n"
        f"  - {{type: {LOG}, values: {{message: m}}}}\n"
        f"tasks:\n  - {{id: s, type: {CORE}.flow.Sequential, tasks: [{{id: a, type: {LOG}}}]}}\n"
        f"triggers:\n  - {{id: t, type: {CORE}.trigger.Flow, conditions: [{{type: {CORE}.condition.Expression}}]}}\n"
    )
    found = flow(body).model_dump(mode="json", by_alias=True)
    assert found["tasks"][0]["tasks"][0]["message"] == "m"
    assert found["triggers"][0]["conditions"][0]["expression"] == "e"
    assert found["pluginDefaults"][1]["values"] == {"message": "m"}


def test_a_default_for_many_types_need_not_fit_them_all():
    body = (
        f"pluginDefaults: [{{type: {CORE}, forced: true, values: {{level: WARN, timeout: PT5S}}}}]\n"
        f"tasks: [{{id: a, type: {LOG}, message: m}}, {{id: b, type: {CORE}.debug.Return}}]\n"
    )
    first, second = flow(body).tasks
    assert (first.model_dump()["level"], first.timeout) == ("WARN", "PT5S")
    assert ("level" in second.model_dump(), second.timeout) == (False, "PT5S")


def test_defaults_of_the_flow_come_before_those_of_the_server():
    server = [PluginDefault.model_validate({"type": LOG, "values": {"level": "WARN", "description": "d"}})]
    source = HEAD + f"taskDefaults: [{{type: {LOG}, values: {{level: INFO}}}}]\n" + ONE_TASK
    (task,) = parse_flow(source, TYPES, server).tasks
    assert (task.model_dump()["level"], task.description) == ("INFO", "d")


def test_a_wrong_default_is_told_and_does_not_break_the_rest():
    assert "pluginDefaults[0]" in texts("pluginDefaults: [x]\n" + ONE_TASK)[0]


def test_defaults_cannot_make_a_flow_endless():
    items = ", ".join(["x"] * 5000)
    body = f"pluginDefaults: [{{type: {LOG}, values: {{message: [{items}]}}}}]\ntasks:\n"
    body += "".join(f"  - {{id: t{n}, type: {LOG}, message: [y]}}\n" for n in range(100))
    with pytest.raises(FlowInvalid, match="Plugin defaults add more than"):
        parse_flow(HEAD + body, TYPES)

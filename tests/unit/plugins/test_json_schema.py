"""The schemas that editors get: they take every flow that the engine takes, and say what may be written."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from runfold.errors import NotFound
from runfold.plugins.json_schema import Schemas
from runfold.tasks import load_task_types

ROOT = Path(__file__).resolve().parents[3]
TYPES = load_task_types()
SCHEMAS = Schemas(TYPES)
FLOW = SCHEMAS.of("flow")
LOG = "io.kestra.plugin.core.log.Log"


def flows() -> list[Any]:
    yaml = YAML(typ="safe", pure=True)
    examples = [yaml.load(path) for path in sorted((ROOT / "examples").glob("*.yaml"))]
    cases = [yaml.load(path).get("flow") for path in sorted((ROOT / "tests" / "flows" / "cases").glob("*.yaml"))]
    read = [yaml.load(each) if isinstance(each, str) else each for each in cases]
    return [each for each in (*examples, *read) if each]


def wrong(flow: object) -> list[str]:
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in Draft7Validator(FLOW).iter_errors(flow)]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(FLOW)


@pytest.mark.parametrize("flow", flows(), ids=lambda flow: str(flow["id"]))
def test_a_flow_that_runs_fits_the_schema(flow: object) -> None:
    assert wrong(flow) == []


def flow(**task: Any) -> dict[str, Any]:
    return {"id": "f", "namespace": "n", "tasks": [{"id": "t", "type": LOG, "message": "m", **task}]}


def test_nested_tasks_are_looked_into() -> None:
    inner = {"id": "t", "type": LOG, "massage": "m"}
    parallel = {"id": "p", "type": "io.kestra.plugin.core.flow.Parallel", "tasks": [inner]}

    assert wrong({"id": "f", "namespace": "n", "tasks": [parallel]})
    inner["message"] = inner.pop("massage")
    assert wrong({"id": "f", "namespace": "n", "tasks": [parallel]}) == []


@pytest.mark.parametrize("key", ["unknown", "Message", "log_level"])
def test_a_key_that_a_type_does_not_have_is_an_error(key: str) -> None:
    assert wrong(flow(**{key: "x"}))


def test_an_old_name_fits_and_is_marked_as_deprecated() -> None:
    old = "io.kestra.core.tasks.log.Log"

    assert wrong(flow(type=old)) == []
    assert FLOW["definitions"][old]["deprecated"] is True
    assert "deprecated" not in FLOW["definitions"][LOG]


def test_every_task_is_offered_by_its_type_as_a_constant() -> None:
    offered = [choice["$ref"].removeprefix("#/definitions/") for choice in FLOW["definitions"]["task"]["anyOf"]]

    assert LOG in offered
    assert all(FLOW["definitions"][name]["properties"]["type"] == {"const": name} for name in offered)
    assert not [name for name in offered if "ForEachItem$" in name], "steps of the engine's own are no author's"


def test_triggers_conditions_and_inputs_are_chosen_by_their_type() -> None:
    assert (
        wrong({**flow(), "triggers": [{"id": "s", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "@daily"}]})
        == []
    )
    assert wrong({**flow(), "triggers": [{"id": "s", "type": LOG, "message": "no trigger"}]})
    assert wrong({**flow(), "inputs": [{"id": "i", "type": "SELECT", "values": ["a"]}]}) == []
    assert wrong({**flow(), "inputs": [{"id": "i", "type": "ENUM"}]})


def test_labels_may_be_a_map_or_a_list() -> None:
    assert wrong({**flow(), "labels": {"a": "b", "c": 1}}) == []
    assert wrong({**flow(), "labels": [{"key": "a", "value": "b"}]}) == []


def test_properties_say_what_they_are_for() -> None:
    properties = FLOW["definitions"][LOG]["properties"]

    assert "One attempt" in properties["timeout"]["description"] or "attempt" in properties["timeout"]["description"]
    assert all("description" in FLOW["definitions"]["flow"]["properties"][key] for key in ("id", "tasks", "finally"))


def test_the_schema_of_one_type_is_whole_in_itself() -> None:
    schema = SCHEMAS.of_type("io.kestra.plugin.core.flow.ForEach")

    task = {
        "id": "e",
        "type": "io.kestra.plugin.core.flow.ForEach",
        "values": [1],
        "tasks": [{"id": "t", "type": LOG, "message": "m"}],
    }
    assert list(Draft7Validator(schema).iter_errors(task)) == []
    assert list(Draft7Validator(schema).iter_errors({**task, "tasks": [{"id": "t"}]}))


def test_a_list_of_tasks_has_a_schema() -> None:
    tasks = Draft7Validator(SCHEMAS.of("task", as_list=True))

    assert list(tasks.iter_errors(flow()["tasks"])) == []
    assert list(tasks.iter_errors(flow()["tasks"][0]))


@pytest.mark.parametrize("kind", ["STRING", "SECRET", "INT", "ARRAY", "JSON"])
def test_each_input_type_has_a_schema_of_its_own(kind: str) -> None:
    schema = Draft7Validator(SCHEMAS.of_input(kind))

    assert (
        list(
            schema.iter_errors(
                {"id": "i", "type": kind, "itemType": "INT"} if kind == "ARRAY" else {"id": "i", "type": kind}
            )
        )
        == []
    )
    assert list(schema.iter_errors({"id": "i", "type": "FILE"}))


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(NotFound):
        SCHEMAS.of("no.such.Type")
    with pytest.raises(NotFound):
        SCHEMAS.of_input("COLOUR")

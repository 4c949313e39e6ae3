"""What editors and the page of plugins ask."""

import pytest

PLUGINS = "/api/v1/plugins"
LOG = "io.kestra.plugin.core.log.Log"
OLD_LOG = "io.kestra.core.tasks.log.Log"


def got(world, path: str, **query: str):
    answer = world.client.get(f"{PLUGINS}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_types_are_listed_by_groups_with_their_old_names(world) -> None:
    core = next(group for group in got(world, "") if group["group"] == "io.kestra.plugin.core")

    assert LOG in core["tasks"]
    assert "io.kestra.plugin.core.trigger.Schedule" in core["triggers"]
    assert "io.kestra.plugin.core.condition.Not" in core["conditions"]
    assert OLD_LOG in core["aliases"]


def test_subgroups_are_the_packages_of_a_group(world) -> None:
    found = {group["subGroup"]: group for group in got(world, "/groups/subgroups")}

    assert found["io.kestra.plugin.core.log"]["group"] == "io.kestra.plugin.core"
    assert LOG in found["io.kestra.plugin.core.log"]["tasks"]
    assert LOG not in found["io.kestra.plugin.core.flow"]["tasks"]


@pytest.mark.parametrize("name", ["flow", "task", "trigger", "condition", "template", "plugindefault", "FLOW"])
def test_each_kind_of_thing_has_a_schema(world, name: str) -> None:
    one = got(world, f"/schemas/{name}")
    several = got(world, f"/schemas/{name}", arrayOf="true")

    assert one["$ref"].removeprefix("#/definitions/") in one["definitions"]
    assert several["items"] == {"$ref": one["$ref"]}


def test_what_has_no_schema_is_not_found(world) -> None:
    assert world.client.get(f"{PLUGINS}/schemas/nothing").status_code == 404
    assert world.client.get(f"{PLUGINS}/no.such.Type").status_code == 404
    assert world.client.get(f"{PLUGINS}/inputs/COLOUR").status_code == 404
    assert world.client.get(f"{PLUGINS}/io.kestra.plugin.core.flow.ForEachItem$ForEachItemSplit").status_code == 404


@pytest.mark.parametrize("name", [LOG, OLD_LOG])
def test_the_page_of_a_type_tells_its_own_properties(world, name: str) -> None:
    found = got(world, f"/{name}")

    assert f'type: "{LOG}"' in found["markdown"]
    assert "### `message`" in found["markdown"]
    assert "### `retry`" not in found["markdown"]
    assert set(found["schema"]["properties"]["properties"]) == {"type", "id", "message", "level"}


def test_the_page_of_a_type_tells_all_properties_if_asked(world) -> None:
    found = got(world, f"/{LOG}", all="true")

    assert "### `retry`" in found["markdown"]
    assert "retry" in found["schema"]["properties"]["properties"]
    assert "ConstantRetry" in found["schema"]["definitions"]


def test_a_property_of_a_type_is_told_also_where_other_kinds_share_its_name(world) -> None:
    assert "### `labels`" in got(world, "/io.kestra.plugin.core.flow.Subflow")["markdown"]


def test_input_types_have_pages(world) -> None:
    assert {"type": "SELECT", "cls": "SELECT"} in got(world, "/inputs")
    assert "### `values`" in got(world, "/inputs/SELECT")["markdown"]


def test_types_have_no_icons(world) -> None:
    assert got(world, "/icons") == {}
    assert got(world, "/icons/groups") == {}

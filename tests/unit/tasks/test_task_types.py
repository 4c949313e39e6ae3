"""Which task types there are, and how those of others come in."""

import logging
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from pydantic import ValidationError

from runfold.flows.condition import CONDITIONS
from runfold.flows.flowable import FLOWABLES
from runfold.flows.task import FlowableTask
from runfold.flows.trigger import TRIGGERS
from runfold.tasks import GROUP, NotInstalled, PluginUnknown, installed_plugins, load_task_types
from runfold.tasks.debug import Return

OWN = tuple(entry_points(group=GROUP))
PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


def plugin(value: str) -> EntryPoint:
    return EntryPoint("theirs", value, GROUP)


def test_the_built_in_tasks_flowables_triggers_and_conditions_come_by_entry_points() -> None:
    types = load_task_types()

    assert {Return, *FLOWABLES, *TRIGGERS, *CONDITIONS} <= set(types.models.values())


def test_what_pyproject_lists_is_what_is_installed() -> None:
    listed = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]

    installed = {entry.name: entry.value for entry in OWN if entry.dist is not None and entry.dist.name == "runfold"}
    assert installed == listed, "pyproject.toml has changed: pip install -e . --no-deps --no-build-isolation"


def test_a_module_of_built_in_tasks_brings_all_that_it_defines() -> None:
    brought = {each.model for each in installed_plugins()}
    modules = {model.__module__ for model in brought if model.__module__.startswith("runfold.tasks.")}

    for name in modules:
        module = __import__(name, fromlist=["_"])
        defined = {
            item
            for item in vars(module).values()
            if isinstance(item, type) and item.__module__ == name and getattr(item, "TYPE", "")
        }
        assert defined <= brought, f"a type of {name} is not in its tuple"


def test_without_an_installation_it_is_said_what_to_do() -> None:
    with pytest.raises(NotInstalled, match="pip install"):
        load_task_types(entries=[])


def test_an_installation_of_other_files_is_said() -> None:
    gone = EntryPoint("gone", "runfold.tasks.no_such_module:TASKS", GROUP)

    with pytest.raises(NotInstalled, match="no_such_module"):
        load_task_types(entries=[*OWN, gone])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("io.kestra.core.tasks.debugs.Return", "io.kestra.plugin.core.debug.Return"),
        ("io.kestra.core.tasks.debugs.Echo", "io.kestra.plugin.core.debug.Echo"),
        ("io.kestra.core.tasks.log.Log", "io.kestra.plugin.core.log.Log"),
        ("io.kestra.core.tasks.executions.Fail", "io.kestra.plugin.core.execution.Fail"),
        ("io.kestra.plugin.core.condition.ExpressionCondition", "io.kestra.plugin.core.condition.Expression"),
    ],
)
def test_old_names_of_types_still_work(old: str, new: str) -> None:
    assert load_task_types().name(old) == new


def test_an_installed_package_brings_its_tasks() -> None:
    types = load_task_types(entries=[*OWN, plugin("tests.unit.worker.rig:Gate")])

    assert types.find("test.Gate") is not None


def test_the_settings_may_name_more_plugins() -> None:
    types = load_task_types(["tests.unit.worker.rig:Gate"])

    assert types.find("test.Gate") is not None


@pytest.mark.parametrize("value", ["no.such.package:Task", "json:NoSuchName", "json:dumps", "json"])
def test_a_plugin_of_the_settings_that_cannot_be_loaded_is_an_error(value: str) -> None:
    with pytest.raises(PluginUnknown, match=r"json|no\.such"):
        load_task_types([value])


@pytest.mark.parametrize("value", ["no.such.package:Task", "json:NoSuchName", "json:dumps", "json"])
def test_a_broken_plugin_of_a_package_is_reported_and_left_out(value: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        types = load_task_types(entries=[*OWN, plugin(value), plugin("tests.unit.worker.rig:Gate")])

    assert types.find("test.Gate") is not None
    assert "theirs" in caplog.text


@pytest.mark.parametrize("name", ["Impostor", "OldNameImpostor"])
def test_a_plugin_cannot_take_a_built_in_name_or_an_old_one(name: str, caplog: pytest.LogCaptureFixture) -> None:
    types = load_task_types(entries=[plugin(f"tests.unit.tasks.test_task_types:{name}"), *OWN])

    assert types.find(Return.TYPE) is Return
    assert types.find("io.kestra.core.tasks.debugs.Return") is Return
    assert "left out" in caplog.text


def test_a_flowable_that_does_not_say_which_lanes_it_has_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    types = load_task_types(entries=[*OWN, plugin("tests.unit.tasks.test_task_types:Unfinished")])

    assert types.find("theirs.Unfinished") is None
    assert "left out" in caplog.text


def test_a_property_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValidationError, match="formt"):
        Return.model_validate({"id": "t", "type": Return.TYPE, "formt": "x"})


class Unfinished(FlowableTask):
    """A plugin's flowable without lanes."""

    TYPE = "theirs.Unfinished"


class Impostor(Return):
    """A plugin's task under a built-in name."""


class OldNameImpostor(Return):
    """A plugin's task that says a built-in one's old name was its own."""

    TYPE = "theirs.Return"
    ALIASES = ("io.kestra.core.tasks.debugs.Return",)

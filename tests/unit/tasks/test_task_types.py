"""Which task types there are, and how those of others come in."""

import logging
from importlib.metadata import EntryPoint

import pytest
from pydantic import ValidationError

from runfold.flows.flowable import FLOWABLES
from runfold.tasks import BUILT_IN, GROUP, load_task_types
from runfold.tasks.debug import Return


def plugin(value: str) -> EntryPoint:
    return EntryPoint("theirs", value, GROUP)


def test_the_built_in_tasks_and_the_flowables_are_there() -> None:
    types = load_task_types([])

    assert set(types.models) == {model.TYPE for model in (*BUILT_IN, *FLOWABLES)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("io.kestra.core.tasks.debugs.Return", "io.kestra.plugin.core.debug.Return"),
        ("io.kestra.core.tasks.debugs.Echo", "io.kestra.plugin.core.debug.Echo"),
        ("io.kestra.core.tasks.log.Log", "io.kestra.plugin.core.log.Log"),
        ("io.kestra.core.tasks.executions.Fail", "io.kestra.plugin.core.execution.Fail"),
    ],
)
def test_old_names_of_task_types_still_work(old: str, new: str) -> None:
    assert load_task_types([]).name(old) == new


def test_an_installed_package_brings_its_tasks() -> None:
    types = load_task_types([plugin("tests.unit.worker.rig:Gate")])

    assert types.find("test.Gate") is not None


def test_the_built_in_tasks_may_come_by_their_own_entry_point() -> None:
    types = load_task_types([plugin("runfold.tasks:BUILT_IN"), plugin("runfold.flows.flowable:FLOWABLES")])

    assert types.find(Return.TYPE) is Return


@pytest.mark.parametrize("value", ["no.such.package:Task", "json:NoSuchName", "json:dumps", "json"])
def test_a_broken_plugin_is_reported_and_left_out(value: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        types = load_task_types([plugin(value), plugin("tests.unit.worker.rig:Gate")])

    assert types.find("test.Gate") is not None
    assert "theirs" in caplog.text


def test_a_plugin_cannot_take_a_built_in_name(caplog: pytest.LogCaptureFixture) -> None:
    types = load_task_types([plugin("tests.unit.tasks.test_task_types:Impostor")])

    assert types.find(Return.TYPE) is Return
    assert "left out" in caplog.text


def test_a_property_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValidationError, match="formt"):
        Return.model_validate({"id": "t", "type": Return.TYPE, "formt": "x"})


class Impostor(Return):
    """A plugin's task under a built-in name."""

"""The examples of the how-to pages run as they stand there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from runfold.flows.parse import parse_flow
from runfold.tasks import load_task_types
from runfold.testing import run_flow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "write-a-task.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's examples as the modules that a reader would make of them; their types are in the settings."""
    made = ModuleType("my_tasks")
    monkeypatch.setitem(sys.modules, "my_tasks", made)
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), vars(made))  # noqa: S102 - our own page
    monkeypatch.setenv("RUNFOLD_PLUGINS", "my_tasks:TASKS, my_tasks:FLOWABLES")
    return made


def test_the_tests_of_the_page_pass(page: ModuleType) -> None:
    tests = [value for name, value in vars(page).items() if name.startswith("test_")]

    assert len(tests) == 2
    for test in tests:
        test()


def test_the_flowable_of_the_page_ends_as_it_says(page: ModuleType) -> None:
    inner = 'tasks: [{id: t, type: my_tasks.CountWords, text: "a b"}]'
    source = f"id: f\nnamespace: n\ntasks:\n  - {{id: s, type: my_tasks.AtLeastAWarning, {inner}}}\n"
    parse_flow(source, load_task_types(["my_tasks:TASKS", "my_tasks:FLOWABLES"]))

    ended = run_flow(source)

    assert ended.state == "WARNING"
    assert ended.taskrun("t").state == "SUCCESS"
    assert page.TASKS


def test_a_flow_that_does_not_end_is_a_failure_of_its_test() -> None:
    source = "id: f\nnamespace: n\ntasks: [{id: p, type: io.kestra.plugin.core.flow.Pause}]"

    with pytest.raises(TimeoutError, match="p PAUSED"):
        run_flow(source, timeout_s=2)


def test_a_task_that_did_not_run_has_no_outputs() -> None:
    ended = run_flow("id: f\nnamespace: n\ntasks: [{id: t, type: io.kestra.plugin.core.debug.Return}]")

    with pytest.raises(LookupError, match="other"):
        ended.outputs_of("other")

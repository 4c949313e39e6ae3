"""What types of others do to an engine: whatever their code raises, only their task run fails."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from runfold.flows.flowable.sequential import Sequential
from runfold.flows.task import Entry, Evaluate, Lanes
from runfold.tasks import load_task_types
from tests.doubles import DOUBLES
from tests.engine import Engine

TYPES = load_task_types(["tests.doubles:DOUBLES"])
LOG = "{id: l, type: io.kestra.plugin.core.log.Log, message: hello}"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(types=TYPES)
    yield engine
    engine.close()


class BadEntry(Sequential):
    """Fail at the start."""

    TYPE = "test.BadEntry"

    def enter(self, evaluate: Evaluate) -> Entry:
        raise LookupError(str(evaluate))


class BadLanes(Sequential):
    """Not know what comes next."""

    TYPE = "test.BadLanes"

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:
        raise LookupError(f"{outputs} {values}")


def flow(task: str, more: str = "") -> str:
    return f"id: f\nnamespace: n\ntasks:\n  - {task}\n{more}"


def test_all_doubles_come_in_by_the_setting() -> None:
    assert {model.TYPE for model in DOUBLES} <= set(TYPES.models)


def test_a_flowable_whose_end_cannot_be_computed_fails(engine: Engine) -> None:
    ended = engine.run(flow(f"{{id: s, type: io.kestra.core.tasks.test.BadSequential, tasks: [{LOG}]}}"))

    assert ended.execution.state == "FAILED"
    assert ended.trail() == [("s", None, "FAILED"), ("l", None, "SUCCESS")]
    assert any("no end for SUCCESS" in line.message for line in ended.logs)


def test_a_subflow_that_can_make_nothing_of_its_child_fails(engine: Engine) -> None:
    engine.flows.create(f"id: child\nnamespace: n\ntasks:\n  - {LOG}")

    ended = engine.run(flow("{id: s, type: io.kestra.core.tasks.test.BadExecutable, namespace: n, flowId: child}"))

    assert ended.execution.state == "FAILED"
    assert ended.trail() == [("s", None, "FAILED")]


@pytest.mark.parametrize("name", ["BadEntry", "BadLanes"])
def test_a_flowable_whose_own_code_fails_is_its_own_failure(name: str) -> None:
    engine = Engine(types=load_task_types([f"tests.doubles.test_doubles:{name}"]))
    errors = f"errors: [{LOG.replace('id: l', 'id: e')}]"

    ended = engine.run(flow(f"{{id: s, type: test.{name}, tasks: [{LOG}]}}", errors))
    engine.close()

    assert ended.execution.state == "FAILED"
    assert ended.trail() == [("s", None, "FAILED"), ("e", None, "SUCCESS")]


def test_a_flowable_gives_outputs_of_its_own(engine: Engine) -> None:
    name = "io.kestra.core.runners.PluginDefaultsCaseTest$DefaultSequential1"
    defaults = f"pluginDefaults:\n  - type: {name}\n    values: {{def: '1'}}\n"

    ended = engine.run(flow(f"{{id: s, type: {name}, tasks: [{LOG}]}}", defaults))

    assert ended.run("s").outputs == {"def": "1"}


def test_a_task_that_fails_may_leave_outputs(engine: Engine) -> None:
    ended = engine.run(flow("{id: t, type: io.kestra.core.runners.test.TaskThatFail, message: 'Oh {{ 1 + 1 }}'}"))

    assert ended.run("t").state == "FAILED"
    assert ended.run("t").outputs == {"message": "Oh 2"}


def test_an_output_that_is_null_is_kept(engine: Engine) -> None:
    ended = engine.run(flow("{id: t, type: io.kestra.core.tasks.test.NullOutputTask}"))

    assert ended.run("t").outputs == {"value": None}


def test_outputs_that_no_record_holds_fail_the_task(engine: Engine) -> None:
    ended = engine.run(flow("{id: t, type: io.kestra.core.runners.test.WorkerTaskResultTooLarge}"))

    assert ended.run("t").state == "FAILED"
    assert any("too large" in line.message for line in ended.logs)


def test_a_task_may_be_named_by_its_old_name(engine: Engine) -> None:
    ended = engine.run(flow("{id: t, type: io.kestra.core.runners.test.task.Alias, message: hello}"))

    assert ended.execution.state == "SUCCESS"
    assert [line.message for line in ended.logs if line.task_id == "t"] == ["hello"]


def test_a_flow_may_have_a_trigger_of_a_plugin(engine: Engine) -> None:
    triggers = "triggers: [{id: t, type: io.kestra.core.runners.test.trigger.Alias}]"

    ended = engine.run(flow(LOG, triggers))

    assert ended.execution.state == "SUCCESS"

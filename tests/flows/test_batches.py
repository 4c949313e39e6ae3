"""ForEachItem: many executions of one task, counted one by one."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import pytest

from runfold.adapters.file_storage import MemoryFiles
from runfold.errors import Unavailable
from runfold.execution import claims as c
from runfold.execution.facts import StartAsked
from runfold.execution.state import State
from runfold.ports import RECORD_SIZE_MAX, Message, StoredFile
from runfold.topology import CLAIMS, FACTS
from tests.engine import Engine
from tests.flows.test_control import state_of, step_until, transitions

CORE = "io.kestra.plugin.core"

CHILD = f"""
id: child
namespace: company.team
inputs: [{{id: items, type: STRING}}]
tasks:
  - {{id: r, type: {CORE}.debug.Return, format: "{{{{ inputs.items }}}}"}}
"""

PARENT = f"""
id: parent
namespace: company.team
tasks:
  - id: make
    type: {CORE}.flow.WorkingDirectory
    inputFiles: {{items.txt: "{{% for i in range(1, ROWS) %}}{{{{ i }}}}\\n{{% endfor %}}"}}
    outputFiles: items.txt
    tasks:
      - {{id: nothing, type: {CORE}.debug.Return}}
  - id: each
    type: {CORE}.flow.ForEachItem
    items: "{{{{ outputs.make.outputFiles['items.txt'] }}}}"
    namespace: company.team
    flowId: child
    inputs: {{items: "{{{{ taskrun.items }}}}"}}
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.flows.create(CHILD)
    yield engine
    engine.close()


def parent(rows: int, batch: str = "") -> str:
    return PARENT.replace("ROWS", str(rows)).replace(
        "    namespace: company.team\n    flowId", f"{batch}    namespace: company.team\n    flowId"
    )


def contents(engine: Engine, execution_id: str) -> list[str]:
    """Return what the batches hold, in order."""
    outcome = engine.outcome(execution_id)
    assert outcome is not None
    batches = outcome.run("each_split").outputs["batches"]
    folder = batches["folder"].removeprefix("kestra://")
    return [
        engine.files.open(f"{folder}/{number}{batches['extension']}").read().decode()
        for number in range(1, batches["count"] + 1)
    ]


def test_more_batches_than_one_transition_holds_start_in_several_and_all_are_counted(engine: Engine) -> None:
    outcome = engine.run(parent(1_200))

    assert outcome.execution.state is State.SUCCESS
    items = outcome.run("each_items")
    assert items.outputs["numberOfBatches"] == 1_200
    assert items.outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 1_200}
    asked = [sum(isinstance(fact, StartAsked) for fact in each.facts) for each in transitions(engine)]
    assert sum(asked) == 1_200
    assert max(asked) <= 500
    assert max(len(record.value or b"") for record in engine.broker.history(FACTS)) < RECORD_SIZE_MAX


def test_large_inputs_make_a_transition_hold_fewer_starts(engine: Engine) -> None:
    source = parent(200).replace('"{{ taskrun.items }}"', f'"{"x" * 20_000}{{{{ taskrun.iteration }}}}"')

    outcome = engine.run(source)

    assert outcome.run("each_items").outputs["iterations"]["SUCCESS"] == 200
    assert max(len(record.value or b"") for record in engine.broker.history(FACTS)) < RECORD_SIZE_MAX


def test_an_executor_that_dies_between_two_chunks_goes_on_with_the_rest(engine: Engine) -> None:
    execution_id = engine.start(parent(1_100))
    step_until(engine, lambda: any(isinstance(fact, StartAsked) for each in transitions(engine) for fact in each.facts))
    engine.executor.close()
    engine.executor = engine.new_executor()

    outcome = engine.finish(execution_id)

    assert outcome.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 1_100}
    assert len(engine.executions_of("child")) == 1_100


def test_ends_that_come_twice_are_counted_once(engine: Engine) -> None:
    execution_id = engine.start(parent(5))

    def ends() -> list[Any]:
        return [each for each in engine.broker.history(CLAIMS) if b'"ChildEnded"' in (each.value or b"")]

    step_until(engine, lambda: len(ends()) >= 1)
    for record in ends() * 3:
        engine.broker.publish([Message(CLAIMS, record.key, record.value)])
    outcome = engine.finish(execution_id)

    assert outcome.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 5}


def test_a_kill_reaches_the_executions_of_all_batches(engine: Engine) -> None:
    engine.flows.update(
        "company.team", "child", CHILD.replace("debug.Return, format", "flow.Sleep, duration: PT30S, description")
    )
    execution_id = engine.start(parent(3))
    step_until(
        engine, lambda: len([x for x in engine.executions_of("child") if state_of(engine, x) is State.RUNNING]) == 3
    )

    engine.kill(execution_id)
    outcome = engine.finish(execution_id)

    assert outcome.execution.state is State.KILLED
    assert [state_of(engine, child) for child in engine.executions_of("child")] == [State.KILLED] * 3
    assert outcome.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "KILLED": 3}


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ("", ["1\n", "2\n", "3\n", "4\n", "5\n"]),
        ("    batch: {rows: 2}\n", ["1\n2\n", "3\n4\n", "5\n"]),
        ('    batch: {bytes: "{{ 4 }}"}\n', ["1\n2\n", "3\n4\n", "5\n"]),
        ("    batch: {partitions: 2}\n", ["1\n2\n", "3\n4\n5\n"]),
        ("    batch: {partitions: 9}\n", ["1\n", "2\n", "3\n", "4\n", "5\n"]),
    ],
)  # fmt: skip
def test_a_file_is_cut_by_rows_bytes_or_into_parts(engine: Engine, batch: str, expected: list[str]) -> None:
    outcome = engine.run(parent(5, batch))

    assert contents(engine, outcome.execution.id) == expected
    assert len(engine.executions_of("child")) == len(expected)


def test_a_restart_starts_the_batches_anew(engine: Engine) -> None:
    engine.flows.update("company.team", "child", CHILD.replace("debug.Return, format", "execution.Fail, errorMessage"))
    execution_id = engine.start(parent(2))
    failed = engine.finish(execution_id)
    assert failed.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "FAILED": 2}
    engine.flows.update("company.team", "child", CHILD)

    engine.claim(c.Restart(execution_id, "restart"))
    step_until(engine, lambda: state_of(engine, execution_id) is State.SUCCESS)

    outcome = engine.outcome(execution_id)
    assert outcome is not None
    assert outcome.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2}
    assert [str(attempt.state) for attempt in outcome.run("each_items").attempts] == ["FAILED", "SUCCESS"]
    assert len(engine.executions_of("child")) == 4


def test_a_batch_whose_inputs_cannot_be_rendered_fails_the_task(engine: Engine) -> None:
    outcome = engine.run(parent(2).replace("taskrun.items", "missing"))

    assert outcome.trail()[-2:] == [("each_split", None, "SUCCESS"), ("each_items", None, "FAILED")]


class ForgetfulFiles(MemoryFiles):
    """A storage that does not take the outputs of executions."""

    def put(self, path: str, content: BinaryIO, *, replace: bool = True) -> StoredFile:
        if path.endswith("/2/outputs.ion"):
            raise Unavailable("the disk is full")
        return super().put(path, content, replace=replace)


def test_outputs_that_cannot_be_stored_fail_their_batch_and_nothing_else() -> None:
    engine = Engine()
    engine.files = ForgetfulFiles()
    engine.worker.close(0)
    engine.executor.close()
    engine.executor, engine.worker = engine.new_executor(), engine.new_worker()
    engine.flows.create(CHILD + "outputs: [{id: x, type: STRING, value: y}]")

    outcome = engine.run(parent(3))

    assert outcome.run("each_items").outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2, "FAILED": 1}
    assert any("The outputs of batch 2 can't be had" in entry.message for entry in outcome.logs)
    engine.close()


def test_in_a_loop_each_value_has_batches_and_outputs_of_its_own(engine: Engine) -> None:
    engine.flows.update(
        "company.team", "child", CHILD + 'outputs: [{id: x, type: STRING, value: "{{ outputs.r.value }}"}]'
    )
    inner = "\n".join(f"    {line}" for line in parent(2).split("tasks:\n", 1)[1].splitlines())
    source = f"id: looped\nnamespace: company.team\ntasks:\n  - id: loop\n    type: {CORE}.flow.ForEach\n    values: [a, b]\n    tasks:\n{inner}"
    source = source.replace("outputs.make.outputFiles", "outputs.make[parent.taskrun.value].outputFiles")

    outcome = engine.run(source)

    assert outcome.execution.state is State.SUCCESS
    merged = [run.outputs["subflowOutputs"] for run in outcome.taskruns if run.task_id == "each_merge"]
    assert len(set(merged)) == 2
    for uri in merged:
        lines = engine.files.open(uri.removeprefix("kestra://")).read().splitlines()
        assert len(lines) == 2
        assert all("each-split" in msgspec.json.decode(line)["x"] for line in lines)

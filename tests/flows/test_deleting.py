"""What a deletion leaves in the engine and its topics: a name for a while, then nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from runfold.adapters.fact_fold import folded
from runfold.execution import claims as c
from runfold.execution.facts import ExecutionDeleted, ExecutionMoved, Transition
from runfold.execution.model import Execution
from runfold.execution.state import State
from runfold.executor.service import Executor
from runfold.ports import Message, slot_of
from runfold.topology import CLAIMS, DEAD_LETTERS, EXECUTIONS, FACTS, KILLS, TASKRUNS
from tests.engine import Engine

PRIVATE = "nobody-may-read-this-again"

ECHO = f"""
id: echo
namespace: company.team
inputs: [{{id: text, type: STRING, defaults: {PRIVATE}}}]
tasks:
  - {{id: a, type: io.kestra.plugin.core.debug.Return, format: "{{{{ inputs.text }}}}"}}
  - {{id: b, type: io.kestra.plugin.core.debug.Return, format: "{{{{ outputs.a.value }}}}"}}
"""

SLEEPY = """
id: sleepy
namespace: company.team
concurrency: {limit: 1, behavior: QUEUE}
tasks:
  - {id: a, type: io.kestra.plugin.core.flow.Sleep, duration: PT30S}
"""

PARENT = """
id: parent
namespace: company.team
tasks:
  - {id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: sleepy, wait: true}
"""

FAILS_ONCE = """
id: fails-once
namespace: company.team
tasks:
  - {id: f, type: io.kestra.plugin.core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}"}
errors:
  - {id: e, type: io.kestra.plugin.core.debug.Return, format: e}
"""

WINDOW_S = 60.0


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def forgetful(engine: Engine) -> Engine:
    """An engine whose executor remembers ended executions for a minute only."""
    engine.executor.close()
    engine.executor = Executor(
        engine.impatient,
        engine.flows,
        engine.expressions,
        surroundings={},
        clock=engine.clock,
        window_s=WINDOW_S,
        files=engine.files,
    )
    return engine


def deletion_of(execution: Execution, **wanted: Any) -> c.Delete:
    return c.Delete(
        execution.id,
        f"{execution.id}.delete",
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        flow_revision=execution.flow_revision,
        state=execution.state,
        seq=execution.seq,
        **wanted,
    )


def settle(engine: Engine) -> None:
    for _ in range(5):
        engine.step()


def delete(engine: Engine, execution_id: str, **wanted: Any) -> None:
    outcome = engine.outcome(execution_id)
    assert outcome is not None
    engine.claim(deletion_of(outcome.execution, **wanted))
    settle(engine)


def newest(engine: Engine, topic: str) -> dict[str | None, bytes | None]:
    return {record.key: record.value for record in engine.broker.history(topic)}


def snapshot(engine: Engine, execution_id: str) -> Execution:
    return msgspec.json.decode(newest(engine, EXECUTIONS)[execution_id] or b"", type=Execution)


def transitions(engine: Engine, execution_id: str) -> list[Transition]:
    records = [record for record in engine.broker.history(FACTS) if record.key == execution_id]
    return [msgspec.json.decode(record.value or b"", type=Transition) for record in records]


def until(engine: Engine, condition: Any) -> None:
    for _ in range(2_000):
        if condition():
            return
        engine.step()
    raise AssertionError("it never comes to that")


def state_of(engine: Engine, execution_id: str) -> State | None:
    outcome = engine.outcome(execution_id)
    return outcome.execution.state if outcome else None


def has_begun(engine: Engine, execution_id: str) -> bool:
    outcome = engine.outcome(execution_id)
    return outcome is not None and bool(outcome.taskruns)


def test_of_a_deleted_execution_only_its_name_is_left_and_of_its_task_runs_nothing(engine: Engine) -> None:
    execution_id = engine.run(ECHO).execution.id

    delete(engine, execution_id, logs=False, actor="ada")

    left = snapshot(engine, execution_id)
    assert left.deletion is not None
    assert (left.deletion.logs, left.deletion.files, left.deletion.actor) == (False, True, "ada")
    assert (left.inputs, left.outputs, left.labels, left.state) == ({}, None, (), State.SUCCESS)
    assert PRIVATE not in str(newest(engine, EXECUTIONS))
    assert set(newest(engine, TASKRUNS).values()) == {None}
    assert len(newest(engine, TASKRUNS)) == 2
    (fact,) = transitions(engine, execution_id)[-1].facts
    assert isinstance(fact, ExecutionDeleted)
    found = folded(engine.broker, execution_id)
    assert found is not None
    assert found.execution == left


def test_a_second_deletion_and_all_that_comes_later_is_void(engine: Engine) -> None:
    execution_id = engine.run(ECHO).execution.id
    outcome = engine.outcome(execution_id)
    assert outcome is not None
    start = next(record for record in engine.broker.history(CLAIMS) if record.key == execution_id)
    delete(engine, execution_id)
    before = len(transitions(engine, execution_id))

    engine.claim(deletion_of(outcome.execution))
    engine.claim(msgspec.json.decode(start.value or b"", type=c.AnyClaim))
    engine.claim(c.Restart(execution_id, "again"))
    engine.claim(c.SetLabels(execution_id, "labels", labels=()))
    engine.claim(c.ChangeStatus(execution_id, "status", state=State.FAILED))
    engine.kill(execution_id)
    settle(engine)

    assert len(transitions(engine, execution_id)) == before
    assert list(engine.broker.history(DEAD_LETTERS)) == []


def test_a_deletion_is_remembered_by_the_next_executor(engine: Engine) -> None:
    execution_id = engine.run(ECHO).execution.id
    start = next(record for record in engine.broker.history(CLAIMS) if record.key == execution_id)
    delete(engine, execution_id)
    before = len(transitions(engine, execution_id))

    engine.executor.close()
    engine.executor = engine.new_executor()
    engine.claim(msgspec.json.decode(start.value or b"", type=c.AnyClaim))
    settle(engine)

    assert len(transitions(engine, execution_id)) == before


def test_after_the_window_the_name_goes_too(forgetful: Engine) -> None:
    execution_id = forgetful.run(ECHO).execution.id
    delete(forgetful, execution_id)

    forgetful.clock.now += timedelta(seconds=WINDOW_S + 1)
    settle(forgetful)

    assert newest(forgetful, EXECUTIONS)[execution_id] is None


def test_what_the_engine_forgot_long_ago_is_deleted_all_the_same_and_can_not_be_restarted(forgetful: Engine) -> None:
    execution = forgetful.run(FAILS_ONCE).execution
    forgetful.clock.now += timedelta(seconds=WINDOW_S + 1)
    settle(forgetful)
    assert newest(forgetful, EXECUTIONS)[execution.id] is None

    forgetful.claim(deletion_of(execution))
    settle(forgetful)
    assert snapshot(forgetful, execution.id).deletion is not None
    forgetful.clock.now += timedelta(seconds=WINDOW_S + 1)
    settle(forgetful)
    before = len(transitions(forgetful, execution.id))
    forgetful.claim(c.Restart(execution.id, "again"))
    forgetful.claim(c.SetLabels(execution.id, "labels", labels=()))
    settle(forgetful)

    assert len(transitions(forgetful, execution.id)) == before
    assert newest(forgetful, EXECUTIONS)[execution.id] is None


def test_nobody_deletes_what_nobody_has_seen(engine: Engine) -> None:
    execution = replace(engine.run(ECHO).execution, id="another", seq=0)

    engine.claim(deletion_of(execution))
    settle(engine)

    assert transitions(engine, "another") == []


@pytest.mark.parametrize("number", [1, 100])
def test_the_end_of_a_history_is_a_deletion_whatever_its_number(engine: Engine, number: int) -> None:
    execution = engine.run(ECHO).execution
    end = Transition(
        execution.id, number, engine.clock(), "x", (ExecutionDeleted("company.team", "echo", 1, State.SUCCESS),)
    )

    engine.broker.publish([Message(FACTS, execution.id, msgspec.json.encode(end), slot=slot_of(execution.id))])

    found = folded(engine.broker, execution.id)
    assert found is not None
    assert found.execution.deletion is not None
    assert len(found.taskruns) == 0


def test_a_running_execution_is_left_alone_unless_that_is_wanted_too(engine: Engine) -> None:
    execution_id = engine.start(SLEEPY)
    until(engine, lambda: has_begun(engine, execution_id))

    delete(engine, execution_id)

    assert snapshot(engine, execution_id).deletion is None


def test_a_running_execution_ends_first_so_its_work_stops_and_its_slot_is_free(engine: Engine) -> None:
    first = engine.start(SLEEPY)
    until(engine, lambda: has_begun(engine, first))
    second = engine.start(SLEEPY, is_stored=True)
    until(engine, lambda: state_of(engine, second) is State.QUEUED)

    delete(engine, first, is_forced=True)

    facts = [fact for each in transitions(engine, first) for fact in each.facts]
    states = [fact.state for fact in facts if isinstance(fact, ExecutionMoved)]
    assert states[-2:] == [State.KILLING, State.KILLED]
    assert [record.key for record in engine.broker.history(KILLS)] == [first]
    until(engine, lambda: state_of(engine, second) is State.RUNNING)
    before = len(transitions(engine, first))
    until(engine, lambda: len(engine.worker._runner) == 1)  # the second one's: the first was interrupted
    settle(engine)
    assert len(transitions(engine, first)) == before
    engine.kill(second)
    engine.finish(second)


def test_who_waits_for_a_deleted_execution_hears_of_its_end(engine: Engine) -> None:
    engine.flows.create(SLEEPY)
    parent = engine.start(PARENT)
    until(engine, lambda: any(has_begun(engine, child) for child in engine.executions_of("sleepy")))

    delete(engine, engine.executions_of("sleepy")[0], is_forced=True)

    assert engine.finish(parent).execution.state.is_terminal


def test_the_children_of_a_deleted_execution_go_on(engine: Engine) -> None:
    engine.flows.create(SLEEPY.replace("PT30S", "PT0.2S"))
    parent = engine.start(PARENT)
    until(engine, lambda: any(has_begun(engine, child) for child in engine.executions_of("sleepy")))

    delete(engine, parent, is_forced=True)

    child = engine.finish(engine.executions_of("sleepy")[0])
    assert child.execution.state is State.SUCCESS
    settle(engine)
    assert list(engine.broker.history(DEAD_LETTERS)) == []


def test_task_runs_that_a_restart_had_removed_go_too(engine: Engine) -> None:
    execution_id = engine.run(FAILS_ONCE).execution.id
    engine.claim(c.Restart(execution_id, "again"))
    settle(engine)
    engine.finish(execution_id)

    engine.executor.close()
    engine.executor = engine.new_executor()
    delete(engine, execution_id)

    assert set(newest(engine, TASKRUNS).values()) == {None}

"""What an execution waits for is told by name, at every rest."""

from datetime import timedelta

from tests.engine import START, Engine

from runfold.execution.awaited import Awaited, Wait, waits_of
from runfold.execution.state import State
from runfold.flows.plan import Host, Plan

HEAD = "id: f\nnamespace: company.team\ntasks:\n"
RETURN = "type: io.kestra.plugin.core.debug.Return, format: x"


def waits(engine: Engine, execution_id: str) -> list[Wait]:
    """Return what an execution waits for, as a restored engine has it."""
    aggregate = engine.executor._memory.get(execution_id)
    assert aggregate is not None
    execution = aggregate.execution
    stored = engine.flows.get(execution.namespace, execution.flow_id)
    assert stored is not None
    assert stored.flow is not None
    plan = Plan(stored.flow, execution.flow_revision, Host(engine.expressions, {}, engine.flows.runnable))
    return list(waits_of(plan, aggregate))


def after(engine: Engine, source: str, *, works: bool = True, steps: int = 8) -> list[Wait]:
    """Start a flow, let the engine take some steps, and return what it waits for then."""
    execution_id = engine.start(source)
    for _ in range(steps):
        engine.executor.step()
        if works:
            engine.worker.step()
    return waits(engine, execution_id)


def test_an_attempt_waits_for_its_worker() -> None:
    engine = Engine()
    (wait,) = after(engine, f"{HEAD}  - {{id: a, {RETURN}}}\n", works=False)
    assert wait.what is Awaited.WORKER
    assert wait.worker_id is None
    engine.close()


def test_a_pause_waits_for_a_person_or_for_its_date() -> None:
    engine = Engine()
    (by_hand,) = after(engine, f"{HEAD}  - {{id: p, type: io.kestra.plugin.core.flow.Pause}}\n")
    (delayed,) = after(
        engine,
        f"{HEAD}  - {{id: p, type: io.kestra.plugin.core.flow.Pause, delay: PT5S}}\n".replace("id: f", "id: g", 1),
    )
    assert (by_hand.what, by_hand.until) == (Awaited.RESUME, None)
    assert (delayed.what, delayed.until) == (Awaited.DATE, START + timedelta(seconds=5))
    engine.close()


def test_a_subflow_waits_for_the_execution_that_it_started() -> None:
    engine = Engine()
    engine.flows.create("id: c\nnamespace: company.team\ntasks:\n  - {id: p, type: io.kestra.plugin.core.flow.Pause}\n")
    (wait,) = after(
        engine, f"{HEAD}  - {{id: s, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: c}}\n"
    )
    assert wait.what is Awaited.CHILD
    assert list(wait.children) == engine.executions_of("c")
    engine.close()


def test_an_execution_over_its_flows_limit_waits_for_a_slot_and_an_ended_one_for_nothing() -> None:
    engine = Engine()
    source = f"{HEAD}  - {{id: p, type: io.kestra.plugin.core.flow.Pause, delay: PT9S}}\nconcurrency: {{limit: 1}}\n"
    first = engine.start(source)
    second = engine.start(source, is_stored=True)
    for _ in range(8):
        engine.step()
    assert [wait.what for wait in waits(engine, second)] == [Awaited.SLOT]
    engine.finish(first)
    engine.finish(second)
    assert waits(engine, first) == waits(engine, second) == []
    engine.close()


def test_what_still_runs_after_a_kill_waits_for_its_worker() -> None:
    engine = Engine()
    execution_id = engine.start(f"{HEAD}  - {{id: a, type: io.kestra.plugin.core.flow.Sleep, duration: PT1H}}\n")
    while not engine.executor._memory.workers():
        engine.step()
        engine.clock.now += timedelta(milliseconds=10)
    engine.kill(execution_id)
    engine.executor.step()
    (wait,) = waits(engine, execution_id)
    assert (wait.what, wait.worker_id) == (Awaited.WORKER, "worker-1")
    assert engine.finish(execution_id).execution.state is State.KILLED
    engine.close()

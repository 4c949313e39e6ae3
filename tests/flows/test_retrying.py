"""Retries where several things of one execution go on at once, and where claims come twice or late."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from runfold.execution import claims as c
from runfold.execution.state import State
from runfold.topology import DEAD_LETTERS
from tests.engine import Engine
from tests.flows.test_control import step_until

CORE = "io.kestra.plugin.core"
ANEW = "retry: {type: constant, interval: PT5S, maxAttempt: 2, behavior: CREATE_NEW_EXECUTION}"
AGAIN = "retry: {type: constant, interval: PT5S, maxAttempt: 2}"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    assert list(engine.broker.history(DEAD_LETTERS)) == []
    engine.close()


def flow(tasks: str, more: str = "") -> str:
    return f"id: f\nnamespace: company.team\n{more}\ntasks:\n  - id: p\n    type: {CORE}.flow.Parallel\n    tasks:\n{tasks}"


def ends_retried(engine: Engine, source: str) -> dict[str, list[str]]:
    """Run a flow whose execution is retried as a new one; return the states of each task's runs, all ended."""
    outcome = engine.finish(engine.start(source))
    assert outcome.execution.state is State.RETRIED
    found: dict[str, list[str]] = {}
    for run in outcome.taskruns:
        found.setdefault(run.task_id, []).append(str(run.state))
    return found


def test_what_runs_beside_a_failure_that_is_retried_as_a_new_execution_ends_with_its_parents(engine: Engine) -> None:
    found = ends_retried(
        engine,
        flow(
            f"      - {{id: a, type: {CORE}.execution.Fail}}\n"
            f"      - {{id: s, type: {CORE}.flow.Sequential, tasks: [{{id: b, type: {CORE}.debug.Return}}]}}\n",
            ANEW,
        ),
    )
    assert found == {"p": ["RETRIED"], "a": ["RETRIED"], "s": ["SUCCESS"], "b": ["SUCCESS"]}


@pytest.mark.parametrize(
    "beside",
    [f"{{id: b, type: {CORE}.execution.Fail, {AGAIN}}}", f"{{id: b, type: {CORE}.flow.Pause}}"],
    ids=["retry", "pause"],
)
def test_what_waits_beside_a_failure_that_is_retried_as_a_new_execution_waits_no_more(
    engine: Engine, beside: str
) -> None:
    found = ends_retried(engine, flow(f"      - {beside}\n      - {{id: a, type: {CORE}.execution.Fail}}\n", ANEW))
    assert found == {"p": ["RETRIED"], "b": ["CANCELLED"], "a": ["RETRIED"]}


def test_the_end_of_a_child_that_comes_twice_costs_no_attempt(engine: Engine) -> None:
    engine.flows.create(f"id: child\nnamespace: company.team\ntasks:\n  - {{id: c, type: {CORE}.execution.Fail}}\n")
    execution_id = engine.start(
        "id: f\nnamespace: company.team\ntasks:\n"
        f"  - {{id: s, type: {CORE}.flow.Subflow, namespace: company.team, flowId: child, {AGAIN}}}\n"
    )
    step_until(engine, lambda: _state(engine, execution_id) is State.RETRYING)
    run = engine.executor._memory.get(execution_id).taskruns.values()  # type: ignore[union-attr]
    (first,) = engine.executions_of("child")
    double = c.ChildEnded(execution_id, "double", taskrun_id=next(iter(run)).id, child_id=first, state=State.FAILED)
    engine.claim(double)
    engine.step()
    assert _state(engine, execution_id) is State.RETRYING
    engine.clock.now += timedelta(seconds=5)
    engine.executor.step()
    engine.claim(replace(double, id="late"))
    outcome = engine.finish(execution_id)
    assert [attempt.state for attempt in outcome.run("s").attempts] == [State.FAILED, State.FAILED]
    assert len(engine.executions_of("child")) == 2


def test_an_item_whose_execution_is_retried_as_a_new_one_ends_with_that(engine: Engine) -> None:
    engine.flows.create(
        f"id: child\nnamespace: company.team\n{ANEW}\ntasks:\n  - {{id: c, type: {CORE}.execution.Fail}}\n"
    )
    source = (
        f"id: f\nnamespace: company.team\ntasks:\n  - id: w\n    type: {CORE}.flow.WorkingDirectory\n"
        "    inputFiles: {a.txt: '1'}\n    outputFiles: [a.txt]\n"
        f"    tasks: [{{id: r, type: {CORE}.debug.Return}}]\n"
        f"  - {{id: e, type: {CORE}.flow.ForEachItem, namespace: company.team, flowId: child,\n"
        "     items: \"{{ outputs.w.outputFiles['a.txt'] }}\"}\n"
    )
    execution_id = engine.start(source)
    step_until(engine, lambda: len(engine.executions_of("child")) == 1)
    step_until(engine, lambda: _is_retried(engine))
    engine.clock.now += timedelta(seconds=5)
    outcome = engine.finish(execution_id)
    assert outcome.execution.state is State.FAILED
    assert (outcome.run("e_items").outputs or {})["iterations"] == {"CREATED": 0, "RUNNING": 0, "FAILED": 1}


def _is_retried(engine: Engine) -> bool:
    child = engine.outcome(engine.executions_of("child")[0])
    return child is not None and child.execution.state is State.RETRIED


def _state(engine: Engine, execution_id: str) -> State | None:
    found = engine.outcome(execution_id)
    return None if found is None else found.execution.state

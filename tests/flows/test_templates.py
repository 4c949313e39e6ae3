"""Templates that change while executions use them."""

import pytest

from runfold.execution.claims import Resume
from runfold.execution.state import State
from tests.engine import Engine

FLOW = """
id: uses
namespace: company.team
tasks:
  - {id: wait, type: io.kestra.plugin.core.flow.Pause}
  - {id: use, type: io.kestra.plugin.core.flow.Template, namespace: company.team, templateId: t}
"""


def template(task_id: str) -> str:
    return f"id: t\nnamespace: company.team\ntasks: [{{id: {task_id}, type: io.kestra.plugin.core.debug.Return}}]"


@pytest.fixture
def engine():
    made = Engine()
    yield made
    made.close()


def paused(engine: Engine, **how: bool) -> str:
    execution_id = engine.start(FLOW, **how)
    for _ in range(10):
        engine.step()
    assert engine.outcome(execution_id).execution.state is State.PAUSED
    return execution_id


def go_on(engine: Engine, execution_id: str) -> list[str]:
    engine.claim(Resume(execution_id, f"{execution_id}.resume"))
    return [run.task_id for run in engine.finish(execution_id).taskruns]


def test_an_execution_goes_on_with_the_template_that_it_began_with(engine):
    engine.flows.templates.create(template("old"))
    before = paused(engine)
    engine.flows.templates.update("company.team", "t", template("new"))
    after = paused(engine, is_stored=True)
    engine.flows.templates.delete("company.team", "t")
    assert go_on(engine, before) == ["wait", "use", "old"]
    assert go_on(engine, after) == ["wait", "use", "new"]


def test_another_executor_reads_the_same_revision_from_the_snapshots(engine):
    engine.flows.templates.create(template("old"))
    execution_id = paused(engine)
    engine.flows.templates.update("company.team", "t", template("new"))
    engine.executor.close()
    engine.executor = engine.new_executor()
    assert go_on(engine, execution_id) == ["wait", "use", "old"]


def test_a_template_that_came_later_is_not_used_by_an_execution_that_began_without(engine):
    execution_id = paused(engine)
    engine.flows.templates.create(template("late"))
    assert go_on(engine, execution_id) == ["wait", "use"]
    outcome = engine.outcome(execution_id)
    assert outcome.execution.state is State.FAILED
    assert "There is no template company.team.t" in outcome.run("use").error

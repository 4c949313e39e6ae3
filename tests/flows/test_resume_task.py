"""The task that lets another execution go on."""

import pytest

from runfold.execution.state import State
from tests.engine import Engine

PAUSED = """
id: paused
namespace: company.team
tasks:
  - id: wait
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - {id: n, type: INT}
      - {id: why, type: STRING, required: false, defaults: because}
  - {id: end, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.wait.onResume.n + 1 }} {{ outputs.wait.onResume.why }}"}
"""

RESUME = """
id: resume%d
namespace: company.team
tasks:
  - id: resume
    type: io.kestra.plugin.core.execution.Resume
    %s
"""


@pytest.fixture
def engine():
    made = Engine()
    yield made
    made.close()


def paused(engine: Engine) -> str:
    execution_id = engine.start(PAUSED)
    for _ in range(10):
        engine.step()
    assert engine.outcome(execution_id).execution.state is State.PAUSED
    return execution_id


def resume(engine: Engine, properties: str):
    engine.tries = getattr(engine, "tries", 0) + 1
    return engine.run(RESUME % (engine.tries, properties.replace("\n", "\n    ")))


def test_a_paused_execution_goes_on_with_what_the_task_gives(engine):
    execution_id = paused(engine)
    outcome = resume(engine, f"executionId: {execution_id}\ninputs: {{n: '{{{{ 20 + 1 }}}}'}}")
    assert outcome.execution.state is State.SUCCESS
    ended = engine.finish(execution_id)
    assert ended.states() == ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]
    assert ended.run("end").outputs == {"value": "22 because"}


def test_what_is_asked_for_must_be_given_and_the_execution_stays_paused(engine):
    execution_id = paused(engine)
    outcome = resume(engine, f"executionId: {execution_id}")
    assert outcome.execution.state is State.FAILED
    assert "missing required input" in outcome.run("resume").error
    assert engine.outcome(execution_id).execution.state is State.PAUSED


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("executionId: nobody", "There is no execution nobody"),
        ("namespace: company.team", "is not paused, can't resume it"),
        ("executionId: %s\nflowId: other", "There is no execution"),
        ("executionId: %s\nnamespace: other", "There is no execution"),
    ],
)
def test_what_is_not_there_or_not_paused_can_not_go_on(engine, properties, message):
    execution_id = paused(engine)
    outcome = resume(engine, properties.replace("%s", execution_id))
    assert outcome.execution.state is State.FAILED
    assert message in outcome.run("resume").error
    assert engine.outcome(execution_id).execution.state is State.PAUSED

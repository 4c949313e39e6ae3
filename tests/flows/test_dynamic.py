"""Task runs that a task tells of itself: pieces of its work, below it, which no one runs."""

from collections.abc import Iterator

import pytest

from runfold.documents.api_json import taskrun_json
from runfold.execution import claims as c
from runfold.execution.claims import DynamicRun
from runfold.execution.replay import replay
from runfold.execution.state import State
from runfold.flows.plan import Host, Plan
from runfold.flows.task import RunnableTask
from runfold.tasks import load_task_types
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from tests.engine import Engine

FLOW = """
id: models
namespace: company.team
tasks:
  - {id: build, type: test.Build, fails: FAILS}
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.build.models }} {{ taskrun.attemptsCount == 0 ? fails : 'said' }}"}
"""


class Build(RunnableTask):
    """Build two models and tell of each; fail the second one at the first attempt, if wanted."""

    TYPE = "test.Build"

    fails: bool = False

    def run(self, context: RunContext) -> Outputs:
        fails = self.fails and context.variables["taskrun"]["attemptsCount"] == 0
        context.tell(DynamicRun("orders", outputs={"rows": 3}))
        context.tell(DynamicRun("users", State.FAILED if fails else State.SUCCESS, value="eu"))
        if fails:
            raise TaskFailed("A model failed")
        return {"models": 2}


class Chatty(RunnableTask):
    """Tell of more than anyone looks at."""

    TYPE = "test.Chatty"

    def run(self, context: RunContext) -> Outputs:
        for number in range(101):
            context.tell(DynamicRun(f"t{number}"))
        return None


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(types=load_task_types([f"{__name__}:TYPES"]))
    yield engine
    engine.close()


TYPES = (Build, Chatty)


def flow(*, fails: bool) -> str:
    return FLOW.replace("FAILS", str(fails).lower())


def test_what_a_task_tells_of_are_ended_task_runs_below_it(engine: Engine) -> None:
    ended = engine.run(flow(fails=False).replace("? fails", "? 'first'"))

    assert ended.trail() == [
        ("build", None, "SUCCESS"),
        ("orders", None, "SUCCESS"),
        ("users", "eu", "SUCCESS"),
        ("say", None, "SUCCESS"),
    ]
    build, orders = ended.run("build"), ended.run("orders")
    assert orders.parent_taskrun_id == build.id
    assert [str(entry.state) for entry in orders.histories] == ["CREATED", "RUNNING", "SUCCESS"]
    assert [str(attempt.state) for attempt in orders.attempts] == ["SUCCESS"]
    shown = taskrun_json(orders)
    assert (shown["dynamic"], shown["outputs"]) == (True, {"rows": 3})
    assert "dynamic" not in taskrun_json(build)
    assert build.outputs == {"models": 2}


def test_a_restart_runs_the_task_again_and_what_it_told_of_is_told_anew(engine: Engine) -> None:
    execution_id = engine.start(flow(fails=True).replace("? fails", "? 'first'"))
    failed = engine.finish(execution_id)
    assert failed.trail() == [("build", None, "FAILED"), ("orders", None, "SUCCESS"), ("users", "eu", "FAILED")]

    engine.claim(c.Restart(execution_id, "again"))
    after = engine.finish(execution_id)

    assert after.execution.state is State.SUCCESS
    left = [(run.task_id, str(run.state)) for run in after.taskruns if not run.is_removed]
    assert left == [("build", "SUCCESS"), ("orders", "SUCCESS"), ("users", "SUCCESS"), ("say", "SUCCESS")]


def test_a_restart_of_what_failed_later_leaves_what_was_told_of(engine: Engine) -> None:
    execution_id = engine.start(flow(fails=False))
    before = engine.finish(execution_id)
    assert before.trail()[-1] == ("say", None, "FAILED")

    engine.claim(c.Restart(execution_id, "again"))
    after = engine.finish(execution_id)

    assert after.execution.state is State.SUCCESS
    assert [run.id for run in after.taskruns] == [run.id for run in before.taskruns]


@pytest.mark.parametrize(("start", "kept"), [("say", 3), ("users", 0), ("build", 0)])
def test_a_replay_copies_what_was_told_of_unless_the_task_itself_runs_again(
    engine: Engine, start: str, kept: int
) -> None:
    ended = engine.run(flow(fails=False).replace("? fails", "? 'first'"))
    aggregate = engine.executor._memory.get(ended.execution.id)
    stored = engine.flows.get("company.team", "models")
    assert aggregate is not None
    assert stored is not None
    assert stored.flow is not None
    plan = Plan(stored.flow, 1, Host(engine.expressions, {}, engine.flows.runnable))

    claim = replay(plan, aggregate, ended.run(start).id, "replayed", engine.clock())
    assert len(claim.taskruns) == kept + 1
    engine.claim(claim)
    again = engine.finish("replayed")

    assert again.execution.state is State.SUCCESS
    assert [run.task_id for run in again.taskruns] == ["build", "orders", "users", "say"]


def test_an_attempt_that_tells_of_too_many_fails(engine: Engine) -> None:
    ended = engine.run("id: f\nnamespace: n\ntasks: [{id: a, type: test.Chatty}]")

    assert ended.run("a").state is State.FAILED
    assert "at most 100 task runs" in (ended.run("a").error or "")

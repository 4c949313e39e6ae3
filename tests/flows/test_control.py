"""What people, workers and time do to a running execution: kills, restarts, replays, slots, losses, crashes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from runfold.execution import claims as c
from runfold.execution.control import to_restart
from runfold.execution.facts import AttemptDispatched, ResultCameLate, Transition, WishNoted
from runfold.execution.model import label_map
from runfold.execution.replay import replay
from runfold.execution.state import State
from runfold.flows.plan import Host, Plan
from runfold.ports import Message
from runfold.topology import CLAIMS, DEAD_LETTERS, FACTS, TASKS
from tests.engine import Engine
from tests.simulation import audit

SLEEPY = """
id: sleepy
namespace: company.team
tasks:
  - id: s
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {id: a, type: io.kestra.plugin.core.flow.Sleep, duration: PT30S}
      - {id: b, type: io.kestra.plugin.core.debug.Return, format: b}
"""

FAILS_ONCE = """
id: fails-once
namespace: company.team
inputs: [{id: fixed, type: BOOLEAN, defaults: false}]
tasks:
  - id: s
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {id: a, type: io.kestra.plugin.core.debug.Return, format: a}
      - {id: f, type: io.kestra.plugin.core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}"}
  - {id: c, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}c"}
errors:
  - {id: e, type: io.kestra.plugin.core.debug.Return, format: e}
"""

ONE_AT_A_TIME = """
id: limited
namespace: company.team
concurrency: {limit: 1, behavior: %s}
tasks:
  - {id: a, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.3S}
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def step_until(engine: Engine, condition: Any, steps: int = 2_000) -> None:
    for _ in range(steps):
        if condition():
            return
        engine.step()
    raise AssertionError("it never comes to that")


def state_of(engine: Engine, execution_id: str) -> State | None:
    outcome = engine.outcome(execution_id)
    return outcome.execution.state if outcome else None


def runs_of(engine: Engine, execution_id: str) -> list[Any]:
    outcome = engine.outcome(execution_id)
    return outcome.taskruns if outcome else []


def transitions(engine: Engine) -> list[Transition]:
    return [msgspec.json.decode(record.value or b"", type=Transition) for record in engine.broker.history(FACTS)]


def test_a_kill_interrupts_what_runs_and_ends_what_has_not_begun(engine: Engine) -> None:
    execution_id = engine.start(SLEEPY)
    step_until(engine, lambda: len(runs_of(engine, execution_id)) == 2)

    engine.kill(execution_id)
    outcome = engine.finish(execution_id)

    assert outcome.execution.state is State.KILLED
    assert outcome.states()[-2:] == ["KILLING", "KILLED"]
    assert outcome.trail() == [("s", None, "KILLED"), ("a", None, "KILLED")]


def test_a_kill_ends_also_what_still_runs_below_a_parent_that_has_failed(engine: Engine) -> None:
    source = """
id: orphans
namespace: company.team
tasks:
  - id: p
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: s
        type: io.kestra.plugin.core.flow.Sequential
        tasks: [{id: f, type: io.kestra.plugin.core.execution.Fail, retry: {type: constant, interval: PT1H}}]
      - {id: at-once, type: io.kestra.plugin.core.execution.Fail, runIf: "{{ missing }}"}
errors:
  - {id: e, type: io.kestra.plugin.core.execution.Fail, retry: {type: constant, interval: PT1H}}
"""
    execution_id = engine.start(source)
    step_until(engine, lambda: [str(run.state) for run in runs_of(engine, execution_id)].count("RETRYING") == 2)

    engine.kill(execution_id)
    outcome = engine.finish(execution_id)

    assert outcome.execution.state is State.KILLED
    assert {task: state for task, _, state in outcome.trail()} == {
        "p": "FAILED",
        "s": "KILLED",
        "f": "KILLED",
        "at-once": "FAILED",
        "e": "KILLED",
    }


@pytest.mark.parametrize(("cascade", "child"), [(True, "KILLED"), (False, "SUCCESS")])
def test_a_kill_reaches_the_executions_that_subflows_wait_for_if_it_cascades(
    engine: Engine, cascade: bool, child: str
) -> None:
    engine.flows.create(SLEEPY.replace("PT30S", "PT1S"))
    parent = engine.start(
        "id: parent\nnamespace: company.team\ntasks:\n"
        "  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: sleepy}"
    )
    step_until(engine, lambda: engine.executions_of("sleepy"))

    engine.claim(c.Kill(parent, "kill", cascade=cascade))
    outcome = engine.finish(parent)
    called = engine.finish(engine.executions_of("sleepy")[0])

    assert outcome.execution.state is State.KILLED
    assert outcome.trail() == [("call", None, "KILLED")]
    assert str(called.execution.state) == child


def test_a_result_after_the_kill_is_recorded_as_late_and_changes_nothing(engine: Engine) -> None:
    execution_id = engine.start(
        "id: x\nnamespace: a.b\ntasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: x}]"
    )
    engine.executor.step()  # dispatched, but no worker has read it
    engine.kill(execution_id)
    engine.executor.step()
    taskrun_id = engine.outcome(execution_id).run("r").id  # type: ignore[union-attr]

    late = c.TaskEnded(
        execution_id,
        "late",
        taskrun_id=taskrun_id,
        token=1,
        worker_id="w",
        started_at=engine.clock.now,
        ended_at=engine.clock.now,
        state=State.SUCCESS,
    )
    for _ in range(2):
        engine.claim(late)
        engine.executor.step()

    outcome = engine.outcome(execution_id)
    assert outcome is not None
    assert outcome.execution.state is State.KILLED
    assert outcome.run("r").state is State.KILLED
    lateness = [fact for each in transitions(engine) for fact in each.facts if isinstance(fact, ResultCameLate)]
    assert len(lateness) == 1


def test_a_restart_runs_again_what_failed_and_keeps_what_did_not(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE)
    before = engine.finish(execution_id)
    assert before.trail() == [
        ("s", None, "FAILED"),
        ("a", None, "SUCCESS"),
        ("f", None, "FAILED"),
        ("e", None, "SUCCESS"),
    ]

    engine.claim(c.Restart(execution_id, "again"))
    after = engine.finish(execution_id)

    assert after.states() == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]
    shown = [run for run in after.taskruns if not run.is_removed]
    assert [(run.task_id, str(run.state)) for run in shown] == [
        ("s", "SUCCESS"),
        ("a", "SUCCESS"),
        ("f", "SUCCESS"),
        ("c", "SUCCESS"),
    ]
    assert [str(attempt.state) for attempt in after.run("f").attempts] == ["FAILED", "SUCCESS"]
    assert after.run("a").id == before.run("a").id
    assert after.execution.attempt_number == 2


CUT_SHORT = """
id: cut-short
namespace: company.team
tasks:
  - id: beside
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: fails
        type: io.kestra.plugin.core.execution.Fail
        condition: "{{ taskrun.attemptsCount == 0 }}"
      - id: steps
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - {id: begun, type: io.kestra.plugin.core.debug.Return}
          - {id: then, type: io.kestra.plugin.core.debug.Return}
      - id: loop
        type: io.kestra.plugin.core.flow.WaitFor
        condition: "{{ outputs.loop.iterationCount == 2 }}"
        tasks: [{id: round, type: io.kestra.plugin.core.debug.Return}]
"""


def test_what_the_end_of_an_execution_cut_short_goes_on_with_a_restart(engine: Engine) -> None:
    execution_id = engine.start(CUT_SHORT)
    cut = engine.finish(execution_id)
    assert cut.execution.state is State.FAILED
    assert [cut.run(name).state for name in ("steps", "loop")] == [State.CANCELLED, State.CANCELLED]
    assert "then" not in [run.task_id for run in cut.taskruns]

    engine.claim(c.Restart(execution_id, "restart"))
    again = engine.finish(execution_id)

    assert again.execution.state is State.SUCCESS
    assert [again.run(name).state for name in ("steps", "then", "loop")] == [State.SUCCESS] * 3
    assert again.run("loop").outputs == {"iterationCount": 2}


def test_what_was_cut_short_goes_on_when_a_person_marks_what_failed(engine: Engine) -> None:
    execution_id = engine.start(CUT_SHORT)
    failed = engine.finish(execution_id).run("fails")

    engine.claim(c.ChangeState(execution_id, "mark", taskrun_id=failed.id, state=State.SUCCESS))
    again = engine.finish(execution_id)

    assert again.execution.state is State.SUCCESS
    assert [again.run(name).state for name in ("steps", "then", "loop")] == [State.SUCCESS] * 3


def test_what_was_cut_short_goes_on_in_a_replay_of_what_failed_beside_it(engine: Engine) -> None:
    execution_id = engine.start(CUT_SHORT)
    failed = engine.finish(execution_id).run("fails")
    aggregate = audit.fold([each for each in transitions(engine) if each.aggregate == execution_id])
    stored = engine.flows.get("company.team", "cut-short")
    plan = Plan(stored.flow, 1, Host(engine.expressions, {}, engine.flows.runnable))

    engine.claim(replay(plan, aggregate, failed.id, "replayed", engine.clock()))
    again = engine.finish("replayed")

    assert again.execution.state is State.SUCCESS
    assert [again.run(name).state for name in ("steps", "then", "loop")] == [State.SUCCESS] * 3


def test_an_execution_that_was_let_go_of_can_still_be_restarted(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE)
    engine.finish(execution_id)
    engine.clock.now += timedelta(days=30)
    for _ in range(5):
        engine.step()
    assert engine.executor._memory.get(execution_id) is None

    engine.claim(c.Restart(execution_id, "again"))
    after = engine.finish(execution_id)

    assert after.execution.state is State.SUCCESS


def test_a_replay_is_a_new_execution_with_copies_of_what_came_before(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE.replace("attemptsCount == 0", "attemptsCount == 9"))
    old = engine.finish(execution_id)
    aggregate = engine.executor._memory.get(execution_id)
    stored = engine.flows.get("company.team", "fails-once")
    assert aggregate is not None
    assert stored is not None
    assert stored.flow is not None
    plan = Plan(stored.flow, 1, Host(engine.expressions, {}, engine.flows.runnable))

    engine.claim(replay(plan, aggregate, old.run("c").id, "replayed", engine.clock.now))
    new = engine.finish("replayed")

    assert new.trail() == old.trail()
    assert new.execution.parent_id == execution_id
    assert new.run("a").id != old.run("a").id
    assert new.run("a").outputs == old.run("a").outputs
    assert [str(entry.state) for entry in new.run("c").histories][-3:] == ["RESTARTED", "RUNNING", "SUCCESS"]
    assert not to_restart(aggregate)


@pytest.mark.parametrize(("behavior", "second"), [("QUEUE", "SUCCESS"), ("CANCEL", "CANCELLED"), ("FAIL", "FAILED")])
def test_a_flow_with_a_limit_runs_no_more_executions_than_that(engine: Engine, behavior: str, second: str) -> None:
    engine.flows.create(ONE_AT_A_TIME % behavior)
    ids = [engine.start(ONE_AT_A_TIME % behavior, is_stored=True) for _ in range(2)]
    outcomes = [engine.finish(execution_id) for execution_id in ids]

    assert outcomes[0].execution.state is State.SUCCESS
    assert str(outcomes[1].execution.state) == second
    if behavior == "QUEUE":
        assert outcomes[1].states() == ["CREATED", "QUEUED", "RUNNING", "SUCCESS"]
        began = outcomes[1].execution.histories[2].date
        assert began >= outcomes[0].execution.histories[-1].date
    for _ in range(3):
        engine.step()
    queue = engine.executor._memory.queue("queue:company.team.limited")
    assert (queue.running, queue.waiting) == ((), ())


def test_a_queued_execution_that_is_forced_runs_beside_the_limit(engine: Engine) -> None:
    engine.flows.create(ONE_AT_A_TIME % "QUEUE")
    first, second = (engine.start(ONE_AT_A_TIME % "QUEUE", is_stored=True) for _ in range(2))
    step_until(engine, lambda: state_of(engine, second) is State.QUEUED)

    engine.claim(c.ForceRun(second, "force"))
    step_until(engine, lambda: state_of(engine, second) is State.RUNNING)

    assert state_of(engine, first) is State.RUNNING
    assert [engine.finish(each).execution.state for each in (first, second)] == [State.SUCCESS, State.SUCCESS]


def test_a_worker_that_falls_silent_loses_its_attempt_to_another(engine: Engine) -> None:
    execution_id = engine.start(SLEEPY.replace("PT30S", "\"{{ taskrun.attemptsCount == 0 ? 'PT30S' : 'PT0S' }}\""))
    step_until(engine, lambda: any(run.worker_id for run in runs_of(engine, execution_id)))
    engine.lose_worker()

    engine.clock.now += timedelta(seconds=1)
    engine.executor.step()
    engine.clock.now += timedelta(seconds=12)
    engine.worker = engine.new_worker("worker-2")
    outcome = engine.finish(execution_id)

    assert outcome.execution.state is State.SUCCESS
    assert [str(attempt.state) for attempt in outcome.run("a").attempts] == ["KILLED", "SUCCESS"]
    assert outcome.run("a").attempts[0].error == "worker worker-1 was lost"


def test_an_attempt_given_back_is_dispatched_again_at_once(engine: Engine) -> None:
    execution_id = engine.start(SLEEPY.replace("PT30S", "PT0S"))
    engine.executor.step()
    taskrun_id = engine.outcome(execution_id).run("a").id  # type: ignore[union-attr]

    engine.claim(c.TaskReleased(execution_id, "released", taskrun_id=taskrun_id, token=1, worker_id="w"))
    outcome = engine.finish(execution_id)

    assert outcome.execution.state is State.SUCCESS
    dispatched = [fact for each in transitions(engine) for fact in each.facts if isinstance(fact, AttemptDispatched)]
    assert [fact.token for fact in dispatched if fact.id == taskrun_id] == [1, 2]


def test_a_wide_fan_out_is_made_in_pieces_and_each_ends_once(engine: Engine) -> None:
    source = """
id: wide
namespace: company.team
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ range(1, 1300) }}"
    concurrencyLimit: 0
    tasks: [{id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}]
"""
    outcome = engine.run(source)

    assert outcome.execution.state is State.SUCCESS
    assert len(outcome.taskruns) == 1301
    assert max(len(each.facts) for each in transitions(engine)) < 1_100
    log = audit.transitions(engine.broker)[outcome.execution.id]
    audit.check_sequence(log)
    audit.check_attempts(log)


def test_a_new_executor_goes_on_where_the_old_one_died(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE)
    for _ in range(2):
        engine.step()

    engine.executor = engine.new_executor()
    outcome = engine.finish(execution_id)

    assert outcome.trail()[-1] == ("e", None, "SUCCESS")
    assert outcome.execution.state is State.FAILED


def test_work_that_no_record_can_hold_fails_its_task_run_and_nothing_else(engine: Engine) -> None:
    source = """
id: large
namespace: company.team
inputs: [{id: text, type: STRING}]
tasks:
  - {id: big, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.text ~ inputs.text }}", allowFailure: true}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: after}
"""
    outcome = engine.run(source, {"text": "x" * 300_000})

    assert outcome.trail() == [("big", None, "WARNING"), ("after", None, "SUCCESS")]


def test_a_record_that_is_no_claim_stops_nobody_else(engine: Engine) -> None:
    engine.broker.publish([Message(CLAIMS, "x", b"nonsense"), Message(CLAIMS, "x", b'{"type": "Kill"}')])

    outcome = engine.run("id: x\nnamespace: a.b\ntasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: x}]")

    assert outcome.execution.state is State.SUCCESS
    assert len(list(engine.broker.history(DEAD_LETTERS))) == 2


def test_a_flow_that_vanished_leaves_its_execution_standing_and_the_others_running(engine: Engine) -> None:
    engine.claim(c.Start("lost", "start", namespace="no.where", flow_id="gone", flow_revision=1))

    outcome = engine.run("id: x\nnamespace: a.b\ntasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: x}]")

    assert outcome.execution.state is State.SUCCESS
    assert engine.outcome("lost") is None
    assert len(list(engine.broker.history(DEAD_LETTERS))) == 1


def test_labels_set_on_an_ended_execution_are_found_on_its_task_runs_too(engine: Engine) -> None:
    outcome = engine.run("id: x\nnamespace: a.b\ntasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: x}]")

    engine.claim(c.SetLabels(outcome.execution.id, "labels", labels=(c.Label("team", "data"),)))
    engine.step()

    after = engine.outcome(outcome.execution.id)
    assert after is not None
    assert label_map(after.execution.labels) == {"team": "data"}
    assert label_map(after.run("r").labels) == {"team": "data"}


def test_a_workers_share_of_the_variables_is_what_its_templates_read(engine: Engine) -> None:
    source = """
id: slices
namespace: company.team
inputs: [{id: big, type: STRING, defaults: "abc"}]
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [x, y]
    tasks:
      - {id: one, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
      - {id: two, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.one[taskrun.value].value }}"}
"""
    engine.run(source)

    work = [msgspec.json.decode(record.value or b"") for record in engine.broker.history(f"{TASKS}.default")]
    seconds = [each["variables"] for each in work if each["taskId"] == "two"]
    assert [each["outputs"] for each in seconds] == [{"one": {"x": {"value": "x"}}}, {"one": {"y": {"value": "y"}}}]
    assert all("inputs" not in each for each in seconds)


def test_who_asked_and_why_is_kept_beside_what_it_did(engine: Engine) -> None:
    """The note stands in the transition, and a wish that did nothing leaves none."""
    flow = "id: f\nnamespace: n\ntasks:\n  - {id: p, type: io.kestra.plugin.core.flow.Pause}\n"
    execution_id = engine.start(flow)
    step_until(engine, lambda: state_of(engine, execution_id) is State.PAUSED)
    engine.claim(c.Resume(execution_id, "resume", actor="ada", note="checked by hand"))
    engine.claim(c.Resume(execution_id, "again", actor="bob"))
    outcome = engine.finish(execution_id)

    noted = [
        (entry.cause, fact) for entry in transitions(engine) for fact in entry.facts if isinstance(fact, WishNoted)
    ]
    assert noted == [("resume", WishNoted("Resume", "ada", "checked by hand"))]
    assert outcome.execution.state is State.SUCCESS

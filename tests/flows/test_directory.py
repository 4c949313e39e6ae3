"""WorkingDirectory: what workers, people and time do to tasks that share a folder."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import msgspec
import pytest

from runfold.adapters.namespace_files import NamespaceFiles
from runfold.execution import claims as c
from runfold.execution.replay import replay
from runfold.execution.request import ExecutionRequest, Origin, start_claim
from runfold.execution.state import State
from runfold.flows.plan import Host, Plan
from runfold.ports import Message
from runfold.topology import CLAIMS
from tests.engine import Engine
from tests.flows.test_control import runs_of, state_of, step_until, transitions
from tests.simulation import audit

CORE = "io.kestra.plugin.core"

SLEEPY = f"""
id: sleepy
namespace: company.team
tasks:
  - id: w
    type: {CORE}.flow.WorkingDirectory
    tasks:
      - {{id: a, type: {CORE}.debug.Return, format: a}}
      - {{id: b, type: {CORE}.flow.Sleep, duration: PT30S}}
      - {{id: c, type: {CORE}.debug.Return, format: c}}
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def trail(engine: Engine, execution_id: str) -> list[str]:
    return [f"{run.task_id} {run.state}" for run in runs_of(engine, execution_id) if not run.is_removed]


def plan_of(engine: Engine, flow_id: str) -> Plan:
    stored = engine.flows.get("company.team", flow_id)
    assert stored.flow is not None
    return Plan(stored.flow, 1, Host(engine.expressions, {}, lambda *_: pytest.fail("no flow is called")))


def started_until_b(engine: Engine) -> str:
    execution_id = engine.start(SLEEPY)
    step_until(engine, lambda: "b RUNNING" in trail(engine, execution_id))
    return execution_id


def test_a_task_in_the_directory_is_seen_while_it_runs(engine: Engine) -> None:
    execution_id = started_until_b(engine)

    assert trail(engine, execution_id) == ["w RUNNING", "a SUCCESS", "b RUNNING"]


def test_a_kill_ends_the_task_under_way_and_the_whole(engine: Engine) -> None:
    execution_id = started_until_b(engine)

    engine.kill(execution_id)
    outcome = engine.finish(execution_id)

    assert outcome.states() == ["CREATED", "RUNNING", "KILLING", "KILLED"]
    assert trail(engine, execution_id) == ["w KILLED", "a SUCCESS", "b KILLED"]
    assert [str(attempt.state) for attempt in outcome.run("b").attempts] == ["KILLED"]


def test_a_timeout_of_a_task_fails_that_task_and_one_of_the_whole_fails_what_it_was_at(engine: Engine) -> None:
    inner = SLEEPY.replace("PT30S", "PT30S, timeout: PT0.2S").replace("id: sleepy", "id: inner")
    outer = SLEEPY.replace("    tasks:", "    timeout: PT0.3S\n    tasks:").replace("id: sleepy", "id: outer")

    for source in (inner, outer):
        outcome = engine.run(source)

        assert outcome.execution.state is State.FAILED
        assert outcome.trail() == [("w", None, "FAILED"), ("a", None, "SUCCESS"), ("b", None, "FAILED")]
        assert any("Timeout after 00:00:00" in entry.message for entry in outcome.logs)


def test_a_lost_worker_lets_the_whole_begin_anew(engine: Engine) -> None:
    execution_id = started_until_b(engine)
    before = {run.task_id: run for run in runs_of(engine, execution_id)}
    step_until(engine, lambda: runs_of(engine, execution_id)[0].worker_id == "worker-1")

    engine.claim(c.WorkerLost(execution_id, "lost", taskrun_id=before["w"].id, token=1, worker_id="worker-1"))
    step_until(engine, lambda: trail(engine, execution_id) == ["w RUNNING"])
    step_until(engine, lambda: "b RUNNING" in trail(engine, execution_id))

    after = {run.task_id: run for run in runs_of(engine, execution_id) if not run.is_removed}
    assert after["w"].id == before["w"].id
    assert after["a"].id != before["a"].id
    assert [str(attempt.state) for attempt in after["w"].attempts] == ["KILLED"]
    engine.kill(execution_id)
    engine.finish(execution_id)


def test_reports_that_come_twice_or_from_an_earlier_dispatch_are_void(engine: Engine) -> None:
    source = SLEEPY.replace("PT30S", "PT0.01S")
    execution_id = engine.start(source)
    engine.finish(execution_id)
    facts = len(transitions(engine))

    for record in list(engine.broker.history(CLAIMS)):
        engine.broker.publish([Message(CLAIMS, record.key, record.value)])
    run = runs_of(engine, execution_id)[0]
    stale = c.InnerTaskRan(
        execution_id, "stale", taskrun_id=run.id, token=0, worker_id="x", task_id="c", state=State.FAILED,
        started_at=engine.clock.now, ended_at=engine.clock.now,
    )  # fmt: skip
    engine.claim(stale)
    for _ in range(5):
        engine.step()

    assert len(transitions(engine)) == facts
    assert trail(engine, execution_id) == ["w SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"]


FAILS_ONCE = f"""
id: fails-once
namespace: company.team
tasks:
  - id: w
    type: {CORE}.flow.WorkingDirectory
    inputFiles: {{seen.txt: "1"}}
    tasks:
      - {{id: a, type: {CORE}.debug.Return, format: "{{{{ taskrun.id }}}}"}}
      - {{id: f, type: {CORE}.execution.Fail, condition: "{{{{ labels.fixed is not defined }}}}"}}
    errors:
      - {{id: e, type: {CORE}.debug.Return, format: e}}
  - {{id: after, type: {CORE}.debug.Return, format: "{{{{ outputs.a.value }}}}"}}
"""


def test_a_restart_runs_the_whole_again_with_task_runs_made_anew(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE)
    engine.finish(execution_id)
    assert trail(engine, execution_id) == ["w FAILED", "a SUCCESS", "f FAILED", "e SUCCESS"]
    before = runs_of(engine, execution_id)[1].id

    engine.claim(c.SetLabels(execution_id, "labels", labels=(c.Label("fixed", "yes"),)))
    engine.claim(c.Restart(execution_id, "restart"))
    step_until(engine, lambda: state_of(engine, execution_id) is State.SUCCESS)

    assert trail(engine, execution_id) == ["w SUCCESS", "a SUCCESS", "f SUCCESS", "after SUCCESS"]
    after = {run.task_id: run for run in runs_of(engine, execution_id) if not run.is_removed}
    assert after["a"].id != before
    assert after["after"].outputs == {"value": after["a"].id}
    states = [str(entry.state) for entry in after["w"].histories]
    assert states == ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]


def test_a_directory_that_no_record_could_hold_can_be_restarted(engine: Engine) -> None:
    engine.worker.close(0)
    execution_id = engine.start(SLEEPY.replace("PT30S", "PT0.01S"))
    step = engine.executor.step
    step()
    (run,) = runs_of(engine, execution_id)
    engine.claim(c.DispatchFailed(execution_id, "failed", taskrun_id=run.id, token=1, reason="too large"))
    step()
    assert trail(engine, execution_id) == ["w FAILED"]

    engine.claim(c.Restart(execution_id, "restart"))
    engine.worker = engine.new_worker()
    step_until(engine, lambda: state_of(engine, execution_id) is State.SUCCESS, 20_000)

    assert trail(engine, execution_id) == ["w SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"]


def test_a_restart_leaves_a_directory_alone_that_a_worker_still_has(engine: Engine) -> None:
    execution_id = engine.start(f"""
id: beside
namespace: company.team
tasks:
  - id: p
    type: {CORE}.flow.Parallel
    tasks:
      - {{id: w, type: {CORE}.flow.WorkingDirectory, tasks: [
          {{id: f, type: {CORE}.execution.Fail, allowFailure: true}},
          {{id: s, type: {CORE}.flow.Sleep, duration: PT0.5S}}]}}
      - {{id: bad, type: {CORE}.execution.Fail, condition: "{{{{ taskrun.attemptsCount == 0 }}}}"}}
""")
    step_until(engine, lambda: state_of(engine, execution_id) is State.FAILED)

    engine.claim(c.Restart(execution_id, "restart"))
    step_until(engine, lambda: state_of(engine, execution_id) is State.WARNING, 20_000)

    assert trail(engine, execution_id)[:3] == ["p WARNING", "w WARNING", "bad SUCCESS"]


def test_a_replay_from_a_task_inside_runs_the_whole_again(engine: Engine) -> None:
    execution_id = engine.start(FAILS_ONCE.replace("labels.fixed is not defined", "false"))
    engine.finish(execution_id)
    aggregate = audit.fold(audit.transitions(engine.broker)[execution_id])
    inner = next(run for run in aggregate.taskruns.values() if run.task_id == "f")

    engine.claim(replay(plan_of(engine, "fails-once"), aggregate, inner.id, "again", engine.clock.now))
    engine.finish("again")

    assert trail(engine, "again") == ["w SUCCESS", "a SUCCESS", "f SUCCESS", "after SUCCESS"]


def test_files_of_the_namespace_are_there_as_far_as_they_are_wanted(engine: Engine) -> None:
    files = NamespaceFiles(engine.files, "company.team")
    for path in ("/a/1.txt", "/a/2.csv", "/ignore/3.txt"):
        files.put(path, BytesIO(path.encode()))

    outcome = engine.run(f"""
id: files
namespace: company.team
tasks:
  - id: w
    type: {CORE}.flow.WorkingDirectory
    namespaceFiles:
      enabled: true
      include: ["**.txt"]
      exclude: ["/ignore/**"]
    tasks:
      - {{id: found, type: {CORE}.storage.LocalFiles, outputs: ["**"]}}
""")

    assert list(outcome.run("found").outputs["uris"]) == ["a/1.txt"]


def test_the_files_to_begin_with_may_be_json_and_addresses(engine: Engine) -> None:
    outcome = engine.run(f"""
id: files
namespace: company.team
tasks:
  - {{id: made, type: {CORE}.flow.WorkingDirectory, inputFiles: {{x.txt: held}}, outputFiles: x.txt, tasks: [
      {{id: nothing, type: {CORE}.debug.Return}}]}}
  - id: w
    type: {CORE}.flow.WorkingDirectory
    inputFiles: '{{{{ {{"deep/y.txt": outputs.made.outputFiles["x.txt"]}} | json }}}}'
    tasks:
      - {{id: found, type: {CORE}.storage.LocalFiles, outputs: ["**/*.txt"]}}
  - {{id: text, type: {CORE}.debug.Return, format: "{{{{ read(outputs.found.uris['deep/y.txt']) }}}}"}}
""")

    assert outcome.execution.state is State.SUCCESS
    assert outcome.run("text").outputs == {"value": "held"}


CACHED = f"""
id: cached
namespace: company.team
tasks:
  - id: w
    type: {CORE}.flow.WorkingDirectory
    cache: {{ttl: PT1H, patterns: ["kept/**"]}}
    tasks:
      - {{id: found, type: {CORE}.storage.LocalFiles, outputs: ["**"]}}
      - {{id: made, type: {CORE}.storage.LocalFiles, inputs: {{kept/a.txt: a, other.txt: b}}}}
"""


def found(engine: Engine, execution_id: str) -> list[str]:
    flow = engine.flows.get("company.team", "cached").flow
    assert flow is not None
    request = ExecutionRequest(namespace=flow.namespace, flow_id=flow.id)
    engine.claim(start_claim(flow, request, Origin(execution_id, execution_id), engine.expressions.evaluate))
    outcome = engine.finish(execution_id)
    assert outcome.execution.state is State.SUCCESS
    return list(outcome.run("found").outputs["uris"])


def test_cached_files_come_back_until_they_are_too_old(engine: Engine) -> None:
    engine.clock.now = max(engine.clock.now, engine.files.put("/now", BytesIO()).modified_at)

    engine.flows.create(CACHED)
    assert found(engine, "first") == []
    assert found(engine, "second") == ["kept/a.txt"]
    engine.clock.now += timedelta(hours=2)
    assert found(engine, "third") == []


def test_a_cache_that_cannot_be_read_is_a_warning(engine: Engine) -> None:
    engine.files.put("/company/team/cached/w/cache/cache.zip", BytesIO(b"no zip"))

    outcome = engine.run(CACHED)

    assert outcome.execution.state is State.SUCCESS
    assert any(entry.level == "WARN" and "cache can't be read" in entry.message for entry in outcome.logs)


def test_a_directory_still_running_when_its_execution_failed_ends_on_its_own(engine: Engine) -> None:
    outcome = engine.run(f"""
id: beside
namespace: company.team
tasks:
  - id: p
    type: {CORE}.flow.Parallel
    tasks:
      - {{id: w, type: {CORE}.flow.WorkingDirectory, tasks: [
          {{id: s, type: {CORE}.flow.Sleep, duration: PT0.2S}}, {{id: r, type: {CORE}.debug.Return}}]}}
      - {{id: bad, type: {CORE}.execution.Fail}}
""")

    assert outcome.execution.state is State.FAILED
    assert {run.task_id: str(run.state) for run in outcome.taskruns} == {
        "p": "FAILED", "w": "SUCCESS", "bad": "FAILED", "s": "SUCCESS", "r": "SUCCESS",
    }  # fmt: skip


def test_outputs_that_are_too_large_fail_the_task_and_not_the_worker(engine: Engine) -> None:
    outcome = engine.run(f"""
id: large
namespace: company.team
tasks:
  - {{id: w, type: {CORE}.flow.WorkingDirectory, tasks: [
      {{id: big, type: {CORE}.debug.Return, format: "{{% for i in range(1, 700) %}}{"x" * 1000}{{% endfor %}}"}}]}}
""")

    assert outcome.execution.state is State.FAILED
    assert outcome.run("big").outputs == {}
    assert any("outputs are too large" in entry.message for entry in outcome.logs)


def test_every_claim_of_a_directory_is_a_record_that_can_be_read(engine: Engine) -> None:
    engine.run(SLEEPY.replace("PT30S", "PT0.01S"))

    kinds = [type(msgspec.json.decode(record.value, type=c.AnyClaim)) for record in engine.broker.history(CLAIMS)]
    assert kinds.count(c.InnerTaskRan) >= 3

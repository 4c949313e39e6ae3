"""How attempts run and what becomes of them."""

import base64
from datetime import timedelta

import pytest
from tests.unit.worker.rig import FAIL, LOG, RETURN, T0, Gives, Rig

from runfold.execution.state import State
from runfold.tasks.context import Outputs, Result, RunContext, TaskFailed
from runfold.worker import attempt_log, attempt_metrics

REAL_TASK = {"type": RETURN, "format": "hello {{ inputs.name }}"}


@pytest.fixture
def rig() -> Rig:
    return Rig()


def gives(rig: Rig, what: object, **given: object) -> None:
    Gives.WHAT = staticmethod(what)  # type: ignore[assignment]
    rig.send({"type": "test.Gives", **given})
    rig.step()


def test_a_brief_attempt_is_reported_once_with_its_dates_and_outputs(rig: Rig) -> None:
    rig.send(REAL_TASK, taskrun_id="tr", token=7, variables={"inputs": {"name": "Ada"}})
    rig.step()

    (claim,) = rig.claims()
    assert claim.id == "tr.7.ended"
    assert (claim.execution_id, claim.taskrun_id, claim.token, claim.worker_id) == ("e1", "tr", 7, "w1")
    assert (claim.state, claim.outputs, claim.error) == (State.SUCCESS, {"value": "hello Ada"}, None)
    assert (claim.started_at, claim.ended_at) == (T0, T0)


def test_what_a_task_measures_comes_with_its_result_and_on_the_metrics_topic(rig: Rig) -> None:
    rig.send(REAL_TASK, taskrun_id="tr", variables={"inputs": {"name": "Ada"}})
    rig.step()

    (claim,) = rig.ended()
    length, duration = claim.metrics
    assert (length.name, length.type, length.value) == ("length", "counter", 9.0)
    assert length.tags == {"format": "hello {{ inputs.name }}"}
    assert (duration.name, duration.type) == ("duration", "timer")
    counter, timer = rig.metrics()
    assert (counter.taskrun_id, counter.name, counter.value, counter.tags) == ("tr", "length", 9.0, length.tags)
    assert (timer.name, timer.type, timer.timestamp) == ("duration", "timer", T0)


def test_a_timer_is_seconds_in_the_result_and_milliseconds_on_the_topic(rig: Rig) -> None:
    gives(rig, lambda context: context.metrics.timer("took", 1.5, unit="x"))

    assert rig.ended()[0].metrics[0].value == 1.5
    assert rig.metrics()[0].value == 1500.0


def test_templates_see_the_attempt_as_the_worker_knows_it(rig: Rig) -> None:
    sent = {"id": "old", "startDate": "2026-01-01T00:00:00Z", "attemptsCount": 0, "parentId": "p", "value": "v"}
    gives(
        rig,
        lambda context: {"taskrun": context.variables["taskrun"], "task": context.variables["task"]},
    )
    rig.send({"type": "test.Gives"}, taskrun_id="tr", attempts_before=2, variables={"taskrun": sent}, task_id="t9")
    rig.step()

    outputs = rig.ended()[-1].outputs
    assert list(outputs["taskrun"].items()) == [
        ("id", "tr"),
        ("startDate", "2026-01-01T00:00:00Z"),
        ("attemptsCount", 2),
        ("parentId", "p"),
        ("value", "v"),
    ]
    assert outputs["task"] == {"id": "t9", "type": "test.Gives"}


def test_templates_see_the_surroundings_of_the_worker_and_what_was_sent(rig: Rig) -> None:
    rig.send({"type": RETURN, "format": "{{ envs.home }} {{ flow.id }} {{ vars.x }}"}, variables={"vars": {"x": 1}})
    rig.step()

    assert rig.ended()[0].outputs == {"value": "here flow 1"}


def test_a_failure_is_logged_as_message_and_stack_and_named_in_the_claim(rig: Rig) -> None:
    rig.send({"type": FAIL, "errorMessage": "no luck"}, attempts_before=1)
    rig.step()

    error, trace = rig.logs()
    assert (error.level, error.message, error.attempt_number) == ("ERROR", "no luck", 1)
    assert trace.level == "TRACE"
    assert "Traceback" in trace.message
    assert trace.message.rstrip().endswith("no luck")
    assert error.timestamp < trace.timestamp
    (claim,) = rig.ended()
    assert (claim.state, claim.error) == (State.FAILED, "no luck")


def test_any_exception_of_a_task_is_its_failure_and_the_next_one_is_served(rig: Rig) -> None:
    def crash(_context: RunContext) -> Outputs:
        return {"x": 1 // 0}

    gives(rig, crash)
    rig.send(REAL_TASK, variables={"inputs": {"name": "Ada"}})
    rig.step()

    assert [(claim.state, claim.error) for claim in rig.ended()] == [
        (State.FAILED, "integer division or modulo by zero"),
        (State.SUCCESS, None),
    ]


def test_a_task_that_ends_the_process_only_fails(rig: Rig) -> None:
    def leave(_context: RunContext) -> Outputs:
        raise SystemExit(3)

    gives(rig, leave)

    assert rig.ended()[0].state == State.FAILED


def test_a_failing_task_may_leave_outputs(rig: Rig) -> None:
    def fail(_context: RunContext) -> Outputs:
        raise TaskFailed("half done", {"lines": 3})

    gives(rig, fail)

    assert (rig.ended()[0].state, rig.ended()[0].outputs) == (State.FAILED, {"lines": 3})


def test_a_task_may_end_with_a_warning(rig: Rig) -> None:
    gives(rig, lambda _context: Result({"a": 1}, State.WARNING))

    assert (rig.ended()[0].state, rig.ended()[0].outputs) == (State.WARNING, {"a": 1})


def test_a_task_may_not_name_a_state_that_is_no_end_of_its_own(rig: Rig) -> None:
    gives(rig, lambda _context: Result({"a": 1}, State.RUNNING))

    assert rig.ended()[0].state == State.FAILED


def test_a_template_that_cannot_be_rendered_fails_the_attempt(rig: Rig) -> None:
    rig.send({"type": RETURN, "format": "{{ inputs.nobody }}"})
    rig.step()

    (claim,) = rig.ended()
    assert claim.state == State.FAILED
    assert "inputs" in claim.error
    assert rig.logs()[0].level == "ERROR"


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"type": "test.Nobody"}, "`test.Nobody`"),
        ({"type": RETURN, "formt": "x"}, "formt"),
        ({"type": LOG}, "message"),
    ],
)
def test_a_definition_that_cannot_run_here_fails_its_attempt_with_the_reason(
    rig: Rig, task: dict[str, object], reason: str
) -> None:
    rig.send(task)
    rig.step()

    (claim,) = rig.ended()
    assert claim.state == State.FAILED
    assert reason in claim.error
    assert rig.lines() == [("ERROR", claim.error)]


def test_the_error_in_a_claim_is_cut_at_4_kib(rig: Rig) -> None:
    rig.send({"type": FAIL, "errorMessage": "é" * 5000})
    rig.step()

    assert len(rig.ended()[0].error.encode()) <= 4096


def test_outputs_that_are_too_large_fail_the_attempt_with_size_and_limit(rig: Rig) -> None:
    gives(rig, lambda _context: {"value": "x" * 600_000})

    (claim,) = rig.ended()
    assert (claim.state, claim.outputs) == (State.FAILED, None)
    assert "600012 bytes" in claim.error
    assert "524288 bytes" in claim.error
    assert rig.lines()[0] == ("ERROR", claim.error)


def test_outputs_just_below_the_limit_are_kept(rig: Rig) -> None:
    gives(rig, lambda _context: {"value": "x" * (512 * 1024 - 12)})

    assert rig.ended()[0].state == State.SUCCESS


@pytest.mark.parametrize("what", [object(), {"a": {1: object()}}, "\ud800"])
def test_outputs_that_are_no_json_fail_the_attempt(rig: Rig, what: object) -> None:
    gives(rig, lambda _context: {"value": what})

    assert (rig.ended()[0].state, rig.ended()[0].outputs) == (State.FAILED, None)
    assert "JSON" in rig.ended()[0].error


def test_a_report_fits_into_a_record_whatever_was_measured(rig: Rig) -> None:
    def measure(context: RunContext) -> Outputs:
        for number in range(attempt_metrics.METRICS_MAX + 50):
            context.metrics.counter("c" * 300, number, tag="t" * 5000)
        return {"value": "x" * 500_000}

    gives(rig, measure)

    (claim,) = rig.ended()
    assert claim.state == State.SUCCESS
    assert len(rig.metrics()) == attempt_metrics.METRICS_MAX


def test_a_long_message_becomes_consecutive_entries_a_millisecond_apart(rig: Rig) -> None:
    gives(rig, lambda context: context.logger.write("INFO", "a" * 10_240 + "b" * 10_240 + "c"))

    entries = rig.logs()
    assert [entry.message for entry in entries] == ["a" * 10_240, "b" * 10_240, "c"]
    assert [entry.timestamp - T0 for entry in entries] == [timedelta(milliseconds=number) for number in range(3)]


def test_log_lines_of_one_attempt_have_increasing_dates(rig: Rig) -> None:
    rig.send({"type": LOG, "message": ["one", "two", "three"]})
    rig.step()

    assert [entry.message for entry in rig.logs()] == ["one", "two", "three"]
    dates = [entry.timestamp for entry in rig.logs()]
    assert dates == sorted(set(dates))


def test_the_log_level_of_a_task_drops_lower_lines(rig: Rig) -> None:
    rig.send({"type": LOG, "message": "low", "level": "DEBUG", "logLevel": "INFO"})
    rig.send({"type": LOG, "message": "high", "level": "WARN", "logLevel": "INFO"})
    rig.send({"type": FAIL, "logLevel": "ERROR"})
    rig.step()

    assert rig.lines() == [("WARN", "high"), ("ERROR", "Task failure")]


def test_a_log_without_end_is_cut_with_one_warning_and_the_failure_is_still_told(rig: Rig) -> None:
    def chatter(context: RunContext) -> Outputs:
        for number in range(attempt_log.LINES_MAX + 100):
            context.logger.info(str(number))
        raise TaskFailed("enough")

    gives(rig, chatter)

    lines = rig.lines()
    assert len(lines) == attempt_log.LINES_MAX + 3
    assert lines[-3:-1] == [("WARN", attempt_log.FULL), ("ERROR", "enough")]


def test_secrets_are_masked_in_log_stack_and_error_but_not_in_outputs() -> None:
    rig = Rig(environment={"SECRET_TOKEN": base64.b64encode(b"open-sesame-42").decode()})
    rig.send({"type": RETURN, "format": "{{ secret('token') }}"})
    rig.send({"type": FAIL, "errorMessage": "wrong: {{ secret('token') }}"})
    rig.step()

    assert rig.ended()[0].outputs == {"value": "open-sesame-42"}
    assert rig.lines()[0] == ("DEBUG", "**masked******")
    assert rig.lines()[1] == ("ERROR", "wrong: **masked******")
    assert "open-sesame" not in str(rig.logs()) + rig.ended()[1].error


def test_each_log_entry_says_whose_it_is(rig: Rig) -> None:
    rig.send({"type": LOG, "message": "x"}, execution_id="e7", taskrun_id="tr", task_id="t7", attempts_before=3)
    rig.step()

    (entry,) = rig.logs()
    assert (entry.namespace, entry.flow_id, entry.execution_id) == ("company.team", "flow", "e7")
    assert (entry.task_id, entry.taskrun_id, entry.attempt_number) == ("t7", "tr", 3)


@pytest.mark.parametrize("outputs", [["a", "list"], 5, [("x", 1, 2)]])
def test_outputs_that_are_no_map_fail_the_attempt_and_not_the_worker(rig: Rig, outputs: object) -> None:
    gives(rig, lambda _context: outputs)

    assert rig.ended()[0].state == State.FAILED


def test_a_metric_without_a_number_fails_the_attempt(rig: Rig) -> None:
    gives(rig, lambda context: context.metrics.counter("c", float("nan")))

    assert rig.ended()[0].state == State.FAILED
    assert rig.metrics() == []


def test_an_error_that_cannot_be_printed_is_still_reported(rig: Rig) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail(_context: RunContext) -> Outputs:
        raise Mute

    gives(rig, fail)

    assert (rig.ended()[0].state, rig.ended()[0].error) == (State.FAILED, "Mute")


def test_a_message_that_is_no_unicode_is_written_with_escapes(rig: Rig) -> None:
    def fail(_context: RunContext) -> Outputs:
        raise TaskFailed("half \ud800")

    gives(rig, fail)

    assert rig.lines()[0] == ("ERROR", "half \\ud800")
    assert rig.ended()[0].error == "half \\ud800"

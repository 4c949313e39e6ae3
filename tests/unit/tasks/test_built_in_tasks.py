"""What each built-in task does."""

from typing import Any

import pytest
from tests.unit.worker.rig import FAIL, LOG, RETURN, SLEEP, Rig

from runfold.execution.state import State

ECHO = "io.kestra.plugin.core.debug.Echo"
OUTPUT_VALUES = "io.kestra.plugin.core.output.OutputValues"


@pytest.fixture
def rig() -> Rig:
    return Rig()


def run(rig: Rig, task: dict[str, Any], **variables: Any) -> Any:
    """Run one attempt and return its end."""
    before = len(rig.ended())
    rig.send(task, variables=variables)
    rig.until(lambda: len(rig.ended()) > before)
    return rig.ended()[-1]


def test_return_gives_the_rendered_format_and_logs_it_at_debug(rig: Rig) -> None:
    ended = run(rig, {"type": RETURN, "format": "{{ task.id }} > {{ inputs.a }}"}, inputs={"a": "b"})

    assert ended.outputs == {"value": "t > b"}
    assert rig.lines() == [("DEBUG", "t > b")]


def test_return_without_a_format_gives_null(rig: Rig) -> None:
    ended = run(rig, {"type": RETURN})

    assert ended.outputs == {"value": None}
    assert ended.metrics[0].value == 0


@pytest.mark.parametrize(("written", "text"), [(5, "5"), (True, "true"), (1.5, "1.5")])
def test_a_format_that_is_no_text_is_taken_as_written(rig: Rig, written: object, text: str) -> None:
    assert run(rig, {"type": RETURN, "format": written}).outputs == {"value": text}


def test_echo_logs_its_format_at_info_and_gives_nothing(rig: Rig) -> None:
    ended = run(rig, {"type": ECHO, "format": "hi {{ inputs.a }}"}, inputs={"a": 1})

    assert (ended.state, ended.outputs) == (State.SUCCESS, None)
    assert rig.lines() == [("INFO", "hi 1")]


def test_echo_logs_at_the_level_given(rig: Rig) -> None:
    run(rig, {"type": ECHO, "format": "hi", "level": "{{ inputs.level }}"}, inputs={"level": "warn"})

    assert rig.lines() == [("WARN", "hi")]


def test_log_writes_a_text_or_each_item_of_a_list(rig: Rig) -> None:
    run(rig, {"type": LOG, "message": "one {{ inputs.a }}", "level": "TRACE"}, inputs={"a": 1})
    run(rig, {"type": LOG, "message": ["two {{ inputs.a }}", 3]}, inputs={"a": 1})

    assert rig.lines() == [("TRACE", "one 1"), ("INFO", "two 1"), ("INFO", "3")]


def test_an_unknown_level_fails_the_attempt(rig: Rig) -> None:
    ended = run(rig, {"type": LOG, "message": "x", "level": "LOUD"})

    assert ended.state == State.FAILED
    assert "`LOUD`" in ended.error


def test_fail_without_a_condition_fails_with_its_message(rig: Rig) -> None:
    assert run(rig, {"type": FAIL}).error == "Task failure"
    assert run(rig, {"type": FAIL, "errorMessage": "no {{ inputs.a }}"}, inputs={"a": "luck"}).error == "no luck"


def test_fail_on_a_true_condition_logs_the_message_and_then_the_reason(rig: Rig) -> None:
    ended = run(rig, {"type": FAIL, "condition": "{{ inputs.a }}", "errorMessage": "because"}, inputs={"a": "yes"})

    assert (ended.state, ended.error) == (State.FAILED, "Fail on a condition")
    assert [line for line in rig.lines() if line[0] == "ERROR"] == [
        ("ERROR", "because"),
        ("ERROR", "Fail on a condition"),
    ]


@pytest.mark.parametrize("value", ["false", "0", "-0", ""])
def test_fail_on_a_false_condition_succeeds(rig: Rig, value: str) -> None:
    ended = run(rig, {"type": FAIL, "condition": "{{ inputs.a }}"}, inputs={"a": value})

    assert ended.state == State.SUCCESS
    assert rig.logs() == []


@pytest.mark.parametrize("value", ["False", "0.0", "no", " "])
def test_fail_takes_all_other_texts_for_true(rig: Rig, value: str) -> None:
    assert run(rig, {"type": FAIL, "condition": "{{ inputs.a }}"}, inputs={"a": value}).state == State.FAILED


@pytest.mark.parametrize(
    ("duration", "shown"),
    [("PT0.01S", "PT0.01S"), (0.01, "PT0.01S"), ("{{ inputs.d }}", "PT0.01S"), ("PT0S", "PT0S")],
)
def test_sleep_takes_iso_text_numbers_and_expressions(rig: Rig, duration: object, shown: str) -> None:
    ended = run(rig, {"type": SLEEP, "duration": duration}, inputs={"d": "PT0.01S"})

    assert ended.state == State.SUCCESS
    assert rig.lines() == [("INFO", f"Waiting for {shown}")]


@pytest.mark.parametrize("duration", ["soon", "", "-PT1S", "nan", "P", "1e99"])
def test_sleep_refuses_what_is_no_duration(rig: Rig, duration: str) -> None:
    ended = run(rig, {"type": SLEEP, "duration": duration})

    assert ended.state == State.FAILED
    assert "duration" in ended.error


def test_sleep_sleeps(rig: Rig) -> None:
    rig.send({"type": SLEEP, "duration": "PT10M"})
    rig.until(rig.logs)
    rig.step()
    assert rig.ended() == []

    rig.kill("e1")
    rig.until(rig.ended)
    assert rig.ended()[0].state == State.KILLED


def test_output_values_renders_texts_at_any_depth_and_leaves_the_rest(rig: Rig) -> None:
    values = {
        "s": "x{{ inputs.n }}",
        "l": ["1", "{{ inputs.n }}"],
        "m": {"{{ inputs.k }}": "{{ inputs.n + 1 }}"},
        "i": 1,
    }
    ended = run(rig, {"type": OUTPUT_VALUES, "values": values}, inputs={"n": 3, "k": "key"})

    assert ended.outputs == {"values": {"s": "x3", "l": ["1", "3"], "m": {"key": "4"}, "i": 1}}

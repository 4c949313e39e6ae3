"""The JSON that clients of Kestra's API know, key by key."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from runfold.documents.api_json import execution_json, log_json, metric_json, taskrun_json
from runfold.documents.instants import date_of_text, duration_text, instant_text, seconds_text
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Attempt, Execution, Label, Metric, TaskRun, Trigger
from runfold.execution.state import Entry, History, State

DOCUMENTED = """{
  "id": "5cBZ1JF8kim8fbFg13bumX",
  "executionId": "6s1egIkxu3gpzzILDnyxTn",
  "namespace": "io.kestra.tests",
  "flowId": "each-sequential-nested",
  "taskId": "1-1_return",
  "parentTaskRunId": "5ABxhOwhpd2X8DtwUPKERJ",
  "value": "s1",
  "attempts": [
    {
      "metrics": [
        {
          "name": "length",
          "tags": {
            "format": "{{task.id}} > {{taskrun.value}} ⬅ {{taskrun.startDate}}"
          },
          "value": 45.0,
          "type": "counter"
        },
        {
          "name": "duration",
          "tags": {
            "format": "{{task.id}} > {{taskrun.value}} ⬅ {{taskrun.startDate}}"
          },
          "type": "timer",
          "value": "PT0.007213673S"
        }
      ],
      "state": {
        "current": "SUCCESS",
        "histories": [
          {
            "state": "CREATED",
            "date": "2025-05-04T12:02:54.121836Z"
          },
          {
            "state": "RUNNING",
            "date": "2025-05-04T12:02:54.121841Z"
          },
          {
            "state": "SUCCESS",
            "date": "2025-05-04T12:02:54.131892Z"
          }
        ],
        "duration": "PT0.010056S",
        "endDate": "2025-05-04T12:02:54.131892Z",
        "startDate": "2025-05-04T12:02:54.121836Z"
      }
    }
  ],
  "outputs": {
    "value": "1-1_return > s1 ⬅ 2025-05-04T12:02:53.938333Z"
  },
  "state": {
    "current": "SUCCESS",
    "histories": [
      {
        "state": "CREATED",
        "date": "2025-05-04T12:02:53.938333Z"
      },
      {
        "state": "RUNNING",
        "date": "2025-05-04T12:02:54.116336Z"
      },
      {
        "state": "SUCCESS",
        "date": "2025-05-04T12:02:54.144135Z"
      }
    ],
    "duration": "PT0.205802S",
    "endDate": "2025-05-04T12:02:54.144135Z",
    "startDate": "2025-05-04T12:02:53.938333Z"
  }
}"""
"""The object example of the page "Task Runs"."""

RECORDED_KEYS = {
    "execution": "id namespace flowId flowRevision taskRunList inputs outputs labels state originalId deleted metadata",
    "taskrun": "id executionId namespace flowId taskId parentTaskRunId value attempts outputs state",
    "state": "current histories duration endDate startDate",
    "metadata": "attemptNumber originalCreatedDate",
}
"""The keys of recorded executions that have all of what may be left out."""


def history(*entries: tuple[str, str]) -> History:
    return tuple(Entry(State(state), date_of_text(date)) for state, date in entries)


def run(*states: State) -> History:
    start = datetime(2026, 11, 23, 19, 9, 36, 543_000, tzinfo=UTC)
    return tuple(Entry(state, start + timedelta(seconds=second)) for second, state in enumerate(states))


def taskrun(**fields) -> TaskRun:
    whole = {"histories": run(State.CREATED), "task_type": "T", "ordinal": 0} | fields
    return TaskRun("t", "e", "n", "f", 1, "task", **whole)


def test_the_documented_example_comes_out_character_by_character():
    tags = {"format": "{{task.id}} > {{taskrun.value}} ⬅ {{taskrun.startDate}}"}
    attempt = Attempt(
        history(
            ("CREATED", "2025-05-04T12:02:54.121836Z"),
            ("RUNNING", "2025-05-04T12:02:54.121841Z"),
            ("SUCCESS", "2025-05-04T12:02:54.131892Z"),
        ),
        worker_id="w",
        metrics=(Metric("length", "counter", 45.0, tags), Metric("duration", "timer", 0.007213673, tags)),
    )
    example = TaskRun(
        "5cBZ1JF8kim8fbFg13bumX",
        "6s1egIkxu3gpzzILDnyxTn",
        "io.kestra.tests",
        "each-sequential-nested",
        1,
        "1-1_return",
        "io.kestra.plugin.core.debug.Return",
        3,
        history(
            ("CREATED", "2025-05-04T12:02:53.938333Z"),
            ("RUNNING", "2025-05-04T12:02:54.116336Z"),
            ("SUCCESS", "2025-05-04T12:02:54.144135Z"),
        ),
        parent_taskrun_id="5ABxhOwhpd2X8DtwUPKERJ",
        value="s1",
        attempts=(attempt,),
        outputs={"value": "1-1_return > s1 ⬅ 2025-05-04T12:02:53.938333Z"},
    )
    assert json.dumps(taskrun_json(example), indent=2, ensure_ascii=False) == DOCUMENTED


def test_a_task_run_without_outputs_says_so_and_leaves_out_what_is_not_set():
    assert list(taskrun_json(taskrun())) == ["id", "executionId", "namespace", "flowId", "taskId", "outputs", "state"]
    assert taskrun_json(taskrun())["outputs"] is None
    assert taskrun_json(taskrun(outputs={"a": None}))["outputs"] == {"a": None}
    assert list(taskrun_json(taskrun(iteration=0)))[-1] == "iteration"


def test_a_lone_state_has_no_end_and_no_duration():
    assert taskrun_json(taskrun())["state"] == {
        "current": "CREATED",
        "histories": [{"state": "CREATED", "date": "2026-11-23T19:09:36.543Z"}],
        "duration": "PT0S",
        "startDate": "2026-11-23T19:09:36.543Z",
    }


@pytest.mark.parametrize(
    ("state", "has_end"), [(State.PAUSED, True), (State.FAILED, True), (State.RUNNING, False), (State.KILLING, False)]
)
def test_only_what_ended_or_is_paused_has_an_end_date(state: State, has_end: bool):
    assert ("endDate" in taskrun_json(taskrun(histories=run(State.CREATED, state)))["state"]) is has_end


def test_an_execution_has_the_keys_of_recorded_ones_in_their_order():
    histories = run(State.CREATED, State.RUNNING, State.SUCCESS)
    child = taskrun(histories=histories, parent_taskrun_id="p", value="1", attempts=(Attempt(histories),))
    execution = Execution(
        "e", "n", "f", 1, histories, inputs={"a": 1}, outputs={"b": 2}, labels=(Label("system.correlationId", "e"),)
    )
    found = execution_json(execution, [child])
    assert " ".join(found) == RECORDED_KEYS["execution"]
    assert " ".join(found["taskRunList"][0]) == RECORDED_KEYS["taskrun"]
    assert " ".join(found["state"]) == RECORDED_KEYS["state"]
    assert " ".join(found["metadata"]) == RECORDED_KEYS["metadata"]
    assert " ".join(found["taskRunList"][0]["attempts"][0]) == "state"
    assert found["metadata"] == {"attemptNumber": 1, "originalCreatedDate": "2026-11-23T19:09:36.543Z"}
    assert found["labels"] == [{"key": "system.correlationId", "value": "e"}]
    assert (found["originalId"], found["deleted"]) == ("e", False)


def test_what_an_execution_does_not_have_is_left_out():
    found = execution_json(Execution("e", "n", "f", 1, run(State.CREATED)), ())
    assert " ".join(found) == "id namespace flowId flowRevision state originalId deleted metadata"


def test_what_started_an_execution_and_what_it_was_replayed_from_are_told():
    execution = Execution(
        "e",
        "n",
        "f",
        1,
        run(State.CREATED),
        trigger=Trigger("s", "Subflow", {"executionId": "p"}),
        parent_id="before",
        original_id="first",
        schedule_date=datetime(2026, 1, 1, tzinfo=UTC),
    )
    found = execution_json(execution, ())
    assert found["trigger"] == {"id": "s", "type": "Subflow", "variables": {"executionId": "p"}}
    assert (found["parentId"], found["originalId"]) == ("before", "first")
    assert found["scheduleDate"] == "2026-01-01T00:00:00Z"


def test_log_lines_and_measurements_have_their_documented_keys():
    date = datetime(2026, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC)
    line = LogEntry("n", "f", "e", date, "INFO", "hello", task_id="t", taskrun_id="tr", attempt_number=0)
    assert log_json(line) == {
        "namespace": "n",
        "flowId": "f",
        "taskId": "t",
        "executionId": "e",
        "taskRunId": "tr",
        "attemptNumber": 0,
        "timestamp": "2026-01-01T00:00:00.120Z",
        "level": "INFO",
        "thread": "",
        "message": "hello",
    }
    measured = metric_json(MetricEntry("n", "f", "e", "t", "tr", "timer", "duration", 7.5, date, {"a": "b"}))
    assert (measured["type"], measured["value"], measured["tags"]) == ("timer", 7.5, {"a": "b"})


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(microseconds=205_802), "PT0.205802S"),
        (timedelta(milliseconds=410), "PT0.41S"),
        (timedelta(seconds=90), "PT1M30S"),
        (timedelta(minutes=1), "PT1M"),
        (timedelta(hours=25), "PT25H"),
        (timedelta(hours=1, seconds=0.5), "PT1H0.5S"),
        (timedelta(days=2, hours=1, minutes=3, seconds=4, microseconds=5), "PT49H3M4.000005S"),
        (timedelta(seconds=-1.5), "PT-1.5S"),
    ],
)
def test_durations_are_printed_as_java_does(duration: timedelta, text: str):
    assert duration_text(duration) == text


def test_timers_keep_their_nanoseconds():
    assert seconds_text(0.007213673) == "PT0.007213673S"
    assert seconds_text(61.5) == "PT1M1.5S"
    assert seconds_text(0) == "PT0S"


def test_dates_are_utc_with_as_many_digits_as_they_need():
    zone = timezone(timedelta(hours=2))
    assert instant_text(datetime(2026, 1, 1, 2, 0, tzinfo=zone)) == "2026-01-01T00:00:00Z"
    assert instant_text(datetime(2026, 1, 1, 2, 0, 0, 120_000, tzinfo=zone)) == "2026-01-01T00:00:00.120Z"
    assert instant_text(datetime(2026, 1, 1, 0, 0, 0, 123_450, tzinfo=UTC)) == "2026-01-01T00:00:00.123450Z"

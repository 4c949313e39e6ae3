"""What of a snapshot is searched, and as what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from runfold.documents.api_json import taskrun_json
from runfold.documents.leaves import leaves
from runfold.documents.model import COMPARED, FIELDS, KEYWORD_LENGTH_MAX, FieldType, Kind
from runfold.documents.project import (
    TEXT_SIZE_MAX_BYTES,
    Position,
    project_execution,
    project_log,
    project_metric,
    project_taskrun,
)
from runfold.documents.query import AnyOf, Holds, Is, Words, matches
from runfold.documents.source import snapshot_of, source_of
from runfold.documents.storable import newest, storable
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Attempt, Execution, Label, Metric, TaskRun, Trigger
from runfold.execution.state import Entry, State

START = datetime(2026, 11, 23, 19, 9, 36, 543_210, tzinfo=UTC)
ENDED = (
    Entry(State.CREATED, START),
    Entry(State.RUNNING, START + timedelta(milliseconds=20)),
    Entry(State.SUCCESS, START + timedelta(milliseconds=220)),
)

FULL = TaskRun(
    "tr",
    "ex",
    "company.team",
    "flow-a",
    7,
    "task-b",
    "core.Log",
    4,
    ENDED,
    seq=9,
    parent_taskrun_id="parent",
    value="s1",
    iteration=2,
    attempts=(
        Attempt(ENDED, "w1", (Metric("length", "counter", 45.0),), "first fault", inputs={"path": "first"}),
        Attempt(ENDED, "w2", (Metric("length", "counter", 46.0),), inputs={"path": "second", "deep": {"n": 1}}),
    ),
    outputs={"uri": "kestra:///x.ion", "list": [{"n": 1}, {"n": 2}], "ok": True, "none": None},
    labels=(Label("team", "blue"), Label("team", "red")),
    trigger_execution_id="started-by",
)


def test_every_field_of_the_table_is_projected_and_no_other():
    execution = Execution(
        "ex",
        "n",
        "f",
        1,
        ENDED,
        inputs={"a": 1},
        outputs={"b": 2},
        labels=FULL.labels,
        trigger=Trigger("t", "T", {"executionId": "up"}),
        parent_id="p",
    )
    line = LogEntry("n", "f", "ex", START, "INFO", "m", "t", "tr", 0, trigger_id="g")
    measured = MetricEntry("n", "f", "ex", "t", "tr", "counter", "c", 1.0, START, {"a": "b"})
    for document in (
        project_taskrun(FULL),
        project_execution(execution),
        project_log(line, Position(1, 2)),
        project_metric(measured, Position(1, 2)),
    ):
        assert set(document.body) == set(FIELDS[document.kind]) - COMPARED
        item, reason = storable(document)
        assert reason is None
        assert item is not None


def test_a_task_run_is_found_by_what_it_is():
    body = project_taskrun(FULL).body
    for wanted in (
        Is("state", ("SUCCESS",)),
        Is("durationMs", (220,)),
        Is("queueMs", (20,)),
        Is("runMs", (200,)),
        Is("attemptCount", (2,)),
        Is("workerId", ("w2",)),
        Is("error", ("first fault",)),
        Is("endDate", (ENDED[-1].date,)),
        Holds("labels", "team", "blue"),
        Holds("labels", "team", "red"),
        Holds("outputs", "list.n", "2"),
        Holds("outputs", "ok", "true"),
        Holds("inputs", "path", "second"),
        Holds("inputs", "deep.n", "1"),
        Holds("metrics", "length", "46.0"),
        Words("company task-b ion blue fault ex"),
    ):
        assert matches(wanted, body), wanted
    assert not matches(AnyOf((Holds("outputs", "none"), Words("nothing"))), body)


def test_the_answer_of_the_api_is_made_of_the_snapshot_that_the_document_keeps():
    document = project_taskrun(FULL)
    assert document.body["snapshot"] is FULL
    assert source_of(document) == taskrun_json(FULL)


def test_of_a_document_whose_json_could_not_be_kept_what_its_single_values_tell_is_answered():
    document = project_taskrun(FULL)
    bare = replace(document, body={name: value for name, value in document.body.items() if name != "snapshot"})
    answer, whole = source_of(bare), source_of(document)
    assert answer["state"].pop("histories") == []
    assert answer["state"].pop("duration") == "PT0S"
    told = {name: whole[name] for name in answer if name not in ("state", "flowRevision")}
    told["state"] = {name: whole["state"][name] for name in answer["state"]}
    assert answer == told | {"flowRevision": FULL.flow_revision}


def test_what_another_version_stored_and_this_one_can_not_read_is_no_snapshot():
    written = msgspec.json.encode(FULL)
    assert snapshot_of(written) == snapshot_of(msgspec.json.decode(written)) == FULL
    assert snapshot_of(b'{"id": 5}') is snapshot_of({"id": 5}) is None


def test_a_task_run_that_runs_has_no_end_and_no_duration():
    body = project_taskrun(msgspec.structs.replace(FULL, histories=ENDED[:2])).body
    assert {"endDate", "durationMs", "runMs"}.isdisjoint(body)
    assert body["runningDate"] == ENDED[1].date


def test_version_and_month_come_from_the_record_alone():
    document = project_taskrun(FULL)
    assert (document.kind, document.id, document.version, document.created) == (Kind.TASKRUNS, "tr", 9, START)
    again = project_log(LogEntry("n", "f", "ex", START, "warn", "m"), Position(3, 99))
    assert (again.id, again.version, again.body["levelNumber"]) == ("logs-3-99", 1, 3)


def test_text_and_keywords_have_a_largest_size_and_the_snapshot_has_all():
    long = "wörd " * 10_000
    document = project_taskrun(msgspec.structs.replace(FULL, outputs={"a": long}, value=long, error=long))
    assert len(document.body["text"].encode()) <= TEXT_SIZE_MAX_BYTES
    assert len(document.body["error"]) == len(document.body["value"]) == KEYWORD_LENGTH_MAX
    assert source_of(document)["outputs"] == {"a": long}
    assert source_of(document)["value"] == long


def test_leaves_are_what_every_index_can_hold():
    deep: object = "x"
    for _ in range(30):
        deep = {"d": deep}
    carrier = {
        "a": {"b": [1, [True, None]], "": 2},
        "": {"c": 3},
        "long": "v" * 5000,
        "k" * 600: 1,
        "n\0": 1,
        "deep": deep,
    }
    assert leaves(carrier) == {"a.b": ["1", "true"], "a.": ["2"], "c": ["3"]}


def test_of_documents_put_together_the_newest_is_left():
    one, two = project_taskrun(FULL), project_taskrun(msgspec.structs.replace(FULL, seq=3))
    assert newest([one, two]) == newest([two, one]) == [one]


def test_fields_are_of_a_type_that_can_be_indexed():
    for kind, fields in FIELDS.items():
        assert fields["id"] is FieldType.KEYWORD
        assert fields["snapshot" if kind is Kind.TASKRUNS else "source"] is FieldType.STORED

"""Filters beyond the basic ones, and whole queries as people write them: both indexes answer as plain Python does."""

import random
import sqlite3
import string
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.checks import FILTER_DEPTH_MAX
from runfold.documents.grammar import DEPTH_MAX, read_query
from runfold.documents.model import Document, Kind
from runfold.documents.project import project_taskrun
from runfold.documents.query import All, AnyOf, Filter, Not, Query, StartsWith, Words, matches
from runfold.errors import BadRequest
from runfold.execution.model import Attempt, Label, Metric, TaskRun
from runfold.execution.state import Entry, State
from runfold.ports import Index

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
STARTS = (
    "",
    "a",
    "A",
    "ab",
    "abc",
    "ab*",
    "a\ud7ff",
    "a\ue000",
    "a\U0010ffff",
    "\U0010ffff",
    "日",
    "日本",
    '"',
    "%",
    "_",
)
ERRORS = ("Connection timed out after 30 s", "timed", "HTTP 500: out of service", "", "größer", "in time")


def found_by(index: Index, wanted: Filter) -> list[str]:
    return sorted(document.id for document in index.search(Query(Kind.TASKRUNS, wanted, size=1000)).documents)


def fitting(documents: Sequence[Document], wanted: Filter) -> list[str]:
    return sorted(document.id for document in documents if matches(wanted, document.body))


def documents_with(**columns: Sequence[Any]) -> list[Document]:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [
        Document(Kind.TASKRUNS, f"t{number}", 1, NOW, {"id": f"t{number}", **row}) for number, row in enumerate(rows)
    ]


def test_a_beginning_is_told_character_by_character(index: Index):
    values = (*STARTS, *(start + "x" for start in STARTS), *(start + "\U0010ffff" for start in STARTS))
    documents = [*documents_with(flowId=values), Document(Kind.TASKRUNS, "none", 1, NOW, {"id": "none"})]
    assert index.put(documents) == {}
    index.refresh()
    for start in STARTS:
        for wanted in (StartsWith("flowId", start), Not(StartsWith("flowId", start))):
            assert found_by(index, wanted) == fitting(documents, wanted), wanted


def test_words_of_an_error_are_told_from_those_of_the_whole_text(index: Index):
    documents = documents_with(errorText=ERRORS, text=[f"other {error[:5]} words" for error in ERRORS])
    documents.append(Document(Kind.TASKRUNS, "none", 1, NOW, {"id": "none", "text": "timed out errortext"}))
    index.put(documents)
    index.refresh()
    for text in ("timed out", "OUT tim", "other", "größ", "500", "errortext", "conn", "", "!!"):
        for wanted in (Words(text, "errorText"), Not(Words(text, "errorText")), Words(text)):
            assert found_by(index, wanted) == fitting(documents, wanted), wanted


@pytest.mark.parametrize("wrong", [Words("a", "error"), Words("a", "nothing"), StartsWith("outputs", "a")])
def test_a_field_without_words_or_beginnings_is_refused(index: Index, wrong: Filter):
    with pytest.raises(BadRequest):
        index.search(Query(Kind.TASKRUNS, wrong))


def test_the_deepest_filter_that_is_let_through_is_answered(index: Index):
    documents = documents_with(flowId=("a", "b"))
    index.put(documents)
    index.refresh()
    wanted: Filter = StartsWith("flowId", "a")
    for level in range(FILTER_DEPTH_MAX):
        wanted = All((wanted,)) if level % 3 else AnyOf((wanted, StartsWith("flowId", "zz")))
    assert index.search(Query(Kind.TASKRUNS, wanted, size=1)).total == 1
    assert found_by(index, wanted) == fitting(documents, wanted) != []


QUERIES = (
    "state:FAILED",
    "-state:FAILED,WARNING",
    "namespace:company.*",
    "namespace:company",
    "namespace:comp* -namespace:company.team",
    "task:t* attempts:>1",
    "attempts:0..1 OR duration:>2s",
    "duration:<=1s",
    "-duration:*",
    "queue:10ms..10m",
    "start:>-2h",
    "start:today OR end:<yesterday",
    "date:>=now-1h",
    "in-state:>90m",
    'error:"timed out"',
    "error:*",
    "-error:* state:SUCCESS",
    "label:env=dev",
    "label:env=dev,prod -label:team",
    "-label:*",
    "output.code=7",
    "output:nested.list=b",
    "metric:rows=3",
    "metric:rows=3.0,4",
    'value:"a b" OR value:v*',
    "iteration:>=2 parent:*",
    "worker:w1,w2",
    "fingerprint:* type:core.*",
    "timed OR code",
    "(a OR company) -(state:RUNNING OR -label:env)",
    "-(a OR b " * (DEPTH_MAX // 2) + "state:FAILED" + ")" * (DEPTH_MAX // 2),
)


def test_queries_as_people_write_them_find_what_plain_python_finds(index: Index):
    dice = random.Random(11)
    documents = [project_taskrun(some_taskrun(dice, number)) for number in range(150)]
    assert index.put(documents) == {}
    index.refresh()
    for text in QUERIES:
        wanted = read_query(text, Kind.TASKRUNS, NOW)
        expected = fitting(documents, wanted)
        assert expected or text.startswith("-("), f"{text} finds nothing to compare"
        assert found_by(index, wanted) == expected, text


def some_taskrun(dice: random.Random, number: int, **given: Any) -> TaskRun:
    dates = sorted(NOW - timedelta(milliseconds=dice.randrange(1, 10 ** dice.randrange(2, 9))) for _ in range(3))
    states = dice.choice(
        (
            (State.CREATED,),
            (State.CREATED, State.RUNNING),
            (State.CREATED, State.RUNNING, State.SUCCESS),
            (State.CREATED, State.RUNNING, State.FAILED),
            (State.CREATED, State.RUNNING, State.WARNING),
        )
    )
    history = tuple(Entry(state, date) for state, date in zip(states, dates, strict=False))
    measured = (Metric("rows", "counter", float(dice.randrange(5))),) if dice.random() < 0.5 else ()
    fields: dict[str, Any] = {
        "attempts": tuple(Attempt(history, dice.choice(("w1", "w2", "w3")), measured) for _ in range(dice.randrange(4)))
    }
    fields |= {
        "namespace": dice.choice(("company", "company.team", "company.team.a", "companion", "other")),
        "task_type": dice.choice(("core.Log", "core.flow.If", "script.Shell")),
        "labels": tuple(Label(*pair) for pair in dice.sample([("env", "dev"), ("env", "prod"), ("team", "a b")], 1)),
        "outputs": dice.choice((None, {"code": dice.randrange(9), "nested": {"list": ["a", "b"]}})),
        "value": dice.choice((None, "a b", "v1", "v2")),
        "iteration": dice.choice((None, 0, 2, 3)),
        "parent_taskrun_id": dice.choice((None, "p1")),
        "error": dice.choice((*ERRORS, None)) if states[-1] is State.FAILED else None,
    }
    if dice.random() < 0.3:
        fields["labels"] = ()
    return TaskRun(
        id=f"t{number}",
        execution_id=f"e{number // 10}",
        flow_id=f"f{number % 3}",
        flow_revision=1,
        task_id=f"t{number % 7}",
        ordinal=number,
        histories=history,
        seq=1,
        **{**fields, **given},
    )


def test_an_embedded_index_of_an_older_version_gets_the_fields_that_are_new(tmp_path: Path):
    path = tmp_path / "index.sqlite"
    first = SqliteIndex(path)
    first.put(documents_with(flowId=("a",)))
    first.close()
    with closing(sqlite3.connect(path)) as connection:
        newer = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%slowdown%'"
        for (name,) in connection.execute(newer).fetchall():
            connection.execute(f"DROP INDEX {name}")
        connection.execute("ALTER TABLE taskruns DROP COLUMN slowdown")
        connection.commit()
    second = SqliteIndex(path)
    second.put([Document(Kind.TASKRUNS, "new", 1, NOW, {"id": "new", "slowdown": 3.0})])
    assert found_by(second, read_query("slowdown:>2", Kind.TASKRUNS, NOW)) == ["new"]
    assert found_by(second, read_query("flow:a", Kind.TASKRUNS, NOW)) == ["t0"]
    second.close()


FUZZED = 1000
DEPTH_OF_FUZZ = 25


@pytest.mark.elasticsearch
def test_whatever_users_put_into_their_maps_no_field_is_added_and_no_task_run_refused(
    elastic: ElasticIndex, server: Elasticsearch
):
    dice = random.Random(12)
    elastic.put([project_taskrun(some_taskrun(dice, 0))])
    alias = elastic.names.alias(Kind.TASKRUNS)
    before = {repr(each["mappings"]) for each in server.indices.get_mapping(index=alias).body.values()}
    documents = [
        project_taskrun(
            some_taskrun(
                dice,
                number,
                outputs=some_map(dice),
                labels=tuple(Label(some_text(dice), some_text(dice)) for _ in range(dice.randrange(4))),
                attempts=(
                    Attempt(
                        (Entry(State.RUNNING, NOW),), "w", tuple(some_metric(dice) for _ in range(dice.randrange(4)))
                    ),
                ),
                error=some_text(dice) * dice.randrange(50),
            )
        )
        for number in range(1, FUZZED + 1)
    ]
    assert elastic.put(documents) == {}
    elastic.refresh()
    after = {repr(each["mappings"]) for each in server.indices.get_mapping(index=alias).body.values()}
    assert after == before
    assert elastic.search(Query(Kind.TASKRUNS)).total == FUZZED + 1


def some_metric(dice: random.Random) -> Metric:
    return Metric(some_text(dice), "counter", dice.choice((0.0, -1.5, 1e300, float(dice.randrange(10**6)))))


def some_map(dice: random.Random) -> dict[str, Any]:
    value: Any = some_value(dice, 3)
    for _ in range(dice.choice((0, 1, 5, DEPTH_OF_FUZZ))):
        value = {some_text(dice): value} if dice.random() < 0.7 else [value]
    return {some_text(dice): value, **{some_text(dice): some_value(dice, 2) for _ in range(dice.randrange(4))}}


def some_value(dice: random.Random, depth: int) -> Any:
    if depth and dice.random() < 0.5:
        items = [some_value(dice, depth - 1) for _ in range(dice.randrange(4))]
        return items if dice.random() < 0.5 else {some_text(dice): item for item in items}
    return dice.choice(
        (None, True, 7, -1.5, 2**70, 1e-300, "2024-12-05", some_text(dice), "long" * dice.choice((1, 1, 3000)))
    )


def some_text(dice: random.Random) -> str:
    alphabet = string.printable + "äß日\U0001f600\u200b\0"
    size = dice.choice((0, 1, 3, 10, 60, 600))
    return dice.choice(("a", "a.b", ".", "_id", "$ref", "*", "".join(dice.choices(alphabet, k=size))))

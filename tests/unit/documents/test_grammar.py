"""The language of queries: each form means what it says, is printed as itself, and what is none is refused with its column."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runfold.documents.checks import check_query
from runfold.documents.grammar import CLAUSES_MAX, DEPTH_MAX, PARTS_MAX, QUERY_LENGTH_MAX, parse, read_query
from runfold.documents.grammar.fields import BY_NAME, QUERY_FIELDS, ValueType
from runfold.documents.grammar.print import chips, text_of
from runfold.documents.grammar.terms import VALUES_MAX
from runfold.documents.grammar.tree import Both, Either, Op, Term, Value, Without
from runfold.documents.model import FIELDS, Kind
from runfold.documents.query import (
    All,
    AnyOf,
    Between,
    Exists,
    Holds,
    Is,
    Not,
    Query,
    StartsWith,
    Under,
    Words,
    matches,
)
from runfold.errors import QueryInvalid

NOW = datetime(2024, 12, 5, 10, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)
KINDS = tuple(QUERY_FIELDS)


def date(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


MEANINGS = {
    "state:FAILED": Is("state", ("FAILED",)),
    "State:failed,warning": Is("state", ("FAILED", "WARNING")),
    "-state:FAILED": Not(Is("state", ("FAILED",))),
    "NOT state:FAILED": Not(Is("state", ("FAILED",))),
    "namespace:company.team": Is("namespace", ("company.team",)),
    "namespace:company.*": Under("namespace", "company"),
    "namespace:comp*": StartsWith("namespace", "comp"),
    "namespace:a,b.*": AnyOf((Is("namespace", ("a",)), Under("namespace", "b"))),
    "flow:load-*,orders": AnyOf((Is("flowId", ("orders",)), StartsWith("flowId", "load-"))),
    'flow:"load-*"': Is("flowId", ("load-*",)),
    "flowId:a": Is("flowId", ("a",)),
    "attempts:2": Is("attemptCount", (2,)),
    "attempts:>1": Between("attemptCount", low=2),
    "attempts:>=1": Between("attemptCount", low=1),
    "attempts:<3": Between("attemptCount", high=2),
    "attempts:<=3": Between("attemptCount", high=3),
    "attempts:2..4": Between("attemptCount", 2, 4),
    "attempts:2..": Between("attemptCount", low=2),
    "attempts:..4": Between("attemptCount", high=4),
    "attempts:1,3": AnyOf((Is("attemptCount", (1,)), Is("attemptCount", (3,)))),
    "duration:>10s": Between("durationMs", low=10_001),
    "duration:>=1m30s": Between("durationMs", low=90_000),
    "duration:<PT5S": Between("durationMs", high=4_999),
    "duration:250ms": Is("durationMs", (250,)),
    "run:1.5s..2h": Between("runMs", 1_500, 7_200_000),
    "queue:>0.5ms": Between("queueMs", low=1),
    "queue:<0.5ms": Between("queueMs", high=0),
    "slowdown:>=2.5": Between("slowdown", low=2.5),
    "start:2024-12-05": Between("startDate", date(2024, 12, 5), date(2024, 12, 6) - TICK),
    "start:>2024-12-05": Between("startDate", low=date(2024, 12, 6)),
    "start:>=2024-12": Between("startDate", low=date(2024, 12, 1)),
    "start:<=2024": Between("startDate", high=date(2025, 1, 1) - TICK),
    "start:<2024-12-05T10:11:12.5Z": Between("startDate", high=date(2024, 12, 5, 10, 11, 12, 500_000) - TICK),
    "start:>=2024-12-05T10:11+02:00": Between("startDate", low=date(2024, 12, 5, 8, 11)),
    'start:>="2024-12-05 10:11"': Between("startDate", low=date(2024, 12, 5, 10, 11)),
    "start:>-24h": Between("startDate", low=NOW - timedelta(hours=24) + TICK),
    "start:>=now-1d12h": Between("startDate", low=NOW - timedelta(hours=36)),
    "start:>=-P7D": Between("startDate", low=NOW - timedelta(days=7)),
    "start:-24h": Between("startDate", NOW - timedelta(hours=24), NOW),
    "end:today": Between("endDate", date(2024, 12, 5), date(2024, 12, 6) - TICK),
    "end:>=yesterday": Between("endDate", low=date(2024, 12, 4)),
    "end:<=now": Between("endDate", high=NOW),
    "end:2024-12-01..2024-12-02": Between("endDate", date(2024, 12, 1), date(2024, 12, 3) - TICK),
    "date:>=today": AnyOf((Between("startDate", low=date(2024, 12, 5)), Between("endDate", low=date(2024, 12, 5)))),
    "in-state:>10m": Between("stateSince", high=NOW - timedelta(minutes=10) - TICK),
    "in-state:<=1h": Between("stateSince", low=NOW - timedelta(hours=1)),
    "in-state:5m..1h": Between("stateSince", NOW - timedelta(hours=1), NOW - timedelta(minutes=5)),
    "overdue:yes": Between("overdueAt", high=NOW - TICK),
    "overdue:no": Not(Between("overdueAt", high=NOW - TICK)),
    "label:env": Holds("labels", "env"),
    "label:env=dev": Holds("labels", "env", "dev"),
    "label:env=*": Holds("labels", "env"),
    "label:env=dev,prod": AnyOf((Holds("labels", "env", "dev"), Holds("labels", "env", "prod"))),
    'label:"my key"="a, b"': Holds("labels", "my key", "a, b"),
    'label:env=""': Holds("labels", "env", ""),
    "label:*": Exists("labels"),
    "output.a.b=1": Holds("outputs", "a.b", "1"),
    "output:a.b=x=y": Holds("outputs", "a.b", "x=y"),
    "metric:rows=100": Holds("metrics", "rows", "100.0"),
    "metric:rows": Holds("metrics", "rows"),
    'error:"timed out"': Words("timed out", "errorText"),
    "error:*": Exists("error"),
    "-parent:*": Not(Exists("parentTaskRunId")),
    "orders": Words("orders"),
    "ord*": Words("ord"),
    '"state:FAILED"': Words("state:FAILED"),
    "or": Words("or"),
    '"OR"': Words("OR"),
    "a b": All((Words("a"), Words("b"))),
    "a AND b": All((Words("a"), Words("b"))),
    "a OR b c": AnyOf((Words("a"), All((Words("b"), Words("c"))))),
    "(a OR b) c": All((AnyOf((Words("a"), Words("b"))), Words("c"))),
    "-(a b)": Not(All((Words("a"), Words("b")))),
    "--a": Not(Not(Words("a"))),
    "": All(),
    "  ": All(),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), MEANINGS.items())
def test_each_form_means_what_the_guide_says(text, wanted):
    assert read_query(text, Kind.TASKRUNS, NOW) == wanted


def test_logs_are_compared_by_how_grave_they_are():
    assert read_query("level:>=WARN", Kind.LOGS, NOW) == Between("levelNumber", low=3)
    assert read_query("level:info", Kind.LOGS, NOW) == Is("level", ("INFO",))
    assert read_query("level:INFO..WARN", Kind.LOGS, NOW) == Between("levelNumber", 2, 3)


def test_executions_are_found_by_their_inputs():
    assert read_query("input:order.id=17", Kind.EXECUTIONS, NOW) == Holds("inputs", "order.id", "17")


REFUSED = {
    "stat:FAILED": (1, "unknown field 'stat': did you mean state?"),
    "a http://x": (3, "goes in quotes"),
    "state:FAILED,FALED": (14, "did you mean FAILED?"),
    "state:nothing": (7, "it is one of CREATED"),
    "state:": (7, "a value must follow"),
    "state:>FAILED": (7, "no greater"),
    "flow:*x": (6, "only at the end"),
    "flow:a*b": (7, "only at the end"),
    "*x": (1, "only at the end"),
    "flow:a,,b": (8, "beside this comma"),
    "attempts:many": (10, "no whole number"),
    "attempts:1.5": (10, "no whole number"),
    'attempts:""': (10, "no whole number"),
    "attempts:>": (11, "missing after the sign"),
    "attempts:..": (10, "a range needs an end"),
    "attempts:5..1": (10, "exchange"),
    "slowdown:nan": (10, "no number"),
    "duration:10": (10, "no duration"),
    "duration>10s": (1, "write duration:>10s"),
    "state=FAILED": (1, "write state:FAILED"),
    "start:2024-13-01": (7, "no date"),
    "start:>-999999999999w": (8, "no date"),
    "start:0001-01-01T00:00+05:00": (7, "no date"),
    "in-state:10m": (10, "say how"),
    "overdue:maybe": (9, "yes or no"),
    "label:=x": (7, "key is missing"),
    "label:env=": (11, "value is missing"),
    "label:env=a*": (11, "compared whole"),
    "label:env>5": (7, "compared as text"),
    "label:" + "k" * 501: (1, "too long"),
    "!!": (1, "no letter or digit"),
    "(a": (1, "never closed"),
    "a)": (2, "closes nothing"),
    "()": (2, "missing before"),
    "a OR": (3, "missing after OR"),
    "OR a": (1, "between two parts"),
    "NOT": (1, "missing after NOT"),
    "- a": (1, "directly before"),
    'a "b': (3, "never closed"),
    "-(" * (DEPTH_MAX + 1) + "a" + ")" * (DEPTH_MAX + 1): (DEPTH_MAX + 2, "flatter"),
    " ".join(["a"] * (CLAUSES_MAX + 1)): (2 * CLAUSES_MAX + 1, "leave some out"),
    "flow:" + ",".join(["a"] * (VALUES_MAX + 1)): (6 + 2 * VALUES_MAX, "leave some out"),
    '"' + "a " * (PARTS_MAX + 1) + '"': (1, "values and words"),
    "a" * (QUERY_LENGTH_MAX + 1): (QUERY_LENGTH_MAX + 1, "shorter"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.items(), ids=lambda each: str(each)[:30])
def test_what_cannot_be_read_is_refused_with_its_column_and_what_to_do(text, told):
    column, message = told
    with pytest.raises(QueryInvalid) as refused:
        read_query(text, Kind.TASKRUNS, NOW)
    assert message in str(refused.value)
    assert refused.value.column == column


ALPHABET = st.sampled_from(
    [*'ab1*.,:=<>()-"\\ \n~é日\0', "state", "label", "OR ", "NOT ", "start:", "..", "attempts:", "-1h"]
)


@given(st.lists(ALPHABET, max_size=40).map("".join), st.sampled_from(KINDS))
def test_any_text_is_read_or_refused_inside_of_it(text, kind):
    column = _refused_at(text, kind)
    assert column is None or 1 <= column <= len(text) + 1


def _refused_at(text, kind) -> int | None:
    try:
        wanted = read_query(text, kind, NOW)
    except QueryInvalid as refused:
        return refused.column
    check_query(Query(kind, wanted))
    matches(wanted, {})
    return None


@pytest.mark.parametrize(
    "text",
    [
        "-(a OR b " * (DEPTH_MAX // 2) + "date:today" + ")" * (DEPTH_MAX // 2),
        " OR ".join(["date:" + ",".join(["2024"] * 3)] * CLAUSES_MAX),
        "flow:" + ",".join(["a*"] * VALUES_MAX) + " task:" + ",".join(["b*", "c"] * (VALUES_MAX // 2)),
        '"' + "a " * PARTS_MAX + '"',
    ],
    ids=["deep", "many", "long lists", "many words"],
)
def test_the_largest_queries_that_are_read_can_be_asked(text):
    assert _refused_at(text, Kind.TASKRUNS) is None


@given(st.text(max_size=60))
def test_whatever_people_write_is_found_as_it_is_when_it_stands_in_quotes(text):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert read_query(f"value:{quoted}", Kind.TASKRUNS, NOW) == Is("value", (text,))
    assert parse(f"label:{quoted}=x", Kind.TASKRUNS) == Term("label", Op.IS, (Value("x"),), text) if text else True


TEXTS = st.text(min_size=1, max_size=12)


@st.composite
def terms(draw, kind):
    found = draw(st.sampled_from(QUERY_FIELDS[kind]))
    op = draw(st.sampled_from(found.operators))
    if found.type is ValueType.MAP:
        key = draw(st.none() | TEXTS) if op is Op.HAS else draw(TEXTS)
        values = () if op is Op.HAS else tuple(map(Value, draw(st.lists(st.text(max_size=9), min_size=1, max_size=3))))
        return Term(found.name, op, values, key)
    if op is Op.HAS:
        return Term(found.name, op)
    if op is Op.RANGE:
        low, high = draw(st.tuples(st.text(max_size=9), st.text(max_size=9)).filter(any))
        return Term(found.name, op, (Value(low), Value(high)))
    if op is not Op.IS:
        return Term(found.name, op, (Value(draw(TEXTS)),))
    starred = st.booleans() if found.type in {ValueType.NAME, ValueType.PATH} else st.just(value=False)
    text = TEXTS.map(lambda each: each + "a") if found.type is ValueType.WORDS else TEXTS
    return Term(found.name, op, tuple(draw(st.lists(st.builds(Value, text, starred), min_size=1, max_size=3))))


def expressions(kind):
    def grown(inner):
        two = st.lists(inner, min_size=2, max_size=3)
        return (
            two.map(lambda parts: Both(tuple(part for part in parts if not isinstance(part, Both))))
            | two.map(lambda parts: Either(tuple(part for part in parts if not isinstance(part, Either))))
            | inner.map(Without)
        )

    return st.recursive(terms(kind), grown, max_leaves=8).filter(_is_normal)


def _is_normal(expression) -> bool:
    if isinstance(expression, Term):
        return True
    parts = (expression.part,) if isinstance(expression, Without) else expression.parts
    return (isinstance(expression, Without) or len(parts) > 1) and all(map(_is_normal, parts))


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), expressions(kind))))
def test_what_is_printed_is_read_as_the_same_again(drawn):
    kind, expression = drawn
    text = text_of(expression, kind)
    assert parse(text, kind) == expression, text
    assert text_of(parse(text, kind), kind) == text


@pytest.mark.parametrize("text", [text for text in MEANINGS if text.strip()])
def test_the_printed_form_means_the_same(text):
    printed = text_of(parse(text, Kind.TASKRUNS), Kind.TASKRUNS)
    assert read_query(printed, Kind.TASKRUNS, NOW) == MEANINGS[text]


def test_a_chip_tells_its_part_of_the_text():
    text = 'state:FAILED -label:env=dev (attempts:>1 OR "x y") start:>-24h'
    found = chips(parse(text, Kind.TASKRUNS), text, Kind.TASKRUNS)
    assert [(each["field"], each["op"], each["value"], each["negated"]) for each in found] == [
        ("state", ":", "FAILED", False),
        ("label", ":", "env=dev", True),
        ("", "group", 'attempts:>1 OR "x y"', False),
        ("start", ":>", "-24h", False),
    ]
    assert " ".join(each["text"] for each in found) == text


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), expressions(kind))))
def test_without_a_chips_text_the_rest_of_the_query_is_left(drawn):
    kind, expression = drawn
    text = text_of(expression, kind)
    found = chips(expression := parse(text, kind), text, kind)
    rest = text[: found[0]["start"]] + text[found[0]["end"] :]
    expected = chips(parse(rest, kind), rest, kind)
    assert [each["text"] for each in expected] == [each["text"] for each in found[1:]]


def test_every_field_reads_what_documents_have_and_its_examples_can_be_read():
    for kind, fields in QUERY_FIELDS.items():
        names = [name.lower() for each in fields for name in (each.name, *each.aliases)]
        assert len(names) == len(set(names)) == len(BY_NAME[kind])
        for each in fields:
            for stored in (*each.stored, *filter(None, (each.ranks, each.presence))):
                assert stored in FIELDS[kind], each
            for example in each.examples:
                term = parse(example, kind)
                assert each.name in example or each.type is ValueType.WORDS
                check_query(Query(kind, read_query(text_of(term, kind), kind, NOW)))

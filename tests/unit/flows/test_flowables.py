"""What each flowable answers: its entry, its lanes, its children, and which forms are refused."""

from collections.abc import Mapping

import pytest
from tests.unit.flows.flow_types import FLOW, LOG, log, task, texts

from runfold.errors import ExpressionFailed
from runfold.flows.flowable import FLOWABLES
from runfold.flows.task import FlowableTask, Lanes

A, B, OFF = log("a"), log("b"), log("off", ", disabled: true")


def flowable(kind: str, more: str) -> FlowableTask:
    found = task(f"{{id: x, type: {FLOW}.{kind}, {more}}}")
    assert isinstance(found, FlowableTask)
    return found


def shape(lanes: Lanes | None) -> list[tuple[list[str], str | None, tuple[str, ...]]]:
    assert lanes is not None
    return [
        ([step.id for step in lanes.steps(lane)], lanes.value(lane), lanes.needs(lane)) for lane in range(lanes.count)
    ]


def given(values: Mapping[object, object]):
    """An evaluation that knows some templates; all else is what it is."""
    return lambda template: values.get(template, template) if isinstance(template, str) else template


def test_sequential_is_one_lane_without_what_is_disabled():
    lanes = flowable("Sequential", f"tasks: [{A}, {OFF}, {B}]").lanes(None, None)
    assert shape(lanes) == [(["a", "b"], None, ())]


def test_an_empty_sequential_has_no_lane():
    assert shape(flowable("Sequential", "tasks: []").lanes(None, None)) == []
    assert shape(flowable("Sequential", f"tasks: [{OFF}]").lanes(None, None)) == []


def test_allow_failure_is_a_sequential_that_ends_with_a_warning():
    found = flowable("AllowFailure", f"tasks: [{A}], errors: [{B}]")
    assert found.ENDS_WITH_WARNING
    assert not flowable("Sequential", f"tasks: [{A}]").ENDS_WITH_WARNING
    assert {path: [child.id for child in tasks] for path, tasks in found.children().items()} == {
        "tasks": ["a"],
        "errors": ["b"],
    }


def test_parallel_has_a_lane_for_each_task_and_a_limit():
    lanes = flowable("Parallel", f"tasks: [{A}, {OFF}, {B}], concurrent: 2").lanes(None, None)
    assert shape(lanes) == [(["a"], None, ()), (["b"], None, ())]
    assert lanes is not None
    assert lanes.concurrent == 2


@pytest.mark.parametrize(
    ("rendered", "branch"),
    [
        ("true", "a"),
        (True, "a"),
        (" ", "a"),
        ("null", "a"),
        ("0.0", "a"),
        ([], "a"),
        ("", "b"),
        ("false", "b"),
        (False, "b"),
        (0, "b"),
        ("-0", "b"),
        (None, "b"),
    ],
)
def test_if_decides_once_by_the_truth_of_its_condition(rendered, branch):
    found = flowable("If", f"condition: c, then: [{A}], else: [{B}]")
    entry = found.enter(given({"c": rendered}))
    assert entry.outputs == {"evaluationResult": branch == "a"}
    assert shape(found.lanes(entry.outputs, None)) == [([branch], None, ())]
    assert list(found.children()) == ["then", "else"]


def test_if_without_else_has_nothing_to_do_when_false():
    found = flowable("If", f"condition: c, then: [{A}]")
    assert shape(found.lanes({"evaluationResult": False}, None)) == []


def test_switch_takes_the_case_that_equals_the_text_of_its_value():
    found = flowable("Switch", f"value: v, cases: {{1: [{A}], a.b: [{B}]}}")
    entry = found.enter(given({"v": 1}))
    assert entry.outputs == {"value": "1", "defaults": False}
    assert shape(found.lanes(entry.outputs, None)) == [(["a"], None, ())]
    assert list(found.children()) == ["cases.1", "cases.a.b"]


def test_switch_without_a_matching_case_takes_the_defaults_or_has_no_branch():
    found = flowable("Switch", f"value: v, cases: {{x: [{A}]}}, defaults: [{B}]")
    entry = found.enter(given({}))
    assert entry.outputs == {"value": "v", "defaults": True}
    assert shape(found.lanes(entry.outputs, None)) == [(["b"], None, ())]
    assert flowable("Switch", f"value: v, cases: {{x: [{A}]}}").lanes({"value": "v"}, None) is None


def test_for_each_has_a_lane_for_each_value_one_at_a_time_unless_told():
    found = flowable("ForEach", f"values: ['x', 'y'], tasks: [{A}, {OFF}, {B}]")
    entry = found.enter(given({}))
    lanes = found.lanes(entry.outputs, entry.values)
    assert shape(lanes) == [(["a", "b"], "x", ()), (["a", "b"], "y", ())]
    assert lanes is not None
    assert lanes.concurrent == 1
    unlimited = flowable("ForEach", f"values: [x], tasks: [{A}], concurrencyLimit: 0").lanes(None, ("x",))
    assert unlimited is not None
    assert unlimited.concurrent == 0


def test_each_sequential_and_each_parallel_order_values_before_tasks():
    one = flowable("EachSequential", f"value: '[1, 2]', tasks: [{A}, {B}]")
    assert one.enter(given({})).values == ("1", "2")
    lanes = one.lanes(None, ("1", "2"))
    assert shape(lanes) == [(["a", "b"], "1", ()), (["a", "b"], "2", ())]
    assert lanes is not None
    assert lanes.concurrent == 1
    both = flowable("EachParallel", f"value: '[1, 2]', tasks: [{A}, {B}], concurrent: 3").lanes(None, ("1", "2"))
    assert shape(both) == [(["a"], "1", ()), (["b"], "1", ()), (["a"], "2", ()), (["b"], "2", ())]
    assert both is not None
    assert both.concurrent == 3


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("""'["a", 1, 1.5, true, {"k": "v", "n": [1]}]'""", ("a", "1", "1.5", "true", '{"k":"v","n":[1]}')),
        ("'{{ list }}'", ("p", "q")),
        ("['{{ one }}', 2, {k: v}]", ("first", "2", '{"k":"v"}')),
        ("[a, b, a]", ("a", "b")),
        ("[1, '1']", ("1",)),
        ("[]", ()),
        ("'[]'", ()),
    ],
)
def test_values_of_loops_become_distinct_texts(written, values):
    found = flowable("ForEach", f"values: {written}, tasks: [{A}]")
    assert found.enter(given({"{{ list }}": ["p", "q"], "{{ one }}": "first"})).values == values


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("""'["a", null, "b", null]'""", "Found '1' null values on Each, with values=[a, null, b]"),
        ("[a, ~]", "Found '1' null values on Each, with values=[a, null]"),
        ("[1.5]", "Unknown value element type: "),
        ("[[1]]", "Unknown value element type: "),
        ("[true]", "Unknown value element type: "),
        ("no list", "must be a list"),
        ("'{}'", "must be a list"),
        ("'[' ", "must be a list"),
    ],
)
def test_what_is_no_list_of_values_fails_when_the_loop_starts(written, message):
    with pytest.raises(ExpressionFailed) as caught:
        flowable("ForEach", f"values: {written}, tasks: [{A}]").enter(given({}))
    assert message in str(caught.value)


def test_a_loop_of_many_values_costs_no_more_than_one_of_two():
    class Values(tuple[str, ...]):
        __slots__ = ()

        def __iter__(self):
            raise AssertionError("lanes must not go through the values")

    lanes = flowable("ForEach", f"values: [x], tasks: [{A}]").lanes(None, Values(["v"] * 10_000))
    assert lanes is not None
    assert (lanes.count, lanes.value(9_999)) == (10_000, "v")


def test_a_dag_waits_for_what_it_depends_on_if_that_is_enabled():
    tasks = f"[{{task: {A}}}, {{task: {OFF}}}, {{task: {B}, dependsOn: [a, 'off']}}]"
    found = flowable("Dag", f"tasks: {tasks}, concurrent: 2")
    assert shape(found.lanes(None, None)) == [(["a"], None, ()), (["b"], None, ("a",))]
    assert [child.id for child in found.children()["tasks"]] == ["a", "off", "b"]


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("Dag", "tasks: []", "x: No task defined"),
        ("Dag", f"tasks: [{{task: {A}, dependsOn: [q]}}]", "x: Not existing task id in dependency: q"),
        (
            "Dag",
            f"tasks: [{{task: {A}, dependsOn: [b]}}, {{task: {B}, dependsOn: [a]}}, {{task: {log('c')}, dependsOn: [b]}}]",
            "x: Cyclic dependency detected: a, b",
        ),
        ("Switch", "value: v", "x: No task defined, neither cases or default have any tasks"),
        ("Switch", f"value: ' ', defaults: [{A}]", "x.value: must not be blank"),
        ("Parallel", "tasks: []", "x.tasks: must not be empty"),
        ("Parallel", f"tasks: [{A}], concurrent: -1", "x.concurrent: must be greater than or equal to 0"),
        ("If", "condition: c, then: []", "x.then: must not be empty"),
        ("ForEach", f"tasks: [{A}]", "x.values: must not be null"),
        ("ForEach", f"tasks: [{A}], values: {{a: b}}", "x.values: must be a list, or a text that gives one"),
        ("WaitFor", f"tasks: [{A}]", "x.condition: must not be null"),
        ("WorkingDirectory", "tasks: []", "x: The 'tasks' property cannot be empty"),
        (
            "WorkingDirectory",
            f"tasks: [{{id: p, type: {FLOW}.Pause}}]",
            "x: Only runnable tasks are allowed as children of a WorkingDirectory task",
        ),
        (
            "WorkingDirectory",
            f"tasks: [{log('a', ', workerGroup: {key: k}')}]",
            "x: Cannot set a Worker Group in any WorkingDirectory sub-tasks",
        ),
        ("Subflow", "flowId: g", "x.namespace: must not be null"),
        ("Subflow", "flowId: g, namespace: m, labels: {system.a: b}", "System labels can only be set"),
        ("Loop", f"values: {{a: b}}, tasks: [{A}]", "x.values: must be a list, or a text that gives one"),
        ("Loop", f"values: [a], outputs: [], tasks: [{A}]", "x.outputs: A Loop gathers no outputs here"),
        ("Pause", "delay: soon", "x.delay: Text cannot be parsed to a Duration: soon"),
    ],
)
def test_wrong_flowables_are_refused(kind, more, message):
    assert message in texts(f"tasks:\n  - {{id: x, type: {FLOW}.{kind}, {more}}}\n")[0]


def test_every_flowable_has_a_type_name_of_its_own():
    assert len({model.TYPE for model in FLOWABLES}) == len(FLOWABLES)


def test_a_flowable_is_written_as_its_author_wrote_it():
    found = flowable("If", f"condition: c, then: [{A}], else: [{B}]")
    assert found.model_dump(mode="json", by_alias=True, exclude_unset=True) == {
        "id": "x",
        "type": f"{FLOW}.If",
        "condition": "c",
        "then": [{"id": "a", "type": LOG, "message": "hi"}],
        "else": [{"id": "b", "type": LOG, "message": "hi"}],
    }

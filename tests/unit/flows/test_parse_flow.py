"""What an author is told, and where."""

import pytest
from tests.unit.flows.flow_types import FLOW, HEAD, LOG, ONE_TASK, TYPES, flow, log, task, texts, wrong

from runfold.errors import FlowInvalid
from runfold.flows.parse import parse_flow, parse_raw, split_documents


def test_a_minimal_flow_has_the_documented_defaults():
    parsed = flow(ONE_TASK)
    assert (parsed.id, parsed.namespace, parsed.disabled, parsed.labels) == ("f", "n", False, ())
    (only,) = parsed.tasks
    assert (only.run_if, only.allow_failure, only.type) == ("true", False, LOG)


def test_an_unknown_key_is_told_with_its_place_and_the_known_ones():
    (violation,) = wrong(f"tasks:\n  - id: a\n    type: {LOG}\n    message: x\n    messag: y\n")
    assert violation.message.startswith(f'Unrecognized field "messag" (class {LOG}), not marked as ignorable (14 known')
    assert '"message"' in violation.message
    assert (violation.path, violation.line, violation.column) == ("a.messag", 7, 5)


def test_all_violations_come_at_once_in_the_order_of_the_source():
    found = wrong(
        "disabled: maybe\ntasks:\n  - type: " + LOG + "\n    message: x\n  - id: b c\n    type: " + LOG + "\n",
        head="id: my#flow\nnamespace: MY\n",
    )
    assert [(v.line, v.column, str(v)) for v in found] == [
        (1, 5, 'id: must match "^[a-zA-Z0-9][a-zA-Z0-9._-]*"'),
        (2, 12, 'namespace: must match "^[a-z0-9][a-z0-9._-]*"'),
        (3, 11, "disabled: must be `true` or `false`"),
        (5, 5, "tasks[0].id: must not be null"),
        (7, 5, "b c.message: must not be null"),
        (7, 9, 'b c.id: must match "^[a-zA-Z0-9][a-zA-Z0-9_-]*"'),
    ]


def test_an_unknown_type_is_named_with_the_closest_known_one():
    first, second = wrong(f"tasks:\n  - id: a\n    type: {LOG}g\n")
    assert first.message == f"Invalid type: {LOG}g"
    assert second.message.endswith(f"did you mean '{LOG}'?")
    assert (first.line, first.column) == (4, 5)


def test_a_missing_type_is_a_type_of_null():
    assert texts("tasks:\n  - id: a\n") == [
        "tasks[0]: Invalid type: null",
        "tasks[0]: missing type id property 'type' (for POJO property 'tasks')",
    ]


def test_a_trigger_is_no_task():
    assert "Invalid type: " in texts("tasks:\n  - {id: a, type: io.kestra.plugin.core.trigger.Webhook, key: k}\n")[0]


def test_a_nested_task_is_named_by_its_id_wherever_it_stands():
    body = f"tasks:\n  - id: s\n    type: {FLOW}.Sequential\n    tasks:\n      - id: inner\n        type: {LOG}\n"
    (violation,) = wrong(body)
    assert (str(violation), violation.line, violation.column) == ("inner.message: must not be null", 7, 9)


def test_an_old_type_name_still_works_and_stays_as_written():
    assert task("{id: a, type: io.kestra.core.tasks.log.Log, message: x}").type == "io.kestra.core.tasks.log.Log"


def test_numbers_and_booleans_are_texts_where_texts_belong():
    only = task(f"{{id: 12, type: {LOG}, message: x, description: 1.5, runIf: true}}")
    assert (only.id, only.description, only.run_if) == ("12", "1.5", "true")


def test_a_key_with_nothing_behind_it_is_as_if_it_were_not_there():
    assert flow("errors:\nlabels:\n" + ONE_TASK).errors == ()
    assert texts("tasks:\n") == ["tasks: must not be empty"]
    assert 'Unrecognized field "nope"' in texts("nope:\n" + ONE_TASK)[0]


def test_python_names_of_keys_are_no_keys():
    assert 'Unrecognized field "run_if"' in texts(f"tasks:\n  - {log('a', ', run_if: x')}\n")[0]


def test_labels_are_a_map_or_a_list_of_scalars():
    assert [(label.key, label.value) for label in flow("labels: {a: 1, b: true}\n" + ONE_TASK).labels] == [
        ("a", "1"),
        ("b", "true"),
    ]
    assert flow("labels: [{key: a, value: x}]\n" + ONE_TASK).labels[0].value == "x"
    assert "the value of label `a`" in texts("labels: {a: [1]}\n" + ONE_TASK)[0]


def test_system_labels_are_refused_but_for_read_only():
    assert flow("labels: {system.readOnly: true}\n" + ONE_TASK).labels[0].key == "system.readOnly"
    (violation,) = wrong("labels: {system.x: y}\n" + ONE_TASK)
    assert "System labels can only be set by Kestra itself, offending label: system.x=y." in violation.message


def test_all_duplicates_come_in_one_violation():
    body = (
        f"tasks:\n  - {log('a')}\n  - id: s\n    type: {FLOW}.Sequential\n    tasks: [{log('a')}]\n"
        f"errors:\n  - {log('s')}\n"
        "inputs: [{id: i, type: INT}, {id: i, type: INT}]\n"
        "outputs: [{id: o, type: INT, value: 1}, {id: o, type: INT, value: 1}]\n"
        "triggers:\n"
        "  - {id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}\n"
        "  - {id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}\n"
    )
    (violation,) = wrong(body)
    assert violation.message == (
        "Invalid Flow: Duplicate task id with name [a, s], Duplicate trigger id with name [t], "
        "Duplicate input with name [i], Duplicate output with name [o]"
    )
    assert (violation.path, violation.line, violation.column) == ("", 7, 13)


def test_a_flow_that_calls_itself_is_refused():
    call = f"tasks:\n  - {{id: a, type: {FLOW}.Subflow, namespace: n, flowId: f}}\n"
    assert "Invalid Flow: Recursive call to flow [n.f]" in texts(call)[0]
    assert flow(call.replace("flowId: f", "flowId: g")).tasks


def test_inputs_depend_on_inputs_that_exist_and_not_on_themselves():
    unknown = "inputs: [{id: x, type: STRING, dependsOn: {inputs: [y]}}]\n"
    assert "Input with id 'x' depends on a non-existent input 'y'." in texts(unknown + ONE_TASK)[0]
    cycle = (
        "inputs: [{id: x, type: STRING, dependsOn: {inputs: [y]}}, {id: y, type: STRING, dependsOn: {inputs: [x]}}]\n"
    )
    assert "Cycle dependency detected for input with id 'x': [x, y]" in texts(cycle + ONE_TASK)[0]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("{id: x, type: FOO}", "Invalid type: FOO"),
        ("{id: x}", "Invalid type: null"),
        ("{id: x, type: FILE, defaults: y}", "no `defaults` can be set for inputs of type 'FILE'"),
        ("{id: x, type: ARRAY, itemType: ARRAY}", "`itemType` cannot be `ARRAY`"),
        ("{id: x, type: ARRAY}", "must not be null"),
        ("{id: x, type: STRING, validator: '('}", "invalid pattern [(]"),
        ("{id: 'x y', type: STRING}", "must match"),
        ("{id: x, type: SELECT}", "`values` or `expression` must be set"),
        ("{id: x, type: INT, validator: x}", 'Unrecognized field "validator"'),
        (f"{{id: x, type: INT, displayName: {'x' * 65}}}", "size must be between 0 and 64"),
        ("{id: x, type: DATE, after: never}", "Text 'never' could not be parsed"),
    ],
)
def test_wrong_declarations_of_inputs_are_refused(declared, message):
    assert message in "\n".join(texts(f"inputs: [{declared}]\n" + ONE_TASK))


def test_an_input_may_still_be_named_by_name():
    assert flow("inputs: [{name: x, type: STRING}]\n" + ONE_TASK).inputs[0].id == "x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("concurrency: {limit: 0}\n", "concurrency.limit: must be greater than 0"),
        ("sla: [{id: s, type: MAX_DURATION, behavior: FAIL}]\n", "duration: must not be null"),
        ("sla: [{type: MAX_DURATION, behavior: FAIL, duration: PT1S}]\n", "id: must not be empty"),
        ("sla: [{id: s, type: X}]\n", "Invalid type: X"),
        (
            "sla: [{id: s, type: MAX_DURATION, behavior: FAIL, duration: PT1S, labels: {system.a: b}}]\n",
            "System labels can only be set",
        ),
        ("listeners: [{tasks: []}]\n", "listeners[0].tasks: must not be empty"),
        ("outputs: [{id: o, value: x}]\n", "outputs[0].type: must not be null"),
        ("pluginDefaults: [{type: x}]\n", "Invalid Plugin Default: No 'values' provided"),
        (
            f"pluginDefaults: [{{type: {LOG}, values: {{no: 1}}}}]\n",
            f"Invalid Plugin Default: No property 'no' exists in plugin '{LOG}'",
        ),
        (f"pluginDefaults: [{{type: {LOG}x, values: {{no: 1}}}}]\n", None),
        ("retry: {type: constant, interval: P1X}\n", "Text cannot be parsed to a Duration: P1X"),
    ],
)
def test_wrong_parts_of_a_flow_are_refused(body, message):
    if message is None:
        assert flow(body + ONE_TASK)
    else:
        assert message in "\n".join(texts(body + ONE_TASK))


def test_a_default_for_a_known_type_names_only_its_properties():
    body = f"pluginDefaults:\n  - type: {FLOW}.Parallel\n    values: {{no: 1}}\n"
    (violation,) = wrong(body + ONE_TASK)
    assert violation.message == f"Invalid Plugin Default: No property 'no' exists in plugin '{FLOW}.Parallel'"
    assert (violation.line, violation.column) == (4, 5)


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        ("type: trigger.Schedule", "cron: must not be null"),
        ("type: trigger.Schedule, cron: '* * *'", "it has 3 fields, not 5"),
        ("type: trigger.Schedule, cron: '61 * * * *'", "minute `61`"),
        ("type: trigger.Schedule, cron: '* * * * *', timezone: Mars/Base", "not a valid timezone"),
        ("type: trigger.Schedule, cron: '*/15 9-17 * JAN,FEB MON-FRI', timezone: Europe/Paris", None),
        ("type: trigger.Schedule, cron: '0 0 L * 1#2'", None),
        ("type: trigger.Schedule, cron: '1 2 3 4 5 6', withSeconds: true", None),
        ("type: trigger.Schedule, cron: '@daily'", None),
        ("type: trigger.Unknown", "Invalid type: io.kestra.plugin.core.trigger.Unknown"),
        ("type: trigger.Webhook", "key: must not be empty"),
        ("type: trigger.Flow, conditions: [{type: x}]", "Invalid type: x"),
        ("type: trigger.Flow, preconditions: {id: p, timeWindow: {deadline: '10:00:00'}}", "cannot have a deadline."),
        (
            "type: trigger.Flow, preconditions: {id: p, timeWindow: {type: DAILY_TIME_WINDOW}}",
            "`DAILY_TIME_WINDOW` must have a start time.",
        ),
        ("type: trigger.Flow, preconditions: {id: p, where: [{id: w, filters: []}]}", "must not be empty"),
    ],
)
def test_triggers_are_checked(trigger, message):
    body = f"triggers: [{{id: t, {trigger.replace('trigger.', 'io.kestra.plugin.core.trigger.')}}}]\n" + ONE_TASK
    if message is None:
        assert flow(body).triggers
    else:
        assert message in "\n".join(texts(body))


def test_what_is_no_map_is_no_flow():
    for source in ("", "- a", "text", "# only a comment"):
        with pytest.raises(FlowInvalid, match="a flow must be a map"):
            parse_flow(source, TYPES)
        with pytest.raises(FlowInvalid, match="a flow must be a map"):
            parse_raw(source)


def test_documents_are_split_at_lines_of_dashes_only():
    assert split_documents("a: x---y\n---\nb: ---z\n--- # more\n\n---\nc: 1") == ["a: x---y", "b: ---z", "c: 1"]


def test_the_raw_map_is_there_without_validation():
    assert parse_raw(HEAD + "nonsense: 1") == {"id": "f", "namespace": "n", "nonsense": 1}

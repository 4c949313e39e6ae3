"""The report for who is writing a flow, and the flow as the API returns it."""

from tests.unit.flows.flow_types import CORE, HEAD, LOG, ONE_TASK, TYPES, flow

from runfold.flows.check import validate_source
from runfold.flows.parse import parse_raw
from runfold.flows.written import flow_json

ECHO = f"{CORE}.debug.Echo"


def test_each_document_gets_its_own_report():
    good, bad = validate_source(HEAD + ONE_TASK + "---\nid: g\nnamespace: n\nx: 1\n", TYPES)
    assert (good.index, good.flow, good.constraints) == (0, "f", None)
    assert (bad.index, bad.flow, bad.namespace) == (1, "g", "n")
    assert bad.constraints is not None
    assert bad.constraints.split("\n")[0] == "tasks: must not be empty"
    assert [violation.line for violation in bad.violations] == [1, 3]


def test_a_violation_of_the_flow_itself_has_an_empty_path():
    source = HEAD + ONE_TASK + f"errors: [{{id: a, type: {LOG}, message: x}}]\n"
    (report,) = validate_source(source, TYPES)
    assert report.constraints == ": Invalid Flow: Duplicate task id with name [a]"


def test_what_is_deprecated_renamed_or_hardly_meant_is_told():
    source = HEAD + (
        "inputs: [{name: i, type: STRING}]\n"
        f"tasks:\n  - {{id: a, type: {LOG}, message: x}}\n  - {{id: b, type: {ECHO}, format: x}}\n"
        "  - {id: c, type: io.kestra.core.tasks.log.Log, message: x}\n"
        f"listeners: [{{tasks: [{{id: l, type: {LOG}, message: x}}]}}]\n"
        f"triggers: [{{id: t, type: {CORE}.trigger.Flow}}]\n"
    )
    (report,) = validate_source(source, TYPES)
    assert report.constraints is None
    assert set(report.deprecation_paths) == {"inputs[0].name", "listeners", "tasks[1]", "tasks[1].format"}
    assert report.infos == (f"io.kestra.core.tasks.log.Log is replaced by {LOG}",)
    assert len(report.warnings) == 1


def test_a_flow_is_returned_as_written_with_its_keys_in_today_s_form():
    body = (
        "revision: 7\nlabels: {a: 1}\nvariables: {x: ~, n: 1}\ninputs: [{name: i, type: INT, defaults: 0}]\n"
        f"taskDefaults: [{{type: {LOG}, values: {{level: INFO}}}}]\nerrors:\n"
        f"tasks: [{{id: 12, type: {LOG}, message: 5, timeout: PT90S, description: ~}}]\n"
    )
    defaults = [{"type": LOG, "values": {"level": "INFO"}}]
    assert flow_json(flow(body), parse_raw(HEAD + body)) == {
        "id": "f",
        "namespace": "n",
        "disabled": False,
        "deleted": False,
        "labels": [{"key": "a", "value": "1"}],
        "variables": {"x": None, "n": 1},
        "inputs": [{"id": "i", "type": "INT", "defaults": 0}],
        "tasks": [{"id": "12", "type": LOG, "message": 5, "timeout": "PT90S"}],
        "taskDefaults": defaults,
        "pluginDefaults": defaults,
    }

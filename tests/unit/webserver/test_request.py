"""Requests to run a flow: their ids and what they become. Used by the API and the executor alike."""

import re
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.webserver.conftest import FLOW

from runfold.errors import BadRequest, Conflict, InputsInvalid, NotFound
from runfold.execution.ids import base62
from runfold.execution.request import ExecutionRequest, Origin, execution_id_of, start_claim
from runfold.flows.parse import parse_flow
from runfold.tasks import load_task_types

FLOW_OBJECT = parse_flow(FLOW, load_task_types([])).model_copy(update={"revision": 3})
NAMES = uuid.UUID("0f6a5d3b-7c1e-4b0d-9a52-c8e41d7f3b96")


def request(**fields) -> ExecutionRequest:
    return ExecutionRequest("company.team", "hello", **{"inputs": {"who": "Ada"}, **fields})


def claim(asked: ExecutionRequest, flow=FLOW_OBJECT):
    return start_claim(flow, asked, Origin("e1", "c1"), lambda template, _: template)


def id_of(asked: ExecutionRequest, offset: int = 5) -> str:
    return execution_id_of(asked, "requests", 2, offset)


@given(st.text(min_size=1, max_size=255))
def test_an_id_is_the_uuid_version_5_of_namespace_flow_and_key(key):
    found = id_of(request(idempotency_key=key))
    expected = uuid.uuid5(NAMES, f"company.team/hello/{key}")
    assert found == base62(expected.int)
    assert re.fullmatch("[0-9A-Za-z]{20,22}", found)


def test_with_a_key_the_place_is_no_matter_and_without_one_it_decides():
    assert id_of(request(idempotency_key="k"), 1) == id_of(request(idempotency_key="k"), 2)
    assert id_of(request(), 1) == id_of(request(), 1)
    assert id_of(request(), 1) != id_of(request(), 2)
    assert id_of(request(execution_id="my-own"), 1) == "my-own"


@pytest.mark.parametrize("fields", [{"execution_id": "a/b"}, {"execution_id": ""}, {"idempotency_key": "k" * 256}])
def test_ids_and_keys_that_cannot_be_one_are_refused(fields):
    with pytest.raises(BadRequest):
        id_of(request(**fields))


def test_labels_are_taken_as_a_map_and_as_a_list():
    as_map = msgspec.json.decode(b'{"namespace":"n","flowId":"f","labels":{"a":"1"},"new":0}', type=ExecutionRequest)
    as_list = msgspec.json.decode(
        b'{"namespace":"n","flowId":"f","labels":[{"key":"a","value":"1"}]}', type=ExecutionRequest
    )
    assert as_map.label_list == as_list.label_list
    assert [(label.key, label.value) for label in claim(request(labels={"a": "1"})).labels] == [
        ("team", "blue"),
        ("a", "1"),
        ("system.correlationId", "e1"),
    ]


def test_a_claim_names_the_flow_its_revision_and_typed_inputs():
    made = claim(request(inputs={"who": "Ada", "count": "4"}))
    assert (made.execution_id, made.id, made.flow_revision, made.inputs) == ("e1", "c1", 3, {"who": "Ada", "count": 4})


def test_what_cannot_be_started_is_refused_with_the_reason():
    with pytest.raises(NotFound):
        claim(request(revision=2))
    with pytest.raises(Conflict):
        claim(request(), FLOW_OBJECT.model_copy(update={"disabled": True}))
    with pytest.raises(InputsInvalid) as refused:
        claim(request(inputs={"count": "x"}))
    assert {error.input_id for error in refused.value.errors} == {"who", "count"}
    with pytest.raises(BadRequest, match="System labels"):
        claim(request(labels={"system.app": "x"}))
    with pytest.raises(BadRequest, match="At most"):
        claim(request(labels={f"k{at}": "v" for at in range(101)}))

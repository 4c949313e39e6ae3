"""The task that counts executions, on an index of our own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.worker.rig import Rig

from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.project import project_execution
from runfold.execution.model import Execution
from runfold.execution.state import Entry, State
from runfold.flows.expressions import Expressions
from runfold.flows.plan import Host
from runfold.worker.storage import Outside

COUNT = "io.kestra.core.tasks.executions.Counts"
NOW = datetime(2026, 1, 10, tzinfo=UTC)


def execution(
    execution_id: str, flow_id: str, state: State, days_ago: int, namespace: str = "company.team"
) -> Execution:
    began = NOW - timedelta(days=days_ago)
    histories = (Entry(State.CREATED, began), Entry(state, began))
    return Execution(execution_id, namespace, flow_id, 1, histories, seq=1)


def _no_flows() -> FlowStore:
    raise AssertionError("no flow is asked for")


@pytest.fixture
def rig() -> Iterator[Rig]:
    index, broker = SqliteIndex(None), SqliteBroker(None)
    ended = [
        execution("a1", "a", State.SUCCESS, 0),
        execution("a2", "a", State.FAILED, 1),
        execution("a3", "a", State.SUCCESS, 5),
        execution("b1", "b", State.SUCCESS, 5),
        execution("c1", "a", State.SUCCESS, 0, "company"),
    ]
    index.put([project_execution(each) for each in ended])
    expressions = Expressions(clock=lambda: NOW, monotonic=lambda: 0.0)
    host = Host(expressions, {}, lambda *_: pytest.fail("no flow is called"))
    yield Rig(outside=Outside(executions=ExecutionAccess(broker, _no_flows, host, index)))
    index.close()
    broker.close()


def run(rig: Rig, **properties: Any) -> Any:
    before = len(rig.ended())
    rig.send(
        {"type": COUNT, "expression": "{{ true }}", **properties},
        variables={"inputs": {"from": "2026-01-08T00:00:00Z"}},
    )
    rig.until(lambda: len(rig.ended()) > before)
    return rig.ended()[-1]


BOTH = [{"namespace": "company.team", "flowId": "a"}, {"namespace": "company.team", "flowId": "b"}]


def test_each_flow_is_counted_and_those_that_the_expression_holds_of_are_kept(rig):
    a, b = ({**flow, "count": count} for flow, count in zip(BOTH, (3, 1), strict=True))
    assert run(rig, flows=BOTH).outputs == {"results": [a, b], "total": 4}
    assert run(rig, flows=BOTH, expression="{{ count >= 2 }}").outputs == {"results": [a], "total": 3}


def test_states_and_dates_bound_what_is_counted(rig):
    one = BOTH[:1]
    assert run(rig, flows=one, states=["SUCCESS"]).outputs["total"] == 2
    assert run(rig, flows=one, startDate="{{ inputs.from }}").outputs["total"] == 2
    assert run(rig, flows=one, endDate="{{ inputs.from }}").outputs["total"] == 1
    assert run(rig, flows=BOTH, startDate="{{ inputs.from }}", expression="{{ count == 0 }}").outputs == {
        "results": [{**BOTH[1], "count": 0}],
        "total": 0,
    }


def test_a_namespace_is_counted_as_a_whole(rig):
    found = run(rig, namespaces=["company.team", "company"]).outputs
    assert found["results"] == [{"namespace": "company.team", "count": 4}, {"namespace": "company", "count": 1}]


def test_a_date_that_is_none_fails_the_attempt(rig):
    assert "No date" in run(rig, flows=BOTH, startDate="soon").error


def test_without_an_index_nothing_can_be_counted():
    rig = Rig()
    assert "out of reach" in run(rig, flows=BOTH).error

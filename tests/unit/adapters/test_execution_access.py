"""What tasks see of other executions."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.project import project_execution
from runfold.errors import CallerError
from runfold.execution.model import Execution
from runfold.execution.state import Entry, State
from runfold.flows.expressions import Expressions
from runfold.flows.plan import Host

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def _no_flows() -> FlowStore:
    raise AssertionError("no flow is asked for")


@pytest.fixture
def broker() -> Iterator[SqliteBroker]:
    broker = SqliteBroker(None)
    yield broker
    broker.close()


def access(broker: SqliteBroker, index: SqliteIndex | None) -> ExecutionAccess:
    expressions = Expressions(clock=lambda: NOW, monotonic=lambda: 0.0)
    host = Host(expressions, {}, lambda *_: pytest.fail("no flow is called"))
    return ExecutionAccess(broker, _no_flows, host, index)


@pytest.fixture
def index() -> Iterator[SqliteIndex]:
    index = SqliteIndex(None)
    ended = Execution("e1", "company.team", "f", 1, (Entry(State.CREATED, NOW), Entry(State.SUCCESS, NOW)), seq=1)
    index.put([project_execution(ended)])
    yield index
    index.close()


def test_an_execution_of_the_namespace_is_found_as_the_api_shows_it(broker: SqliteBroker, index: SqliteIndex) -> None:
    found = access(broker, index).find("company.team", "e1")

    assert found is not None
    assert (found["flowId"], found["state"]["current"]) == ("f", "SUCCESS")


def test_an_execution_of_another_namespace_or_none_is_not_found(broker: SqliteBroker, index: SqliteIndex) -> None:
    assert access(broker, index).find("company", "e1") is None
    assert access(broker, index).find("company.team", "e2") is None


def test_without_an_index_nothing_can_be_found(broker: SqliteBroker) -> None:
    with pytest.raises(CallerError, match="no index"):
        access(broker, None).find("company.team", "e1")

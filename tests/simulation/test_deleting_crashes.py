"""Seeded crashes while executions are deleted: whatever dies, what is deleted is nowhere in the end, and the others are whole."""

import os
import random

import msgspec
import pytest

from runfold.documents.model import Kind
from runfold.documents.query import Is, Query
from runfold.execution.claims import Delete
from runfold.execution.facts import ExecutionDeleted, Transition
from runfold.execution.model import Execution
from runfold.execution.state import State
from runfold.topology import DEAD_LETTERS, EXECUTIONS, FACTS, TASKRUNS
from tests.simulation.flows import FlowDice
from tests.simulation.world import World

SEEDS = int(os.environ.get("RUNFOLD_SEEDS", "1000")) // 25
CHUNK = 20
DELETED, OTHER = "x0.0", "x1.0"


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_crashes_a_deleted_execution_is_nowhere_in_the_end(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            check(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error


def check(seed: int) -> None:
    world = World(seed)
    dice = random.Random(seed)
    for number in range(2):
        flow = FlowDice(dice).flow()
        world.start_flow(flow, number)
    world.chaos(dice.randint(5, 60))
    world.claim(deletion())
    world.chaos()
    world.claim(deletion())
    world.settle()

    last = transitions(world)[-1]
    assert isinstance(last.facts[0], ExecutionDeleted)
    snapshots = {record.key: record.value for record in world.broker.history(EXECUTIONS)}
    left = msgspec.json.decode(snapshots[DELETED] or b"", type=Execution)
    assert left.deletion is not None
    runs = {record.key: record.value for record in world.broker.history(TASKRUNS)}
    assert {value for key, value in runs.items() if key.startswith(f"{DELETED}/")} <= {None}
    for kind in (Kind.TASKRUNS, Kind.LOGS, Kind.METRICS):
        assert world.index.search(Query(kind, Is("executionId", (DELETED,)))).total == 0, kind
    assert world.index.get(Kind.EXECUTIONS, DELETED) is None
    assert world.index.get(Kind.DELETIONS, DELETED) is not None
    other = world.index.get(Kind.EXECUTIONS, OTHER)
    assert other is not None
    assert State(other.body["state"]).is_terminal
    assert list(world.broker.history(DEAD_LETTERS)) == []
    world.close()


def deletion() -> Delete:
    """Return what a person asks for who has just started the execution."""
    return Delete(
        DELETED,
        "delete",
        namespace="company.team",
        flow_id="random-0",
        flow_revision=1,
        state=State.CREATED,
        seq=0,
        is_forced=True,
    )


def transitions(world: World) -> list[Transition]:
    records = [record.value for record in world.broker.history(FACTS) if record.key == DELETED]
    return [msgspec.json.decode(value or b"", type=Transition) for value in records]

"""
Seeded crash simulation: random flows, services that die between any two effects, claims that come twice.

More seeds: `make simulate SEEDS=20000`. One seed again: `RUNFOLD_SEED=17 pytest tests/simulation`.
"""

import os
import random
from typing import Any

import pytest

from runfold.execution.state import State
from tests.simulation import audit
from tests.simulation.flows import FlowDice
from tests.simulation.world import World

SEEDS = int(os.environ.get("RUNFOLD_SEEDS", "1000"))
CHUNK = 50
COMPARED_EACH = 4
ONE = os.environ.get("RUNFOLD_SEED")
CHUNKS = (
    [range(int(ONE), int(ONE) + 1)] if ONE else [range(at, min(at + CHUNK, SEEDS)) for at in range(0, SEEDS, CHUNK)]
)


@pytest.mark.parametrize("seeds", CHUNKS, ids=lambda seeds: f"seeds {seeds.start}-{seeds.stop - 1}")
def test_whatever_crashes_every_execution_ends_and_the_log_tells_one_story(seeds: range) -> None:
    for seed in seeds:
        try:
            check(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error


def check(seed: int) -> None:
    world = World(seed)
    dice = random.Random(seed)
    flows = [FlowDice(dice).flow() for _ in range(dice.randint(1, 2))]
    ids = [world.start_flow(flow, number) for number, flow in enumerate(flows)]
    killed = set()
    world.chaos()
    if dice.random() < 0.3:
        world.kill(ids[0])
        killed.add(ids[0])
    world.chaos()
    world.settle()

    logs = audit.transitions(world.broker)
    assert set(ids) <= set(logs)
    assert all(log[0].facts[0].flow_id == "child" for execution_id, log in logs.items() if execution_id not in ids)
    live = {execution_id: audit.fold(log) for execution_id, log in logs.items()}
    for execution_id, log in logs.items():
        audit.check_sequence(log)
        audit.check_histories(live[execution_id])
        audit.check_attempts(log)
        audit.check_rebuild(log, dice)
        if execution_id in ids and execution_id not in killed and seed % COMPARED_EACH == 0:
            assert live[execution_id].execution.state == undisturbed(flows[ids.index(execution_id)])
    audit.check_snapshots(world.broker, live)
    audit.check_index(world.index, live)
    world.close()


def undisturbed(flow: dict[str, Any]) -> State:
    """Return the end of the same flow where nothing goes wrong. (Which siblings a failure still lets begin is a race.)"""
    world = World(0)
    world.impatient.is_calm = True
    execution_id = world.start_flow(flow, 0)
    world.settle()
    state = audit.fold(audit.transitions(world.broker)[execution_id]).execution.state
    world.close()
    return state

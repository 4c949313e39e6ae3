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

SEEDS = int(os.environ.get("RUNFOLD_SEEDS", "2000"))
CHUNK = 50
COMPARED_EACH = 8
INDEXED_EACH = 4
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
    dice = random.Random(seed)
    is_indexed = seed % INDEXED_EACH == 0
    world = World(seed, is_indexed=is_indexed)
    makers = [FlowDice(dice) for _ in range(dice.randint(1, 2))]
    flows = [maker.flow() for maker in makers]
    ids = [world.start_flow(flow, at, 3 if "concurrency" in flow else 1) for at, flow in enumerate(flows)]
    world.chaos()
    is_killed = dice.random() < 0.3
    if is_killed:
        world.kill(ids[0][0])
    world.chaos()
    world.settle()

    told, live = world.witness.told, world.witness.folded
    assert {id_ for of_flow in ids for id_ in of_flow} <= set(live)
    for execution_id, log in told.items():
        audit.check_sequence(log)
        audit.check_histories(live[execution_id])
        audit.check_attempts(log)
        audit.check_rebuild(log)
        audit.check_ends(log)
    audit.check_snapshots(world.broker, live)
    if world.index is not None:
        audit.check_index(world.index, live)
    world.close()
    if seed % COMPARED_EACH == 0:
        for at, (maker, flow) in enumerate(zip(makers, flows, strict=True)):
            if not maker.is_racy and not (is_killed and at == 0):
                assert live[ids[at][0]].execution.state == undisturbed(flow)


def undisturbed(flow: dict[str, Any]) -> State:
    """Return the end of the same flow where nothing goes wrong. (Which siblings a failure still lets begin is a race.)"""
    world = World(0, is_indexed=False)
    (execution_id,) = world.start_flow(flow, 0)
    world.settle()
    state = world.witness.folded[execution_id].execution.state
    world.close()
    return state

"""
One execution of many task runs, made up as an executor would have written it: a loop with four tasks for each value.

Like the story of the many small ones (`tests.bench.search.story`): transitions first, the rest is folded from them.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.facts import (
    AnyFact,
    AttemptDispatched,
    AttemptEnded,
    ExecutionCreated,
    ExecutionMoved,
    TaskRunCreated,
    TaskRunMoved,
    Transition,
)
from runfold.execution.ids import base62
from runfold.execution.model import Attempt, Place
from runfold.execution.state import Entry, State
from tests.bench.search.story import Story

TASKS: Final = ("extract", "transform", "load", "report")
LOOP: Final = "each"
LANES: Final = 25
"""Values at work side by side."""

RETRIED: Final = 0.05
FAILED: Final = 0.02
"""Of the last task of a value."""

AGO: Final = timedelta(hours=2)

Moment = tuple[datetime, tuple[AnyFact, ...]]


def large(count: int, end: datetime, seed: int = 11) -> Story:
    """Return an execution with `count` task runs, the loop's own among them; it began two hours before `end`."""
    dice = random.Random(seed)
    execution_id = base62(dice.getrandbits(128))
    transitions: list[Transition] = []
    aggregate: Aggregate | None = None
    for seq, (at, facts) in enumerate(_moments(dice, execution_id, end - AGO, count - 1), 1):
        transitions.append(Transition(execution_id, seq, at, "told", facts))
        aggregate = apply_transition(aggregate, transitions[-1])
    assert aggregate is not None
    return Story(transitions, aggregate)


def _moments(dice: random.Random, execution_id: str, begun: datetime, count: int) -> Iterator[Moment]:
    loop_id = base62(dice.getrandbits(128))
    created = ExecutionCreated(
        id=execution_id, namespace="company.team", flow_id="large", flow_revision=1, original_id=execution_id
    )
    loop = TaskRunCreated(id=loop_id, task_id=LOOP, task_type="io.kestra.plugin.core.flow.ForEach", place=Place())
    yield begun, (created, ExecutionMoved(State.RUNNING), loop, TaskRunMoved(loop_id, State.RUNNING))
    within = sorted(_within(dice, loop_id, begun, count), key=lambda moment: moment[0])
    yield from within
    yield within[-1][0], (TaskRunMoved(loop_id, State.WARNING), ExecutionMoved(State.WARNING))


def _within(dice: random.Random, loop_id: str, begun: datetime, count: int) -> Iterator[Moment]:
    """Yield what happens to each task run, lane by lane: that it is there, and how it went."""
    free = [begun] * LANES
    for number in range(count):
        value, step = divmod(number, len(TASKS))
        run_id = base62(dice.getrandbits(128))
        created = TaskRunCreated(
            id=run_id,
            task_id=TASKS[step],
            task_type="io.kestra.plugin.core.debug.Return",
            place=Place(lane=value, step=step, is_last=step == len(TASKS) - 1),
            parent_taskrun_id=loop_id,
            value=f"customer-{value}",
            iteration=value,
        )
        at = free[value % LANES]
        # What fails ends its lane.
        fails = step == len(TASKS) - 1 and dice.random() < FAILED
        ended, facts = _run(dice, run_id, at, State.FAILED if fails else State.SUCCESS)
        yield at, (created,)
        yield ended, facts
        free[value % LANES] = ended


def _run(dice: random.Random, run_id: str, at: datetime, state: State) -> Moment:
    facts: list[AnyFact] = []
    token = 1
    if dice.random() < RETRIED:
        broken = _attempt(dice, at, State.FAILED)
        ended = broken.histories[-1].date
        facts += [AttemptDispatched(run_id, token), AttemptEnded(run_id, broken)]
        facts += [TaskRunMoved(run_id, state, at=ended) for state in (State.FAILED, State.RETRYING)]
        at = ended + timedelta(milliseconds=dice.expovariate(1 / 400))
        facts.append(TaskRunMoved(run_id, State.CREATED, at=at))
        token = 2
    last = _attempt(dice, at, state)
    ended = last.histories[-1].date
    outputs = {"value": f"row {dice.randrange(100_000)}"} if state is State.SUCCESS else None
    facts += [AttemptDispatched(run_id, token), AttemptEnded(run_id, last)]
    facts.append(TaskRunMoved(run_id, state, at=ended, outputs=outputs, error=last.error))
    return ended, tuple(facts)


def _attempt(dice: random.Random, at: datetime, state: State) -> Attempt:
    begun = at + timedelta(milliseconds=dice.expovariate(1 / 40))
    ended = begun + timedelta(milliseconds=dice.lognormvariate(6, 0.8))
    histories = (Entry(State.CREATED, at), Entry(State.RUNNING, begun), Entry(state, ended))
    error = "Connection reset" if state is State.FAILED else None
    return Attempt(histories=histories, worker_id=f"worker-{dice.randrange(8)}", error=error)

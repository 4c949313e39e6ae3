"""
What happened in the last month, made up from one seed: transitions as an executor would have written them.

Forty flows of five tasks; most runs end well, some fail with one of a few errors, some were retried,
a few still run. Snapshots are folded from the facts, so index and log tell the same.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

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
from runfold.execution.model import Attempt, Label, Metric, Place
from runfold.execution.state import Entry, History, State

FLOWS: Final = 40
TASKS: Final = 5
RUNS_EACH: Final = 20
"""Task runs of an execution: four rounds of the five tasks."""

SPAN: Final = timedelta(days=30)
NAMESPACES: Final = ("company.team", "company.data.ingest", "company.data.reports", "other")
TYPES: Final = (
    "io.kestra.plugin.core.debug.Return",
    "io.kestra.plugin.core.log.Log",
    "io.kestra.plugin.core.http.Request",
)
ERRORS: Final = (
    "Connection to warehouse timed out after {} ms",
    "Fail on a condition",
    "Request failed with status {}",
    "Unable to find `row{}` used in the expression",
)


@dataclass(frozen=True)
class Story:
    """One execution: its transitions, and what they lead to."""

    transitions: Sequence[Transition]
    aggregate: Aggregate


def stories(count: int, seed: int | str, end: datetime, span: timedelta = SPAN) -> Iterator[Story]:
    """Yield executions with about `count` task runs together, begun within `span` before `end`."""
    dice = random.Random(seed)
    for _ in range(max(count // RUNS_EACH, 1)):
        transitions = list(_transitions(dice, end - span * dice.random()))
        aggregate: Aggregate | None = None
        for transition in transitions:
            aggregate = apply_transition(aggregate, transition)
        assert aggregate is not None
        yield Story(transitions, aggregate)


def _transitions(dice: random.Random, at: datetime) -> Iterator[Transition]:
    execution_id = base62(dice.getrandbits(128))
    flow = dice.randrange(FLOWS)
    namespace = NAMESPACES[flow % len(NAMESPACES)]
    labels = (
        Label("team", dice.choice(("blue", "red", "green"))),
        Label("env", dice.choice(("dev", "prod"))),
        Label("customer", f"c{dice.randrange(500)}"),
    )
    created = ExecutionCreated(
        id=execution_id,
        namespace=namespace,
        flow_id=f"flow{flow}",
        flow_revision=1,
        labels=labels,
        original_id=execution_id,
    )
    runs = [base62(dice.getrandbits(128)) for _ in range(RUNS_EACH)]
    begun: list[AnyFact] = [created, ExecutionMoved(State.RUNNING)]
    begun += [
        TaskRunCreated(
            id=run,
            task_id=f"task{number % TASKS}",
            task_type=TYPES[(flow + number) % len(TYPES)],
            place=Place(lane=number),
            value=str(number // TASKS),
            iteration=number // TASKS,
        )
        for number, run in enumerate(runs)
    ]
    yield Transition(execution_id, 1, at, "start", tuple(begun))
    lasts = dice.random() < 0.02
    facts: list[AnyFact] = []
    last = at
    for number, run in enumerate(runs):
        if lasts and number == RUNS_EACH - 1:
            facts += [AttemptDispatched(run, 1), TaskRunMoved(run, State.RUNNING, at=at)]
            continue
        ended = list(_attempts(dice, run, at, (flow * TASKS + number % TASKS)))
        facts += ended
        last = max(last, *(fact.attempt.histories[-1].date for fact in ended if isinstance(fact, AttemptEnded)))
    yield Transition(execution_id, 2, last, "done", tuple(facts))
    if not lasts:
        failed = any(isinstance(fact, TaskRunMoved) and fact.state is State.FAILED for fact in facts)
        state = State.FAILED if failed else State.SUCCESS
        yield Transition(execution_id, 3, last, "end", (ExecutionMoved(state),))


def _attempts(dice: random.Random, run: str, at: datetime, task: int) -> Iterator[AnyFact]:
    queued = timedelta(milliseconds=dice.expovariate(1 / 40))
    took = timedelta(milliseconds=dice.lognormvariate(3 + task % 7, 0.8))
    begun = at + queued
    ended = begun + took
    fails = dice.random() < 0.04
    error = dice.choice(ERRORS).format(dice.randrange(1000)) if fails else None
    state = State.FAILED if fails else State.WARNING if dice.random() < 0.02 else State.SUCCESS
    attempt = Attempt(
        histories=_lived(at, begun, state, ended),
        worker_id=f"worker-{dice.randrange(8)}",
        metrics=(Metric("rows", "counter", float(dice.randrange(10_000))),),
        error=error,
    )
    outputs = None if fails else {"value": f"row {dice.randrange(100_000)}", "count": dice.randrange(1_000)}
    yield AttemptDispatched(run, 1)
    if dice.random() < 0.05:
        broken = replace(attempt, histories=_lived(at, begun, State.FAILED, begun), error="Connection reset")
        yield AttemptEnded(run, broken)
        for between in (State.FAILED, State.RETRYING, State.CREATED):
            yield TaskRunMoved(run, between, at=begun)
        yield AttemptDispatched(run, 2)
    yield AttemptEnded(run, attempt)
    yield TaskRunMoved(run, state, at=ended, outputs=outputs, error=error)


def _lived(created: datetime, begun: datetime, state: State, ended: datetime) -> History:
    return (Entry(State.CREATED, created), Entry(State.RUNNING, begun), Entry(state, ended))


def now() -> datetime:
    """Return when the story ends: the machine's now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)

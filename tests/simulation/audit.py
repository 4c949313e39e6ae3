"""
What must be true of a log, computed from the log alone: the invariants that we promise.
"""

import itertools
from collections import defaultdict
from typing import Any

import msgspec
from msgspec.structs import replace

from runfold.documents.model import Kind
from runfold.documents.project import project_execution, project_taskrun
from runfold.documents.query import Query
from runfold.documents.source import source_of
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply, apply_transition
from runfold.execution.facts import (
    AttemptDispatched,
    AttemptEnded,
    ExecutionMoved,
    SlotFact,
    TaskRunCreated,
    TaskRunMarked,
    Transition,
)
from runfold.execution.model import Branch, Execution, TaskRun
from runfold.execution.state import MOVES_OF_EXECUTION, MOVES_OF_TASKRUN, State
from runfold.flows.flowable.subflow import StartPerBatch, Subflow
from runfold.ports import Broker, Index
from runfold.topology import EXECUTIONS, FACTS, TASKRUNS

ENDS = frozenset({State.SUCCESS, State.WARNING, State.FAILED, State.KILLED})
_transition = msgspec.json.Decoder(Transition)

OFTEN = 1_000
"""What the executor runs itself is not dispatched: its attempts are as many as its retries."""


def transitions(broker: Broker) -> dict[str, list[Transition]]:
    """Return the transitions of each execution, in the order of the log."""
    found: dict[str, list[Transition]] = defaultdict(list)
    for record in broker.history(FACTS):
        transition = _transition.decode(record.value or b"")
        if not transition.aggregate.startswith("queue:"):
            found[transition.aggregate].append(transition)
    return found


def fold(log: list[Transition]) -> Aggregate:
    aggregate = None
    for transition in log:
        aggregate = apply_transition(aggregate, transition)
    assert aggregate is not None
    return aggregate


def check_sequence(log: list[Transition]) -> None:
    """I4: transitions are numbered 1..n, without hole or repeat."""
    assert [transition.seq for transition in log] == list(range(1, len(log) + 1))


def check_histories(aggregate: Aggregate) -> None:
    """I1, I3: it ended, by legal moves, and every task run has one terminal state."""
    owners: list[tuple[Any, Any]] = [(aggregate.execution, MOVES_OF_EXECUTION)]
    owners += [(run, MOVES_OF_TASKRUN) for run in aggregate.taskruns.values()]
    for owner, moves in owners:
        states = [entry.state for entry in owner.histories]
        assert all(after in moves[before] for before, after in itertools.pairwise(states)), states
        assert states[-1].is_terminal, (owner.id, states)
        retried = states.count(State.RETRYING)
        assert sum(state.is_terminal for state in states) == 1 + retried or owner is aggregate.execution, states


def check_attempts(log: list[Transition]) -> None:
    """I5, I6: each dispatch is answered at most once, and nothing is dispatched after a kill."""
    dispatched: dict[str, int] = defaultdict(int)
    ended: dict[str, int] = defaultdict(int)
    is_killed = False
    inside: set[str] = set()
    """Task runs that a worker made known itself: those in a WorkingDirectory."""
    for transition in log:
        for fact in transition.facts:
            match fact:
                case TaskRunCreated() if fact.parent_taskrun_id in dispatched and fact.place.branch is Branch.TASKS:
                    inside.add(fact.id)
                case TaskRunCreated(task_type=StartPerBatch.TYPE | Subflow.TYPE):
                    dispatched[fact.id] = OFTEN
                case ExecutionMoved(state=State.KILLING):
                    is_killed = True
                case AttemptDispatched():
                    assert not is_killed
                    assert fact.id not in inside
                    dispatched[fact.id] += 1
                    assert fact.token == dispatched[fact.id]
                case AttemptEnded():
                    ended[fact.id] += 1
                    assert ended[fact.id] <= dispatched[fact.id] or fact.id in inside
                case TaskRunMarked():
                    raise AssertionError("nobody marked anything")


def check_snapshots(broker: Broker, live: dict[str, Aggregate]) -> None:
    """I7: the snapshot topics say the same as the fold of the facts."""
    executions = {record.key: record.value for record in broker.history(EXECUTIONS)}
    runs = {record.key: record.value for record in broker.history(TASKRUNS)}
    for execution_id, aggregate in live.items():
        snapshot = msgspec.json.decode(executions[execution_id] or b"", type=Execution)
        assert snapshot == aggregate.execution
        for run in aggregate.taskruns.values():
            assert msgspec.json.decode(runs[f"{execution_id}/{run.id}"] or b"", type=TaskRun) == run
    known = {f"{execution_id}/{run_id}" for execution_id, aggregate in live.items() for run_id in aggregate.taskruns}
    removed = {key for key, value in runs.items() if value and msgspec.json.decode(value, type=TaskRun).is_removed}
    assert removed.isdisjoint(known)
    assert set(runs) == known | removed


def check_rebuild(log: list[Transition]) -> None:
    """I7: at every prefix, what snapshots rebuild is what the facts fold to."""
    folded = None
    for transition in log:
        folded = apply_transition(folded, transition)
        rebuilt = Aggregate.rebuild(folded.execution, folded.taskruns.values())
        # What was removed is counted by the restore: ordinals and numbers are not used again.
        assert replace(rebuilt, created=folded.created, removed=folded.removed, seq=folded.seq) == folded


def check_ends(log: list[Transition]) -> None:
    """What an execution ended as is what its top-level tasks had come to (semantics, 3.4), but for a word from outside."""
    aggregate = None
    for transition in log:
        for fact in transition.facts:
            assert not isinstance(fact, SlotFact)
            if isinstance(fact, ExecutionMoved) and fact.state in ENDS and aggregate is not None:
                before = aggregate.execution.state
                if before is not State.KILLING and before is not State.CREATED and not fact.interrupts:
                    assert fact.state is expected_end(aggregate), (fact, aggregate.execution)
                assert before is not State.KILLING or fact.state is State.KILLED
            aggregate = apply(aggregate, fact, transition)
        assert aggregate is not None
        aggregate = replace(aggregate, seq=transition.seq)


def expected_end(aggregate: Aggregate) -> State:
    """Return the worst state among the task runs of the flow's own `tasks`, of all of them, without any counters."""
    tops = {
        run.state
        for run in aggregate.taskruns.values()
        if run.parent_taskrun_id is None and run.place.branch is Branch.TASKS
    }
    return next(
        (state for state in (State.KILLED, State.FAILED, State.WARNING, State.PAUSED) if state in tops), State.SUCCESS
    )


def check_index(index: Index, live: dict[str, Aggregate]) -> None:
    """I8: after quiet, the index holds the documents that the fold projects to, and no others."""
    index.refresh()
    expected = {}
    for aggregate in live.values():
        document = project_execution(aggregate.execution)
        expected[document.kind, document.id] = document
        for run in aggregate.taskruns.values():
            document = project_taskrun(run)
            expected[document.kind, document.id] = document
    for kind in (Kind.EXECUTIONS, Kind.TASKRUNS):
        page = index.search(Query(kind, size=1_000))
        found = {(document.kind, document.id): document for document in page.documents}
        assert {key: document.version for key, document in found.items()} == {
            key: document.version for key, document in expected.items() if key[0] is kind
        }
        for key, document in found.items():
            assert source_of(document) == source_of(expected[key])

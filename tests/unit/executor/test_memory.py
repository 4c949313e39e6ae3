"""What the executor remembers of who runs what."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from runfold.execution.aggregate import Aggregate
from runfold.execution.model import Execution, TaskRun
from runfold.execution.state import Entry, State
from runfold.executor.memory import Memory

DATE = datetime(2026, 5, 4, tzinfo=UTC)
HISTORY = (Entry(State.CREATED, DATE), Entry(State.RUNNING, DATE))


def test_a_worker_that_ran_what_was_removed_since_may_be_lost() -> None:
    run = TaskRun("tr", "ex", "n", "f", 1, "t", "T", 0, HISTORY, 1, dispatches=1, worker_id="w")
    aggregate = Aggregate.rebuild(Execution("ex", "n", "f", 1, HISTORY, 1), [run, replace(run, id="other", ordinal=1)])
    memory = Memory(timedelta(hours=1))
    memory.remember(aggregate, ["tr", "other"], execution_changed=True)

    memory.remember(aggregate.without(["tr"]), ["tr"], execution_changed=True)

    assert [claim.taskrun_id for claim in memory.lost("w")] == ["other"]

"""
Facts: what happened. Never refused, never changed once released; a new kind is added instead.

A transition is what one claim led to: its facts happen together or not at all, and
`seq` numbers the transitions of an aggregate without holes.
"""

from datetime import datetime

import msgspec

from runfold.execution.claims import Start
from runfold.execution.model import Attempt, Caller, Json, Label, Place, Reply, Struct, TaskRun, Trigger
from runfold.execution.state import History, State


class Fact(Struct, frozen=True, tag_field="type"):
    """The base of all facts."""


class ExecutionCreated(Fact, frozen=True, tag=True):
    """An execution exists; `inputs` are typed, `labels` complete."""

    id: str
    namespace: str
    flow_id: str
    flow_revision: int
    inputs: dict[str, Json] = {}
    labels: tuple[Label, ...] = ()
    variables: dict[str, Json] | None = None
    trigger: Trigger | None = None
    parent_id: str | None = None
    original_id: str = ""
    schedule_date: datetime | None = None
    attempt_number: int = 1
    original_created_date: datetime | None = None
    reply: Reply | None = None
    histories: History = ()
    """Of a replay that begins with task runs: the history so far."""
    caller: Caller | None = None
    """The task run that waits for this execution."""
    templates: dict[str, int] | None = None
    """The templates that the flow uses, by name, and the revision of each that counts for this execution."""


class ExecutionMoved(Fact, frozen=True, tag=True):
    """The execution is in another state. `outputs`: those of the flow, once it ended."""

    state: State
    outputs: dict[str, Json] | None = None
    attempt_number: int | None = None
    """A restart counts one up."""
    for_caller: dict[str, Json] | None = None
    """What the caller's own templates make of the outputs."""
    caller_error: str | None = None
    interrupts: bool = False
    """What still runs is to be interrupted: a promise was broken."""


class ExecutionWaits(Fact, frozen=True, tag=True):
    """A timer looks at the execution at this date (None: no more)."""

    until: datetime | None


class ExecutionDeleted(Fact, frozen=True, tag=True):
    """
    The execution is no more, and nothing follows; alone in its transition.

    `state`: how it had ended. Its transition's number need not be the next one: whoever asked
    for the end of something long forgotten knows the number only by what they have seen.
    """

    namespace: str
    flow_id: str
    flow_revision: int
    state: State
    logs: bool = True
    metrics: bool = True
    files: bool = True
    actor: str | None = None


class LabelsSet(Fact, frozen=True, tag=True):
    """The execution's labels, all of them, as they are now."""

    labels: tuple[Label, ...]


class TaskRunCreated(Fact, frozen=True, tag=True):
    """A task run exists, in state CREATED. Its ordinal is the number of those before it."""

    id: str
    task_id: str
    task_type: str
    place: Place
    parent_taskrun_id: str | None = msgspec.field(default=None, name="parentTaskRunId")
    value: str | None = None
    iteration: int | None = None
    outputs: dict[str, Json] | None = None


class ValuesResolved(Fact, frozen=True, tag=True):
    """The next values that a loop goes over, in order; a long list comes in several facts."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    values: tuple[str, ...]


class TaskRunMoved(Fact, frozen=True, tag=True):
    """The task run is in another state. `at`: since when, if not since the transition's own time."""

    id: str
    state: State
    at: datetime | None = None
    outputs: dict[str, Json] | None = None
    error: str | None = None


class AttemptDispatched(Fact, frozen=True, tag=True):
    """Work for a worker; `token` numbers the dispatches of the task run from 1."""

    id: str
    token: int


class AttemptStarted(Fact, frozen=True, tag=True):
    """A worker said that it runs this attempt since `at`."""

    id: str
    token: int
    worker_id: str
    at: datetime


class AttemptEnded(Fact, frozen=True, tag=True):
    """An attempt is over; the task run's own state follows in a fact of its own."""

    id: str
    attempt: Attempt


class WorkAnswered(Fact, frozen=True, tag=True):
    """A worker is done with a WorkingDirectory: how it ends follows from its children. It leaves no attempt."""

    id: str
    token: int
    outputs: dict[str, Json] | None = None


class BatchesCounted(Fact, frozen=True, tag=True):
    """How many executions of a ForEachItem are in which state. `ended`: the batch whose execution just ended."""

    id: str
    iterations: dict[str, int]
    ended: int | None = None


class TaskRunWaits(Fact, frozen=True, tag=True):
    """A timer looks at the task run at this date: a retry, the end of a pause, the next round of a loop."""

    id: str
    at: datetime


class RoundBegun(Fact, frozen=True, tag=True):
    """A loop begins again: its history is that of a task run just created, its attempts are gone."""

    id: str
    iteration: int
    outputs: dict[str, Json]


class TaskRunMarked(Fact, frozen=True, tag=True):
    """A person put the task run, and its last attempt, into this state, whatever it was before."""

    id: str
    state: State


class TaskRunsRemoved(Fact, frozen=True, tag=True):
    """These task runs are no part of the execution any more: a restart makes them anew."""

    ids: tuple[str, ...]


class TaskRunsCopied(Fact, frozen=True, tag=True):
    """A replay begins with these task runs of another execution, under ids of its own."""

    taskruns: tuple[TaskRun, ...] = msgspec.field(name="taskRuns")


class SlotWanted(Fact, frozen=True, tag=True):
    """The execution asks its flow's queue for a slot; `is_forced`: it runs already, the queue only counts."""

    is_forced: bool = False


class SlotTaken(Fact, frozen=True, tag=True):
    """Of a queue: the execution runs. `is_forced`: it did not ask."""

    execution_id: str
    is_forced: bool = False


class SlotWaits(Fact, frozen=True, tag=True):
    """Of a queue: the execution waits for a slot."""

    execution_id: str


class SlotRefused(Fact, frozen=True, tag=True):
    """Of a queue: there was no slot, and the flow's behavior is not to wait."""

    execution_id: str
    state: State


class SlotLeft(Fact, frozen=True, tag=True):
    """Of a queue: the execution runs and waits no more."""

    execution_id: str


class KillAsked(Fact, frozen=True, tag=True):
    """Another execution is to end because this one is killed: a subflow."""

    execution_id: str


class BatchKillsAsked(Fact, frozen=True, tag=True):
    """The executions of a ForEachItem that have not ended are to end because this one is killed."""

    id: str


class StartAsked(Fact, frozen=True, tag=True):
    """Another execution is to start because of this one: a retry as a new execution, a subflow."""

    start: Start


class WishNoted(Fact, frozen=True, tag=True):
    """Who asked for what this transition did, and why; `wish`: the kind of the claim. It changes nothing by itself."""

    wish: str
    actor: str | None = None
    note: str | None = None


class ResultCameLate(Fact, frozen=True, tag=True):
    """A worker reported on an attempt that counts no more; it is recorded and changes nothing."""

    id: str
    token: int
    state: State


ExecutionFact = (
    ExecutionCreated
    | ExecutionMoved
    | ExecutionWaits
    | ExecutionDeleted
    | LabelsSet
    | TaskRunCreated
    | ValuesResolved
    | TaskRunMoved
    | AttemptDispatched
    | AttemptStarted
    | AttemptEnded
    | WorkAnswered
    | BatchesCounted
    | BatchKillsAsked
    | TaskRunWaits
    | RoundBegun
    | TaskRunMarked
    | TaskRunsRemoved
    | TaskRunsCopied
    | SlotWanted
    | StartAsked
    | KillAsked
    | ResultCameLate
    | WishNoted
)


SlotFact = SlotTaken | SlotWaits | SlotRefused | SlotLeft
AnyFact = ExecutionFact | SlotFact
"""Whatever may stand in a transition: of an execution, or of a flow's queue."""


OfExecution = (
    ExecutionCreated
    | ExecutionMoved
    | ExecutionWaits
    | ExecutionDeleted
    | LabelsSet
    | SlotWanted
    | StartAsked
    | KillAsked
    | WishNoted
)


def taskruns_of(fact: ExecutionFact) -> tuple[str, ...]:
    """Return the ids of the task runs that a fact changes; none: it changes the execution."""
    # By far the most facts first: this is asked of each of them.
    if isinstance(fact, (TaskRunMoved, AttemptEnded, AttemptDispatched, TaskRunCreated)):
        return (fact.id,)
    match fact:
        case ValuesResolved():
            return (fact.taskrun_id,)
        case TaskRunsRemoved():
            return fact.ids
        case TaskRunsCopied():
            return tuple(run.id for run in fact.taskruns)
    return () if isinstance(fact, OfExecution) else (fact.id,)


class Transition(Struct, frozen=True):
    """One record of the topic `facts`. `cause`: the id of the claim that it followed from."""

    aggregate: str
    seq: int
    at: datetime
    cause: str
    facts: tuple[AnyFact, ...]

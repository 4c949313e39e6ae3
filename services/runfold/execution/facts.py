"""
Facts: what happened. Never refused, never changed once released; a new kind is added instead.

A transition is what one claim led to: its facts happen together or not at all, and
`seq` numbers the transitions of an aggregate without holes.
"""

from datetime import datetime

import msgspec

from runfold.execution.claims import Start
from runfold.execution.model import Attempt, Json, Label, Place, Reply, Struct, Trigger
from runfold.execution.state import State


class Fact(Struct, tag_field="type"):
    """The base of all facts."""


class ExecutionCreated(Fact, tag=True):
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


class ExecutionMoved(Fact, tag=True):
    """The execution is in another state. `outputs`: those of the flow, once it ended."""

    state: State
    outputs: dict[str, Json] | None = None
    reason: str | None = None
    """Why, for people; None where the state says it all."""


class ExecutionWaits(Fact, tag=True):
    """A timer looks at the execution at this date (None: no more)."""

    until: datetime | None


class LabelsSet(Fact, tag=True):
    """The execution's labels, all of them, as they are now."""

    labels: tuple[Label, ...]


class TaskRunCreated(Fact, tag=True):
    """A task run exists, in state CREATED. Its ordinal is the number of those before it."""

    id: str
    task_id: str
    task_type: str
    place: Place
    parent_taskrun_id: str | None = msgspec.field(default=None, name="parentTaskRunId")
    value: str | None = None
    iteration: int | None = None
    outputs: dict[str, Json] | None = None


class ValuesResolved(Fact, tag=True):
    """The next values that a loop goes over, in order; a long list comes in several facts."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    values: tuple[str, ...]


class TaskRunMoved(Fact, tag=True):
    """The task run is in another state. `at`: since when, if not since the transition's own time."""

    id: str
    state: State
    at: datetime | None = None
    outputs: dict[str, Json] | None = None
    error: str | None = None


class AttemptDispatched(Fact, tag=True):
    """Work for a worker; `token` numbers the dispatches of the task run from 1."""

    id: str
    token: int


class AttemptStarted(Fact, tag=True):
    """A worker said that it runs this attempt since `at`."""

    id: str
    token: int
    worker_id: str
    at: datetime


class AttemptEnded(Fact, tag=True):
    """An attempt is over; the task run's own state follows in a fact of its own."""

    id: str
    attempt: Attempt


class RetryPlanned(Fact, tag=True):
    """The task run is tried again at this date."""

    id: str
    at: datetime


class StartAsked(Fact, tag=True):
    """Another execution is to start because of this one: a retry as a new execution, a subflow."""

    start: Start


class ResultCameLate(Fact, tag=True):
    """A worker reported on an attempt that counts no more; it is recorded and changes nothing."""

    id: str
    token: int
    state: State


AnyFact = (
    ExecutionCreated
    | ExecutionMoved
    | ExecutionWaits
    | LabelsSet
    | TaskRunCreated
    | ValuesResolved
    | TaskRunMoved
    | AttemptDispatched
    | AttemptStarted
    | AttemptEnded
    | RetryPlanned
    | StartAsked
    | ResultCameLate
)


ExecutionFact = ExecutionCreated | ExecutionMoved | ExecutionWaits | LabelsSet | StartAsked
"""Facts that change the execution itself, not one of its task runs."""


def taskrun_of(fact: AnyFact) -> str | None:
    """Return the id of the task run that a fact changes; None: it changes the execution."""
    if isinstance(fact, ExecutionFact):
        return None
    return fact.taskrun_id if isinstance(fact, ValuesResolved) else fact.id


class Transition(Struct):
    """One record of the topic `facts`. `cause`: the id of the claim that it followed from."""

    aggregate: str
    seq: int
    at: datetime
    cause: str
    facts: tuple[AnyFact, ...]

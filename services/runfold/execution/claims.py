"""
Claims: whoever wants something of an execution says it with one. A claim may be late, double or void.

`id` tells claims apart: a transition names it as its cause.
"""

from datetime import datetime

import msgspec

from runfold.execution.model import Json, Label, Metric, Reply, Struct, Trigger
from runfold.execution.state import State


class Claim(Struct, tag_field="type"):
    """The base of all claims: which execution, and the claim's own id."""

    execution_id: str
    id: str


class Start(Claim, tag=True):
    """Create the execution and run it. `inputs` are typed and validated, `labels` those given."""

    namespace: str
    flow_id: str
    flow_revision: int
    inputs: dict[str, Json] = {}
    labels: tuple[Label, ...] = ()
    variables: dict[str, Json] | None = None
    trigger: Trigger | None = None
    parent_id: str | None = None
    original_id: str | None = None
    schedule_date: datetime | None = None
    attempt_number: int = 1
    original_created_date: datetime | None = None
    reply: Reply | None = None


class Kill(Claim, tag=True):
    """End the execution; what runs is interrupted."""

    cascade: bool = True
    actor: str | None = None
    note: str | None = None


class TaskStarted(Claim, tag=True):
    """A worker runs this attempt, and has done so for a while."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str
    at: datetime


class TaskEnded(Claim, tag=True):
    """
    A worker is done with this attempt.

    `state`: SUCCESS, WARNING, FAILED or KILLED, as the task left it; retries and
    `allowFailure` are the executor's business.
    """

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str
    started_at: datetime
    ended_at: datetime
    state: State
    outputs: dict[str, Json] | None = None
    metrics: tuple[Metric, ...] = ()
    error: str | None = None
    log_file: str | None = None


class TaskReleased(Claim, tag=True):
    """A worker that shuts down gives the attempt back unfinished."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str


class WorkerLost(Claim, tag=True):
    """The worker that ran this attempt is silent; made by the executor itself."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str


class DispatchFailed(Claim, tag=True):
    """The work could not be put into a record (too large); made by the executor itself."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    reason: str


class TimerDue(Claim, tag=True):
    """A date that the execution or one of its task runs waits for is here."""

    taskrun_id: str | None = msgspec.field(default=None, name="taskRunId")


class Continue(Claim, tag=True):
    """Go on with what state leaves to do: a fan-out larger than one transition, or a restored execution."""

    parents: tuple[str, ...] | None = None
    """Whose children to go on with; None: all that is open."""


AnyClaim = (
    Start | Kill | TaskStarted | TaskEnded | TaskReleased | WorkerLost | DispatchFailed | TimerDue | Continue
)


class Work(Struct):
    """
    One record of `tasks.<group>`: an attempt for a worker to run.

    `task`: the definition as the author wrote it, plugin defaults in; `variables`: that
    part of the expression context which its templates read. `attempts_before`: ended
    attempts of this task run.
    """

    execution_id: str
    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    namespace: str
    flow_id: str
    flow_revision: int
    task_id: str
    task: msgspec.Raw
    variables: dict[str, Json]
    attempts_before: int = 0
    labels: tuple[Label, ...] = ()


class KillOrder(Struct):
    """One record of `kills`, for all workers: interrupt what runs for this execution, refuse what comes."""

    execution_id: str


class Heartbeat(Struct):
    """One record of `workers`, key worker id. `stopping`: it takes no more work."""

    worker_id: str
    at: datetime
    group: str = "default"
    slots: int = 0
    running: int = 0
    host: str = ""
    version: str = ""
    stopping: bool = False


class LogEntry(Struct):
    """One line of a task's log, as the topic `logs` and the API carry it."""

    namespace: str
    flow_id: str
    execution_id: str
    timestamp: datetime
    level: str
    message: str
    task_id: str | None = None
    taskrun_id: str | None = msgspec.field(default=None, name="taskRunId")
    attempt_number: int | None = None
    thread: str = ""
    trigger_id: str | None = None


class MetricEntry(Struct):
    """One measurement, as the topic `metrics` and the API carry it; timers in milliseconds."""

    namespace: str
    flow_id: str
    execution_id: str
    task_id: str
    taskrun_id: str = msgspec.field(name="taskRunId")
    type: str
    name: str
    value: float
    timestamp: datetime
    tags: dict[str, str] = {}

"""
Claims: whoever wants something of an execution says it with one. A claim may be late, double or void.

`id` tells claims apart: a transition names it as its cause.
"""

from datetime import datetime

import msgspec

from runfold.execution.model import Caller, Json, Label, Metric, Reply, Struct, TaskRun, Trigger
from runfold.execution.state import History, State


class Claim(Struct, frozen=True, tag_field="type"):
    """The base of all claims: which execution, and the claim's own id."""

    execution_id: str
    id: str

    @property
    def aggregate(self) -> str:
        """Whose business it is: the key of its record."""
        return self.execution_id


class Wish(Claim, frozen=True, kw_only=True):
    """What a person may ask for, through whichever door: who they are, as they say it, and why they do it."""

    actor: str | None = None
    note: str | None = None


class Start(Wish, frozen=True, tag=True):
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
    taskruns: tuple[TaskRun, ...] = msgspec.field(default=(), name="taskRuns")
    """Of a replay: those that it begins with."""
    histories: History = ()
    """Of a replay that begins with task runs: the execution's history so far."""
    caller: Caller | None = None
    """The task run that waits for this execution."""
    templates: dict[str, int] | None = None
    """Of a replay: the revisions of templates that it goes on with; None: the newest."""

    def called_by(self, caller: Caller) -> "Start":
        """Return the claim with whom to tell of the end."""
        return msgspec.structs.replace(self, caller=caller)


class Kill(Wish, frozen=True, tag=True):
    """End the execution; what runs is interrupted."""

    cascade: bool = True


class Pause(Wish, frozen=True, tag=True):
    """Start nothing more; what runs goes on."""


class Resume(Wish, frozen=True, tag=True):
    """Go on with an execution that was paused. `inputs`: what a Pause task asked for, typed."""

    inputs: dict[str, Json] | None = None


class ForceRun(Wish, frozen=True, tag=True):
    """Run an execution that waits: for its date, for a slot of its flow, for a resume."""


class SetLabels(Wish, frozen=True, tag=True):
    """Give the execution these labels, all of them."""

    labels: tuple[Label, ...]


class ChangeStatus(Wish, frozen=True, tag=True):
    """Put an ended execution into another terminal state."""

    state: State


class ChangeState(Wish, frozen=True, tag=True):
    """Put a task run into a state that a person decided on; the execution goes on from there."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    state: State


class Restart(Wish, frozen=True, tag=True):
    """Run again what failed, in the same execution."""


class Delete(Wish, frozen=True, tag=True):
    """
    Forget the execution with all that belongs to it; executions that it started stay.

    `flow_revision`, `state` and `seq`: as whoever asks has seen them last, for an execution that ended
    so long ago that the engine remembers nothing of it. `is_forced`: also if it has not ended.
    """

    namespace: str
    flow_id: str
    flow_revision: int
    state: State
    seq: int
    logs: bool = True
    metrics: bool = True
    files: bool = True
    is_forced: bool = False


class ChildEnded(Claim, frozen=True, tag=True):
    """An execution that a task run started has ended."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    child_id: str
    state: State
    original_id: str = ""
    """The execution that the task run started, where `child_id` took its place as a retry."""
    outputs: dict[str, Json] | None = None
    item: int | None = None
    error: str | None = None
    """Why the outputs that the caller wants could not be had."""


class SlotDecided(Claim, frozen=True, tag=True):
    """
    What the queue of the execution's flow answers.

    `state`: RUNNING (it has a slot), QUEUED (it waits for one), CANCELLED or FAILED (there was none).
    """

    state: State


class AskSlot(Claim, frozen=True, tag=True):
    """To a flow's queue: may this execution run? `is_forced`: it does, whatever the limit."""

    namespace: str
    flow_id: str
    limit: int
    behavior: str
    is_forced: bool = False

    @property
    def aggregate(self) -> str:
        return queue_id(self.namespace, self.flow_id)


class LeaveSlot(Claim, frozen=True, tag=True):
    """To a flow's queue: this execution has ended."""

    namespace: str
    flow_id: str
    limit: int

    @property
    def aggregate(self) -> str:
        return queue_id(self.namespace, self.flow_id)


def queue_id(namespace: str, flow_id: str) -> str:
    """Return the id of the aggregate that counts a flow's running executions."""
    return f"queue:{namespace}.{flow_id}"


class TaskStarted(Claim, frozen=True, tag=True):
    """A worker runs this attempt, and has done so for a while."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str
    at: datetime


class DynamicRun(Struct, frozen=True):
    """A piece of its work that an attempt tells of as a task run of its own, which has ended."""

    task_id: str
    state: State = State.SUCCESS
    value: str | None = None
    outputs: dict[str, Json] | None = None


class TaskEnded(Claim, frozen=True, tag=True):
    """
    A worker is done with this attempt.

    `state`: SUCCESS, WARNING, FAILED or KILLED, as the task left it; retries and
    `allowFailure` are the executor's business. `inputs`: what the task's properties were
    rendered to, for people only: masked and cut. `dynamic`: see `DynamicRun`.
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
    inputs: dict[str, Json] | None = None
    dynamic: tuple[DynamicRun, ...] = ()


class InnerTaskRan(Claim, frozen=True, tag=True):
    """
    A worker ran, or runs, a task of the WorkingDirectory whose dispatch `token` is.

    `state`: RUNNING (then there is no end yet), SKIPPED, or how the attempt ended. `attempt`
    numbers the attempts of that task from 0; `is_tried_again`: another one follows this failed one.
    """

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str
    task_id: str
    state: State
    started_at: datetime
    ended_at: datetime | None = None
    attempt: int = 0
    is_tried_again: bool = False
    outputs: dict[str, Json] | None = None
    metrics: tuple[Metric, ...] = ()
    error: str | None = None
    log_file: str | None = None
    inputs: dict[str, Json] | None = None


class TaskReleased(Claim, frozen=True, tag=True):
    """A worker that shuts down gives the attempt back unfinished."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str


class WorkerLost(Claim, frozen=True, tag=True):
    """The worker that ran this attempt is silent; made by the executor itself."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    worker_id: str


class DispatchFailed(Claim, frozen=True, tag=True):
    """The work could not be put into a record (too large); made by the executor itself."""

    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int
    reason: str


class TimerDue(Claim, frozen=True, tag=True):
    """A date that the execution or one of its task runs waits for is here."""

    taskrun_id: str | None = msgspec.field(default=None, name="taskRunId")


class Continue(Claim, frozen=True, tag=True):
    """Go on with what state leaves to do: a fan-out larger than one transition, or a restored execution."""

    parents: tuple[str, ...] | None = None
    """Whose children to go on with; None: all that is open."""


ExecutionClaim = (
    Start
    | Kill
    | Pause
    | Resume
    | ForceRun
    | SetLabels
    | ChangeStatus
    | ChangeState
    | Restart
    | ChildEnded
    | SlotDecided
    | TaskStarted
    | TaskEnded
    | InnerTaskRan
    | TaskReleased
    | WorkerLost
    | DispatchFailed
    | TimerDue
    | Continue
)
QueueClaim = AskSlot | LeaveSlot
AnyClaim = ExecutionClaim | QueueClaim | Delete
"""Whatever may stand in the topic `claims`."""


class Work(Struct, frozen=True):
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


class KillOrder(Struct, frozen=True):
    """One record of `kills`, for all workers: interrupt what runs for this execution, refuse what comes."""

    execution_id: str


class Heartbeat(Struct, frozen=True):
    """One record of `workers`, key worker id. `stopping`: it takes no more work."""

    worker_id: str
    at: datetime
    group: str = "default"
    slots: int = 0
    running: int = 0
    host: str = ""
    version: str = ""
    stopping: bool = False


class LogEntry(Struct, frozen=True):
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


class MetricEntry(Struct, frozen=True):
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

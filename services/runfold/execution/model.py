"""
Executions and task runs, as snapshots carry them.

One record per entity: an execution without its task runs, and each task run. Both
carry `seq`, the number of the transition that made them. JSON is camelCase.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from runfold.execution.state import History, State

Json = Any
"""Free-form JSON of users: inputs, outputs, variables."""


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """
    A record on the wire: unknown fields are ignored, defaults are left out.

    What comes from JSON and never changes has no cycles: the garbage collector need not look at it,
    which is most of the cost of reading many (40,000 facts: decoded in 60 ms instead of 200).
    """


class Label(Struct, frozen=True):
    """A key and its value; an execution may hold a key twice, the first one counts."""

    key: str
    value: str


class Trigger(Struct, frozen=True):
    """What started an execution: a trigger of a flow, or a task of another execution."""

    id: str
    type: str
    variables: dict[str, Json] = {}


class Reply(Struct, frozen=True):
    """Where the one who asked wants the answers: a topic, and their own id to tell them apart."""

    topic: str
    correlation_id: str | None = None


class Caller(Struct, frozen=True):
    """The task run that started an execution and waits for it. `item`: which of its items, of ForEachItem."""

    execution_id: str
    taskrun_id: str = msgspec.field(name="taskRunId")
    item: int | None = None
    outputs: dict[str, Json] | None = None
    """Templates over the child's outputs that its caller wants instead of the flow's own outputs."""


class Deletion(Struct, frozen=True):
    """Since when an execution is deleted, who wanted it, and what goes with it."""

    at: datetime
    logs: bool = True
    metrics: bool = True
    files: bool = True
    actor: str | None = None


class Execution(Struct, frozen=True):
    """One run of a flow, without its task runs."""

    id: str
    namespace: str
    flow_id: str
    flow_revision: int
    histories: History
    seq: int = 0
    inputs: dict[str, Json] = {}
    outputs: dict[str, Json] | None = None
    labels: tuple[Label, ...] = ()
    variables: dict[str, Json] | None = None
    trigger: Trigger | None = None
    parent_id: str | None = None
    original_id: str = ""
    schedule_date: datetime | None = None
    attempt_number: int = 1
    original_created_date: datetime | None = None
    reply: Reply | None = None
    caller: Caller | None = None
    templates: dict[str, int] | None = None
    """Of the templates that its flow uses, by name: the revision that it began with."""
    wake_at: datetime | None = None
    taskrun_count: int = 0
    """Task runs made so far, as of its last move."""
    deletion: Deletion | None = None
    """It is deleted: nothing else of it is here but its name."""

    @property
    def state(self) -> State:
        return self.histories[-1].state


class Metric(Struct, frozen=True):
    """What a task measured: a counter's number, or a timer's seconds."""

    name: str
    type: str
    value: float
    tags: dict[str, str] = {}


class Attempt(Struct, frozen=True):
    """
    One try of a task run. `worker_id`: who ran it; `error`: why it failed, for people.

    `inputs`: the task's own properties as they were rendered, secrets masked and long ones cut.
    """

    histories: History
    worker_id: str | None = None
    metrics: tuple[Metric, ...] = ()
    error: str | None = None
    log_file: str | None = None
    inputs: dict[str, Json] | None = None

    @property
    def state(self) -> State:
        return self.histories[-1].state


class Branch(StrEnum):
    """Which list of a parent a task run belongs to."""

    TASKS = "tasks"
    ERRORS = "errors"
    FINALLY = "finally"
    AFTER = "after"
    DYNAMIC = "dynamic"
    """What a task of a worker did itself, piece by piece, and told of: no task of the flow."""


class Place(Struct, frozen=True, gc=False):
    """
    Where a task run stands among its siblings.

    A parent's children run in lanes: one after the other within a lane, lanes side by
    side. `is_last`: no step follows in this lane.
    """

    branch: Branch = Branch.TASKS
    lane: int = 0
    step: int = 0
    is_last: bool = True


class TaskRun(Struct, frozen=True):
    """One task of one execution, with all its attempts."""

    id: str
    execution_id: str
    namespace: str
    flow_id: str
    flow_revision: int
    task_id: str
    task_type: str
    ordinal: int
    histories: History
    seq: int = 0
    place: Place = Place()
    parent_taskrun_id: str | None = msgspec.field(default=None, name="parentTaskRunId")
    value: str | None = None
    iteration: int | None = None
    values: tuple[str, ...] | None = None
    """The values that a loop goes over, each as text."""
    attempts: tuple[Attempt, ...] = ()
    outputs: dict[str, Json] | None = None
    labels: tuple[Label, ...] = ()
    """Those of its execution: what the search filters by."""
    trigger_execution_id: str | None = None
    dispatches: int = 0
    """How often it was given to workers; the last number is the token of the attempt under way."""
    answered: int = 0
    """The last token on which a worker's report was taken or recorded as late: doubles are void."""
    worker_id: str | None = None
    """Who said to have started it, while it runs."""
    wake_at: datetime | None = None
    """When a timer looks at it again (a retry's date)."""
    error: str | None = None
    batches_ended: bytes = b""
    """Of a ForEachItem: a bit for each batch whose execution has ended, so that doubles are void."""
    is_removed: bool = False
    """No part of its execution any more: a restart made it anew. The index lets go of it."""

    @property
    def state(self) -> State:
        return self.histories[-1].state

    @property
    def inputs(self) -> dict[str, Json] | None:
        """What its last attempt that tells so was given."""
        return next((attempt.inputs for attempt in reversed(self.attempts) if attempt.inputs is not None), None)


def label_map(labels: tuple[Label, ...]) -> Mapping[str, str]:
    """Return labels as a map; of a key given twice the first value counts."""
    return {label.key: label.value for label in reversed(labels)}

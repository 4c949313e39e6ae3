"""
THE MAP: every topic with its key, writers, readers, partitions, cleanup and record.

Subscriptions, `runfold topics plan|apply`, the compose file's checks and the docs come
from this table. Names are without the configured prefix.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PARTITIONS: Final = 12
"""Divides by 2, 3, 4 and 6; keyed topics can't grow later without migration."""

DEFAULT_GROUP: Final = "default"
"""The worker group of tasks that name none."""


class Cleanup(StrEnum):
    """What Kafka does with old records. KEEP: delete, after a long retention."""

    DELETE = "delete"
    KEEP = "keep"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; `key` and `record` in words for the docs, `schema` the printed file under schemas/records/."""

    name: str
    key: str
    record: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    cleanup: Cleanup = Cleanup.DELETE
    partitions: int = PARTITIONS
    schema: str | None = None


REQUESTS: Final = "requests"
CLAIMS: Final = "claims"
FACTS: Final = "facts"
EXECUTIONS: Final = "executions"
TASKRUNS: Final = "taskruns"
TASKS: Final = "tasks"
KILLS: Final = "kills"
WORKERS: Final = "workers"
FLOWS: Final = "flows"
TEMPLATES: Final = "templates"
VIEWS: Final = "views"
QUEUES: Final = "queues"
LOGS: Final = "logs"
METRICS: Final = "metrics"
DEAD_LETTERS: Final = "dead-letters"

TOPICS: Final = (
    Topic(REQUESTS, "any", "an execution request", ("anyone",), ("executor",), schema="request"),
    Topic(
        CLAIMS,
        "execution id",
        "what someone wants of an execution",
        ("webserver", "worker", "executor"),
        ("executor",),
        schema="claim",
    ),
    Topic(
        FACTS,
        "execution id",
        "a transition: what happened",
        ("executor",),
        ("indexer",),
        Cleanup.KEEP,
        schema="transition",
    ),
    Topic(
        EXECUTIONS,
        "execution id",
        "an execution without its task runs",
        ("executor",),
        ("executor", "indexer", "webserver"),
        Cleanup.COMPACT,
        schema="execution",
    ),
    Topic(
        TASKRUNS,
        "execution id / task run id",
        "a task run",
        ("executor",),
        ("executor", "indexer", "webserver"),
        Cleanup.COMPACT,
        schema="taskrun",
    ),
    Topic(
        QUEUES,
        "queue id",
        "which executions of a flow hold a slot or wait",
        ("executor",),
        ("executor",),
        Cleanup.COMPACT,
        schema="queue",
    ),
    Topic(f"{TASKS}.{DEFAULT_GROUP}", "task run id", "an attempt to run", ("executor",), ("worker",), schema="work"),
    Topic(
        KILLS,
        "execution id",
        "an execution whose work is to stop",
        ("executor",),
        ("worker",),
        partitions=1,
        schema="kill",
    ),
    Topic(
        WORKERS, "worker id", "a worker's heartbeat", ("worker",), ("executor",), Cleanup.COMPACT, 1, schema="heartbeat"
    ),
    Topic(
        FLOWS,
        "namespace.flow id.revision",
        "a flow's source",
        ("webserver",),
        ("executor", "webserver"),
        Cleanup.COMPACT,
        1,
        schema="flow-record",
    ),
    Topic(
        TEMPLATES,
        "namespace.template id.revision",
        "a template's source",
        ("webserver",),
        ("executor", "webserver"),
        Cleanup.COMPACT,
        1,
        schema="template-record",
    ),
    Topic(VIEWS, "view id", "a saved view", ("webserver",), ("webserver",), Cleanup.COMPACT, 1, schema="view"),
    Topic(LOGS, "execution id", "a log line of a task", ("worker", "executor"), ("indexer", "webserver"), schema="log"),
    Topic(METRICS, "execution id", "a measurement of a task", ("worker",), ("indexer",), schema="metric"),
    Topic(
        DEAD_LETTERS,
        "as it came",
        "a record that nobody could read, with its place and the error",
        ("executor", "worker", "indexer"),
        ("people",),
        Cleanup.KEEP,
        1,
        schema="dead-letter",
    ),
)


def topic(name: str) -> Topic:
    """Return the topic of that name. Raises: KeyError."""
    return {entry.name: entry for entry in TOPICS}[name]


def tasks_topic(group: str) -> str:
    """Return the topic that workers of `group` read."""
    return f"{TASKS}.{group}"


def is_known(name: str) -> bool:
    """Return whether a topic of that name is the engine's own: nobody's answers may go there."""
    return name.startswith(f"{TASKS}.") or any(entry.name == name for entry in TOPICS)

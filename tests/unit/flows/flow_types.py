"""Task types and shorthands for the tests of flows."""

from typing import Any, ClassVar

import pytest

from runfold.errors import FlowInvalid, Violation
from runfold.flows.flowable import FLOWABLES
from runfold.flows.model import Flow
from runfold.flows.parse import parse_flow
from runfold.flows.schema import Text
from runfold.flows.task import Level, RunnableTask, Task, TaskTypes

CORE = "io.kestra.plugin.core"
FLOW = f"{CORE}.flow"
LOG = f"{CORE}.log.Log"


class Log(RunnableTask):
    TYPE: ClassVar[str] = LOG

    message: Any
    level: Level | None = None


class Return(RunnableTask):
    TYPE: ClassVar[str] = f"{CORE}.debug.Return"

    format: Text | None = None


class Echo(Return):
    TYPE: ClassVar[str] = f"{CORE}.debug.Echo"
    DEPRECATED: ClassVar[bool] = True
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ("format",)


TYPES = TaskTypes.of(*FLOWABLES, Log, Return, Echo)

HEAD = "id: f\nnamespace: n\n"
ONE_TASK = f"tasks:\n  - id: a\n    type: {LOG}\n    message: hi\n"


def flow(body: str, head: str = HEAD) -> Flow:
    return parse_flow(head + body, TYPES)


def wrong(body: str, head: str = HEAD) -> tuple[Violation, ...]:
    with pytest.raises(FlowInvalid) as caught:
        flow(body, head)
    return caught.value.violations


def texts(body: str, head: str = HEAD) -> list[str]:
    return [str(violation) for violation in wrong(body, head)]


def task(body: str) -> Task:
    """The one task of a flow, written as a YAML map in braces."""
    return flow(f"tasks:\n  - {body}\n").tasks[0]


def log(task_id: str, more: str = "") -> str:
    return f"{{id: {task_id}, type: {LOG}, message: hi{more}}}"

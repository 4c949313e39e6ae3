"""Tasks that workers run."""

import uuid
from typing import Any, ClassVar, Final

from runfold.execution.claims import DynamicRun
from runfold.execution.state import State
from runfold.flows.inputs import ENCRYPTED_TYPE
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext, TaskFailed

LARGE: Final = 1_100_000
INDEXED_S: Final = 10.0
ASKED_EACH_S: Final = 0.1


class NullOutput(RunnableTask):
    """Give an output that is null."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.NullOutputTask"

    def run(self, context: RunContext) -> Outputs:  # noqa: ARG002 - it needs nothing
        return {"value": None}


class Read(RunnableTask):
    """Give the text of a file of the working directory."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.Read"

    path: Text

    def run(self, context: RunContext) -> Outputs:
        path = context.storage.working_dir / (context.render(self.path) or "").lstrip("/")
        return {"value": path.read_text(encoding="utf-8")}


class TaskWithAlias(RunnableTask):
    """Log a message."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.test.TaskWithAlias"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.runners.test.task.Alias",)

    message: Text

    def run(self, context: RunContext) -> Outputs:
        context.logger.info(context.render(self.message) or "")
        return None


class TaskThatFail(RunnableTask):
    """Fail with outputs."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.test.TaskThatFail"

    message: Text

    def run(self, context: RunContext) -> Outputs:
        message = context.render(self.message) or ""
        raise TaskFailed(message, {"message": message})


class TooLarge(RunnableTask):
    """Give more than a record holds."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.test.WorkerTaskResultTooLarge"

    def run(self, context: RunContext) -> Outputs:  # noqa: ARG002 - it needs nothing
        return {"value": "a" * LARGE}


class Encrypted(RunnableTask):
    """Give a sealed output."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.Encrypted"

    format: Text

    def run(self, context: RunContext) -> Outputs:
        text, seal = context.render(self.format) or "", context.storage.encrypt
        return {"value": text if seal is None else {"type": ENCRYPTED_TYPE, "value": seal(text)}}


class Dynamic(RunnableTask):
    """Tell of one task run more, and fail if wanted."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.DynamicTask"

    fail: bool = False

    def run(self, context: RunContext) -> Outputs:
        own: str = context.variables["taskrun"]["id"]
        state = State.FAILED if self.fail else State.SUCCESS
        context.tell(DynamicRun(uuid.uuid4().hex, state, value=own))
        if self.fail:
            raise TaskFailed("The task fails")
        return None


class OwnExecution(RunnableTask):
    """Wait until its own execution has ended in the index, and give all that is known of it."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.ListenersTestTask"

    def run(self, context: RunContext) -> Outputs:
        until_s = context.monotonic() + INDEXED_S
        while context.monotonic() < until_s:
            found = context.storage.executions.find(context.namespace, context.variables["execution"]["id"])
            if found is not None and State(found["state"]["current"]).is_terminal:
                return {"value": ", ".join(f"{key}={value}" for key, value in found.items())}
            context.wait(ASKED_EACH_S)
        raise TaskFailed("The execution has not ended")


class DefaultTester(RunnableTask):
    """Have properties that plugin defaults fill."""

    TYPE: ClassVar[str] = "io.kestra.core.services.PluginDefaultServiceTest$DefaultTester"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.services.DefaultTesterAlias",)

    property: dict[str, Any] | None = None
    value: int | None = None
    double_value: float | None = None
    set: int | None = None
    arrays: tuple[int, ...] = ()
    default_value: Text = "default"

    def run(self, context: RunContext) -> Outputs:  # noqa: ARG002 - it needs nothing
        return None


class DefaultPrecedenceTester(RunnableTask):
    """Have properties that plugin defaults fill."""

    TYPE: ClassVar[str] = "io.kestra.core.services.PluginDefaultServiceTest$DefaultPrecedenceTester"

    prop_foo: Text | None = None
    prop_bar: Text | None = None
    prop_baz: Text | None = None

    def run(self, context: RunContext) -> Outputs:  # noqa: ARG002 - it needs nothing
        return None


class Deprecated(RunnableTask):
    """Be deprecated, with a deprecated property."""

    TYPE: ClassVar[str] = "io.kestra.core.plugins.test.DeprecatedTask"
    DEPRECATED: ClassVar[bool] = True
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ("additionalProperty",)

    additional_property: Text | None = None

    def run(self, context: RunContext) -> Outputs:  # noqa: ARG002 - it needs nothing
        return None


TASK_DOUBLES: Final = (
    NullOutput,
    Read,
    TaskWithAlias,
    TaskThatFail,
    TooLarge,
    Encrypted,
    Dynamic,
    OwnExecution,
    DefaultTester,
    DefaultPrecedenceTester,
    Deprecated,
)

"""
What a task sees while it runs, and the ways in which it may end.

A task renders its templates, writes logs and metrics and waits through its
`RunContext` only; so the worker can mask, bound and interrupt all of that in one place.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.execution_files import TaskFiles
from runfold.adapters.kv_store import KvStore
from runfold.adapters.log_search import FindLogs
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.adapters.purging import Purge
from runfold.execution.claims import DynamicRun
from runfold.execution.model import Json
from runfold.execution.state import State
from runfold.flows.duration import parse_duration
from runfold.flows.expressions import Expressions, is_truthy
from runfold.flows.task import NO_TYPES, TaskTypes
from runfold.tasks.http_rules import HttpRules
from runfold.tasks.process_rules import ScriptRules

DYNAMIC_RUNS_MAX: Final = 100
"""Task runs that one attempt tells of itself."""


class TaskFailed(Exception):
    """The task failed, with a message for its author; `outputs` are kept."""

    def __init__(self, message: str, outputs: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.outputs = outputs


class Stopped(BaseException):
    """
    The worker wants this attempt to end now.

    Not an `Exception`, so that a task which catches its own errors does not swallow it.
    """


class Killed(Stopped):
    """The execution was killed."""


class TimedOut(Stopped):
    """The attempt took longer than its `timeout`."""


class Released(Stopped):
    """The worker shuts down and gives the attempt back."""


class Result:
    """Outputs with a state of the task's own choice (SUCCESS or WARNING)."""

    __slots__ = ("outputs", "state")

    def __init__(self, outputs: Mapping[str, Json] | None = None, state: State = State.SUCCESS) -> None:
        self.outputs = outputs
        self.state = state


Outputs = Mapping[str, Json] | Result | None
"""What `run` returns."""


class TaskLog(Protocol):
    """Where a task writes for the author of the flow."""

    def trace(self, message: str) -> None: ...
    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warn(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...
    def write(self, level: str, message: str) -> None: ...


class TaskMetrics(Protocol):
    """Where a task writes what it measured."""

    def counter(self, name: str, value: float, **tags: str) -> None: ...
    def timer(self, name: str, seconds: float, **tags: str) -> None: ...


class Stop(Protocol):
    """How the worker tells an attempt to end."""

    @property
    def is_set(self) -> bool: ...

    def wait(self, seconds: float) -> None: ...


class Storage(Protocol):
    """What is kept outside of the attempt, as this attempt may reach it."""

    @property
    def files(self) -> TaskFiles:
        """The files of executions."""
        ...

    @property
    def working_dir(self) -> Path:
        """A folder of this attempt's own on this machine, gone after its end."""
        ...

    @property
    def find_logs(self) -> FindLogs:
        """The search in log lines."""
        ...

    @property
    def scripts(self) -> ScriptRules:
        """What scripts may do here."""
        ...

    @property
    def http(self) -> HttpRules:
        """Where requests may go."""
        ...

    @property
    def encrypt(self) -> Callable[[str], str] | None:
        """What seals an output; None: no key is configured."""
        ...

    @property
    def executions(self) -> ExecutionAccess:
        """Other executions. Raises: CallerError, they are out of reach."""
        ...

    @property
    def claim_id(self) -> str:
        """Return what the ids of claims begin with that this attempt makes."""
        ...

    @property
    def purge(self) -> Purge | None:
        """What lets go of executions and log lines; None: nothing here does."""
        ...

    def kv(self, namespace: str) -> KvStore:
        """Return the pairs of a namespace. Raises: CallerError, it is out of reach."""
        ...

    def namespace_files(self, namespace: str) -> NamespaceFiles:
        """Return the files of a namespace."""
        ...


class RunContext:
    """
    One attempt's surroundings. `monotonic` measures durations, in seconds.

    `storage`: files, pairs and logs; what it raises is a fine failure of the task. `types`: what this worker can run.
    `note`: is told what was rendered to what.
    """

    __slots__ = (
        "_expressions",
        "_note",
        "_stop",
        "dynamic",
        "logger",
        "metrics",
        "monotonic",
        "storage",
        "types",
        "variables",
    )

    def __init__(  # noqa: PLR0913 - made in one place, by name
        self,
        *,
        expressions: Expressions,
        variables: Mapping[str, Json],
        logger: TaskLog,
        metrics: TaskMetrics,
        storage: Storage,
        stop: Stop,
        monotonic: Callable[[], float],
        types: TaskTypes = NO_TYPES,
        note: Callable[[Any, Any], None] | None = None,
    ) -> None:
        self._expressions = expressions
        self._note = note
        self._stop = stop
        self.variables = variables
        self.logger = logger
        self.metrics = metrics
        self.storage = storage
        self.monotonic = monotonic
        self.types = types
        self.dynamic: list[DynamicRun] = []
        """What `tell` was told so far."""

    def tell(self, run: DynamicRun) -> None:
        """
        Show a piece of the task's own work as a task run below this one, with its state and outputs.

        They come with the end of the attempt; those of a task in a WorkingDirectory are not shown.

        Raises:
            TaskFailed: The attempt has told of too many.
        """
        if len(self.dynamic) >= DYNAMIC_RUNS_MAX:
            raise TaskFailed(f"An attempt tells of at most {DYNAMIC_RUNS_MAX} task runs of its own")
        if not run.state.is_terminal:
            raise TaskFailed(f"A task run that is told of has ended, it is not {run.state}")
        self.dynamic.append(run)

    def render(self, text: str | None) -> str | None:
        """
        Return `text` with its templates filled in, as text.

        Raises:
            ExpressionFailed: It can't be rendered; let it through.
        """
        return None if text is None else self._text(text)

    def render_deep(self, value: Any) -> Any:
        """Return `value` with every text in its maps (keys too) and lists rendered; all else as it is."""
        return self._noted(value, self._expressions.render(value, self.variables))

    def evaluate(self, value: Any, more: Mapping[str, Any] | None = None) -> Any:
        """
        Do as `render_deep`, but a text that is one expression gives its value as it is, of its own type.

        `more`: root variables on top of the attempt's own.
        """
        seen = {**self.variables, **more} if more else self.variables
        return self._noted(value, self._expressions.evaluate(value, seen))

    def with_variables(self, more: Mapping[str, Json]) -> "RunContext":
        """Return the same surroundings with root variables on top of the attempt's own."""
        inner = RunContext(
            expressions=self._expressions,
            variables={**self.variables, **more},
            logger=self.logger,
            metrics=self.metrics,
            storage=self.storage,
            stop=self._stop,
            monotonic=self.monotonic,
            types=self.types,
            note=self._note,
        )
        inner.dynamic = self.dynamic
        return inner

    @property
    def namespace(self) -> str:
        """The flow's namespace."""
        namespace: str = self.variables["flow"]["namespace"]
        return namespace

    @property
    def flow_id(self) -> str:
        """The flow's id."""
        flow_id: str = self.variables["flow"]["id"]
        return flow_id

    def is_true(self, condition: str) -> bool:
        """Return whether the text that `condition` renders to counts as true."""
        return is_truthy(self._text(condition))

    def duration(self, text: str) -> timedelta:
        """
        Return the duration that `text` renders to: ISO, or a number of seconds.

        Raises:
            TaskFailed: It is neither.
        """
        rendered = self._text(text).strip()
        try:
            return parse_duration(rendered) if "P" in rendered.upper() else timedelta(seconds=float(rendered))
        except (ValueError, OverflowError):
            raise TaskFailed(f"`{rendered[:100]}` is no duration: neither ISO (PT1M30S) nor seconds") from None

    @property
    def is_stopped(self) -> bool:
        """Whether the worker wants this attempt to end: look at it in long loops."""
        return self._stop.is_set

    def wait(self, seconds: float) -> None:
        """
        Wait that long.

        Raises:
            Stopped: The worker wants this attempt to end; let it through.
        """
        self._stop.wait(seconds)

    def _text(self, text: str) -> str:
        rendered: str = self._noted(text, self._expressions.render(text, self.variables))
        return rendered

    def _noted(self, written: Any, rendered: Any) -> Any:
        if self._note is not None:
            self._note(written, rendered)
        return rendered

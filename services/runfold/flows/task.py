"""
What all tasks share, how a map in YAML becomes the right task, and what a flowable answers.

A flowable is asked twice: once when its task run is created (`enter`: render what is
decided once), and then, as often as needed, for its `lanes`. Lanes hold no state of any
execution; who runs them counts what has ended.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Protocol, Self

from pydantic import Field, PlainValidator, SerializeAsAny, ValidationInfo

from runfold.flows.aliases import ALIASES
from runfold.flows.duration import DurationText
from runfold.flows.retry import Retry
from runfold.flows.schema import Flag, Model, NonBlank, TaskId, Text, any_of_kind, rule, unknown_type

Evaluate = Callable[[object], Any]
"""Typed rendering of a template, given by the executor; raises ExpressionFailed."""


class Level(StrEnum):
    """Of log lines."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Fallback(StrEnum):
    """What happens when a worker group has no live worker."""

    WAIT = "WAIT"
    FAIL = "FAIL"
    CANCEL = "CANCEL"


class WorkerGroup(Model):
    """Which workers may run a task."""

    key: Text | None = None
    """The group's name; may be a template."""
    fallback: Fallback | None = None
    """What happens when no worker of the group is there."""


class Plugin(Model):
    """Anything that is chosen by its `type`: tasks, triggers, conditions."""

    TYPE: ClassVar[str] = ""
    ALIASES: ClassVar[tuple[str, ...]] = ()
    DEPRECATED: ClassVar[bool] = False
    DEPRECATED_KEYS: ClassVar[tuple[str, ...]] = ()

    type: Text


class Task(Plugin):
    """One step of a flow."""

    id: TaskId
    """Unique in the flow; outputs go by it: `{{ outputs.<id>.value }}`."""
    description: Text | None = None
    """For people."""
    retry: Retry | None = None
    """When and how often it is tried again after a failure."""
    timeout: DurationText | None = None
    """How long one attempt may take, such as PT30S; may be a template."""
    disabled: Flag = False
    """Leave the task out."""
    worker_group: WorkerGroup | None = None
    """Which workers may run it."""
    log_level: Level | None = None
    """Log lines below this level are not kept."""
    log_to_file: Flag = False
    """Keep the log of each attempt in a file of its own."""
    allow_failure: Flag = False
    """Take a failure as a warning: the flow goes on."""
    allow_warning: Flag = False
    """Take a warning as a success."""
    run_if: Text = "true"
    """A template; if it gives nothing or `false`, the task is skipped."""


class RunnableTask(Task):
    """A task that a worker runs; what may hold templates is plain text or Any, rendered there."""

    READS_EVERYTHING: ClassVar[bool] = False
    """Its templates do not tell which variables it reads: the worker is sent all."""


class StartsFlow(Model):
    """What tasks that start executions of another flow have; both may be templates."""

    namespace: NonBlank
    flow_id: NonBlank
    revision: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a flowable decides once, when its task run is created: its outputs, and a loop's values."""

    outputs: dict[str, Any] | None = None
    values: tuple[str, ...] | None = None


class Lanes(Protocol):
    """The ways through a flowable: tasks of one lane follow each other, lanes run side by side."""

    @property
    def count(self) -> int:
        """How many lanes there are."""
        ...

    @property
    def concurrent(self) -> int:
        """How many lanes may be open at once; 0: all."""
        ...

    def steps(self, lane: int) -> tuple[Task, ...]:
        """Return the enabled tasks of that lane, in order."""
        ...

    def value(self, lane: int) -> str | None:
        """Return the `taskrun.value` of the lane's direct children."""
        ...

    def needs(self, lane: int) -> tuple[str, ...]:
        """Return the ids of sibling tasks that must have ended first."""
        ...


def enabled(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Return the tasks that are not disabled: the others are treated as absent."""
    return tuple(task for task in tasks if not task.disabled)


Children = Mapping[str, tuple[Task, ...]]


class FlowableTask(Task):
    """A task that decides which of its children run next; the executor runs it."""

    ENDS_WITH_WARNING: ClassVar[bool] = False
    """A failure of the children is only a warning."""

    errors: "Tasks" = ()
    """Tasks that run when one of the children has failed."""

    @cached_property
    def enabled_errors(self) -> tuple[Task, ...]:
        return enabled(self.errors)

    def enter(self, evaluate: Evaluate) -> Entry:  # noqa: ARG002 - most flowables have nothing to render
        """Return what is rendered once. Raises: ExpressionFailed."""
        return Entry()

    @abstractmethod
    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes | None:
        """
        Return the lanes that follow from the entry; None: there is no branch for it (Switch).

        Asked at the end of each child, so its cost must not depend on how many there are.
        """

    def ends_in(self, state: str) -> str:
        """Return the state that it ends in when its children led to `state`: SUCCESS, WARNING, FAILED or KILLED."""
        return state

    def children(self) -> Children:
        """Return every nested list of tasks by its path in YAML."""
        return {"errors": self.errors} if self.errors else {}

    def generated(self) -> tuple[Task, ...]:
        """Return the children that no author wrote: the steps of a ForEachItem."""
        return ()


@dataclass(frozen=True)
class TaskTypes:
    """The types that a flow may name, also by their old names."""

    models: Mapping[str, type[Plugin]]
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, *models: type[Plugin]) -> Self:
        """Return the registry of `models`."""
        named = {model.TYPE: model for model in models}
        own = {alias: model.TYPE for model in models for alias in model.ALIASES}
        return cls(named, {**{old: new for old, new in ALIASES.items() if new in named}, **own})

    def name(self, written: str) -> str:
        """Return today's name of a type."""
        return self.aliases.get(written, written)

    def find(self, written: str) -> type[Plugin] | None:
        """Return the model of a type name, old or new."""
        return self.models.get(self.name(written))

    def of_kind(self, kind: type[Plugin]) -> Iterable[str]:
        """Return the names of all types of that kind."""
        return [name for name, model in self.models.items() if issubclass(model, kind)]


NO_TYPES: Final = TaskTypes({})


def choose(value: object, info: ValidationInfo, kind: type[Plugin], known: TaskTypes) -> Plugin:
    """Return `value` as the model that its `type` names: among the context's types, else in `known`."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise rule(f"must be a map, not {_kind(value)}")
    written = value.get("type")
    given: TaskTypes = (info.context or {}).get("types") or NO_TYPES
    models = [types.find(written) for types in (given, known)] if isinstance(written, str) else []
    model = next((model for model in models if model is not None and issubclass(model, kind)), None)
    if model is None:
        names = [*given.of_kind(kind), *known.of_kind(kind)]
        raise unknown_type(written, names)
    return model.model_validate(value, context=info.context, by_alias=True, by_name=False)


def _kind(value: object) -> str:
    return {str: "a text", list: "a list", bool: "a boolean"}.get(type(value), "null" if value is None else "a number")


def _task(value: object, info: ValidationInfo) -> Task:
    task = choose(value, info, Task, NO_TYPES)
    assert isinstance(task, Task)  # noqa: S101 - `choose` gives the kind asked for
    return task


AnyTask = Annotated[SerializeAsAny[Task], PlainValidator(_task), any_of_kind("task")]
"""A task of whatever type its map names, by the validation context `{"types": TaskTypes}`."""

Tasks = tuple[AnyTask, ...]

FlowableTask.model_rebuild()

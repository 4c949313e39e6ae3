"""From the definition in a work record to the task that runs: the same bytes are read once."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import orjson
from pydantic import ValidationError

from runfold.adapters.functions import SLOW
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.task import Plugin, RunnableTask, Task, TaskTypes
from runfold.tasks.context import Outputs, RunContext

KEPT_MAX: Final = 2_000
"""Definitions that stay parsed."""

KEPT_SIZE_MAX: Final = 64 * 1024
"""Larger definitions (bytes) are parsed each time."""

_SLOW: Final = re.compile(rf"\b(?:{'|'.join(SLOW)})\s*\(".encode())


class Unusable(Exception):
    """This definition can't be run here, for the reason given."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A task that can run here. `is_brief`: it takes no longer than its rendering."""

    task: Task
    run: Callable[[RunContext], Outputs]
    is_brief: bool


class Definitions:
    """The tasks parsed so far, the least recently used first. One thread's."""

    def __init__(self, types: TaskTypes) -> None:
        self._types = types
        self._kept: OrderedDict[bytes, Definition] = OrderedDict()

    def read(self, written: bytes) -> Definition:
        """
        Return the task that `written` (JSON) describes.

        Raises:
            Unusable: No task that a worker of this version could run.
        """
        definition = self._kept.get(written)
        if definition is not None:
            self._kept.move_to_end(written)
            return definition
        definition = self._parse(written)
        if len(written) <= KEPT_SIZE_MAX:
            self._kept[written] = definition
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return definition

    def _parse(self, written: bytes) -> Definition:
        try:
            properties = orjson.loads(written)
        except orjson.JSONDecodeError as error:
            raise Unusable(f"The task's definition is no JSON: {error}") from error
        name = properties.get("type") if isinstance(properties, dict) else None
        model = self._types.find(name) if isinstance(name, str) else None
        if model is None or not _can_run(model):
            raise Unusable(f"This worker can't run tasks of the type `{name}`")
        try:
            task = model.model_validate(properties, context={"types": self._types}, by_alias=True, by_name=False)
        except ValidationError as error:
            raise Unusable(_reasons(error)) from error
        except Exception as error:  # a plugin's validators are others' code
            raise Unusable(f"The task's definition can't be read: {type(error).__name__}") from error
        assert isinstance(task, Task)  # noqa: S101 - `_can_run` lets nothing else through
        if isinstance(task, WorkingDirectory) and not all(_can_run(type(inner)) for inner in task.tasks):
            raise Unusable("This worker can't run all tasks of the WorkingDirectory")
        return definition_of(task, waits=_SLOW.search(written) is not None)


def _can_run(model: type[Plugin]) -> bool:
    is_runnable = issubclass(model, RunnableTask) and callable(getattr(model, "run", None))
    return is_runnable or issubclass(model, WorkingDirectory)


def definition_of(task: Task, *, waits: bool = False) -> Definition:
    """Return what runs `task`. `waits`: its templates wait for the world."""
    run: Callable[[Task, RunContext], Outputs] = getattr(type(task), "run", _is_run_otherwise)
    # What has a timeout runs where it can be interrupted; what waits for the world holds nobody else up.
    is_brief = bool(getattr(task, "BRIEF", False)) and not waits and task.timeout is None
    return Definition(task, partial(run, task), is_brief)


def _is_run_otherwise(task: Task, _context: RunContext) -> Outputs:
    raise TypeError(f"{task.type} has an attempt of its own kind")


def _reasons(error: ValidationError) -> str:
    """Return what is wrong where; never the values, they may be secret."""
    found = [f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors(include_input=False)]
    return "The task's definition is invalid: " + "; ".join(found)

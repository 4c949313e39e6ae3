"""Which kind of thing a plugin is, and in which group it is shown."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from runfold.flows.condition import Condition
from runfold.flows.task import FlowableTask, Plugin, Task
from runfold.flows.trigger import Trigger

CORE: Final = "io.kestra.plugin.core"
"""The group that has subgroups; elsewhere a type's package is its group."""


class Kind(StrEnum):
    """
    Of plugins. TASK: a worker or the executor runs it; FLOWABLE: it has tasks inside.

    PART: what a property of one of the others holds.
    """

    TASK = "task"
    FLOWABLE = "flowable"
    TRIGGER = "trigger"
    CONDITION = "condition"
    PART = "part"


_KINDS: Final[tuple[tuple[type[Plugin], Kind], ...]] = (
    (FlowableTask, Kind.FLOWABLE),
    (Task, Kind.TASK),
    (Trigger, Kind.TRIGGER),
    (Condition, Kind.CONDITION),
)


def kind_of(model: type[Plugin]) -> Kind:
    """Return what a plugin is."""
    return next((kind for base, kind in _KINDS if issubclass(model, base)), Kind.PART)


def is_shown(model: type[Plugin]) -> bool:
    """Return whether authors may use a type; others are the engine's own steps."""
    return not getattr(model, "INTERNAL", False)


def shown(models: Iterable[type[Plugin]]) -> list[type[Plugin]]:
    """Return the types that authors may use, by name."""
    return sorted(filter(is_shown, models), key=lambda model: model.TYPE)


def package_of(model: type[Plugin]) -> str:
    """Return all of a type's name but the last part."""
    return model.TYPE.rpartition(".")[0] or model.TYPE


def group_of(model: type[Plugin]) -> str:
    """Return the group that a type is shown in."""
    package = package_of(model)
    return CORE if package.startswith(f"{CORE}.") else package

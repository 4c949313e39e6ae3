"""The types by groups, as the page of plugins shows them."""

from collections.abc import Callable, Iterable
from typing import Any

from runfold.flows.task import Plugin, TaskTypes
from runfold.plugins.kinds import Kind, group_of, kind_of, package_of, shown

NONE = ("controllers", "storages", "secrets", "taskRunners", "guides", "categories")
"""What clients look for in a group and no group has."""

Grouped = Callable[[type[Plugin]], str]


def groups(types: TaskTypes) -> list[dict[str, Any]]:
    """Return all types by their groups."""
    return _by(group_of, types)


def subgroups(types: TaskTypes) -> list[dict[str, Any]]:
    """Return all types by their packages."""
    return [{**each, "subGroup": each["name"]} for each in _by(package_of, types)]


def _by(name_of: Grouped, types: TaskTypes) -> list[dict[str, Any]]:
    found: dict[str, list[type[Plugin]]] = {}
    for model in shown(types.models.values()):
        found.setdefault(name_of(model), []).append(model)
    return [_group(name, models, types) for name, models in found.items()]


def _group(name: str, models: Iterable[type[Plugin]], types: TaskTypes) -> dict[str, Any]:
    members = list(models)
    names = {model.TYPE for model in members}
    return {
        "name": name,
        "title": name.rpartition(".")[2],
        "group": group_of(members[0]),
        "tasks": _of(members, Kind.TASK, Kind.FLOWABLE),
        "triggers": _of(members, Kind.TRIGGER),
        "conditions": _of(members, Kind.CONDITION),
        "aliases": sorted(old for old, new in types.aliases.items() if new in names),
        **{key: [] for key in NONE},
    }


def _of(models: Iterable[type[Plugin]], *kinds: Kind) -> list[str]:
    return [model.TYPE for model in models if kind_of(model) in kinds]

"""
The task types, and how they come in: all by the entry-point group `runfold.tasks`, ours too.

An entry names a plugin class (a task, trigger or condition) or a tuple of them, as `module:NAME`.
To add a built-in type, add it to the tuple at the end of its module (`DEBUG_TASKS` in `debug.py`).
Only a new module needs a line in `pyproject.toml`, and then `pip install -e .` once more.

What a package brings and can't be loaded is reported and left out; what the settings name is not:
somebody asked for it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Final

from runfold.errors import RunfoldError
from runfold.flows.task import Plugin, TaskTypes

GROUP: Final = "runfold.tasks"
OWN: Final = "runfold"
NAMED: Final = "settings"
"""In the place of a package: these types are named by the settings."""

logger = logging.getLogger(__name__)


class NotInstalled(RunfoldError):
    """Runfold runs from files that are not (or no longer) what is installed: install it."""


class PluginUnknown(RunfoldError):
    """A plugin that the settings name can't be loaded: correct the name, or install it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A type that flows may name here, and the package that brings it."""

    model: type[Plugin]
    package: str
    version: str


def load_task_types(named: Sequence[str] = (), entries: Iterable[EntryPoint] | None = None) -> TaskTypes:
    """
    Return all types that a flow may name here.

    `named`: more plugins, each `module:NAME`; `entries` None: those of all installed packages.

    Raises:
        NotInstalled: Not even the built-in types are there.
        PluginUnknown: One of `named` can't be loaded.
    """
    return TaskTypes.of(*(each.model for each in installed_plugins(named, entries)))


def installed_plugins(named: Sequence[str] = (), entries: Iterable[EntryPoint] | None = None) -> tuple[Installed, ...]:
    """Return all types with where they come from, the built-in ones first. As `load_task_types`."""
    found = list(entry_points(group=GROUP) if entries is None else entries)
    own = [entry for entry in found if _is_own(entry)]
    if not own:
        raise NotInstalled("Runfold is not installed, so it has no task types: run `pip install -e .` in its folder")
    known: dict[str, Installed] = {}
    for entry in own:
        _add(known, entry, _loaded_of_own(entry))
    for entry in found:
        if not _is_own(entry):
            _add(known, entry, _loaded_of_package(entry))
    for name in named:
        entry = EntryPoint(NAMED, name, GROUP)
        _add(known, entry, _loaded_as_named(entry))
    return tuple(known.values())


def _is_own(entry: EntryPoint) -> bool:
    return entry.value.partition(":")[0].split(".")[0] == OWN


def _loaded_of_own(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name != entry.module:
            raise  # something that the module needs is missing
        again = "it was installed from other files: run `pip install -e .` in its folder"
        raise NotInstalled(f"{entry.value} is not in this runfold ({error}); {again}") from error


def _loaded_of_package(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except Exception:  # others' code runs at its import: whatever it raises is its own failure
        logger.exception("Plugin %s (%s) can't be loaded, left out", entry.name, entry.value)
        return ()


def _loaded_as_named(entry: EntryPoint) -> object:
    try:
        loaded = entry.load()
    except Exception as error:  # as above, but somebody asked for this one
        raise PluginUnknown(f"The plugin {entry.value} can't be loaded: {error}") from error
    if not all(_is_plugin(model) for model in _listed(loaded)):
        raise PluginUnknown(f"{entry.value} is neither a plugin class nor a tuple of them")
    return loaded


def _add(known: dict[str, Installed], entry: EntryPoint, loaded: object) -> None:
    for model in _plugins(entry, loaded):
        taken = next(_taken(known, model), None)
        if taken is not None:
            logger.error("Plugin %s: the type %s is there already, left out", entry.name, taken)
            continue
        dist = entry.dist
        package, version = (dist.name, dist.version) if dist is not None else (entry.name, "")
        known.setdefault(model.TYPE, Installed(model, package, version))


def _taken(known: Mapping[str, Installed], model: type[Plugin]) -> Iterator[str]:
    """Yield the names of a type, old ones too, that mean another type already."""
    types = TaskTypes.of(*(each.model for each in known.values()))
    for name in (model.TYPE, *model.ALIASES):
        found = types.find(name)
        if found is not None and found is not model:
            yield name


def _plugins(entry: EntryPoint, loaded: object) -> Iterator[type[Plugin]]:
    for model in _listed(loaded):
        if _is_plugin(model):
            assert isinstance(model, type)  # noqa: S101 - that is what was asked
            yield model
        else:
            logger.error("Plugin %s: %r is no task type, left out", entry.name, model)


def _listed(loaded: object) -> tuple[object, ...]:
    return loaded if isinstance(loaded, tuple) else (loaded,)


def _is_plugin(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, Plugin) and bool(model.TYPE) and not isabstract(model)

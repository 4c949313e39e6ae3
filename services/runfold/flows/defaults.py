"""
Plugin defaults: values written once for all plugins of a type.

Works on plain maps, before validation. Order: a flow's own defaults, then the server's;
the first is the most important. A default whose type is a prefix applies to all that
begin with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runfold.flows.model import PluginDefault
from runfold.flows.task import TaskTypes

_OWN_LISTS: Final = frozenset({"pluginDefaults", "taskDefaults"})


def inject(flow: Mapping[str, Any], defaults: Sequence[PluginDefault], types: TaskTypes) -> dict[str, Any]:
    """Return `flow` with the values of `defaults` in every plugin they apply to."""
    if not defaults:
        return dict(flow)
    kept = {key: value for key, value in flow.items() if key in _OWN_LISTS}
    rest = {key: value for key, value in flow.items() if key not in _OWN_LISTS}
    return {**_map(rest, defaults, types), **kept}


def _map(value: Mapping[str, Any], defaults: Sequence[PluginDefault], types: TaskTypes) -> dict[str, Any]:
    found: dict[str, Any] = {key: _deep(item, defaults, types) for key, item in value.items()}
    written = value.get("type")
    if not isinstance(written, str):
        return found
    mine = [default for default in defaults if default.values and applies(default, written, types)]
    for default in (default for default in mine if not default.forced):
        found = _merged(default.values or {}, found)
    for default in reversed([default for default in mine if default.forced]):
        found = _merged(found, default.values or {})
    return found


def _deep(value: Any, defaults: Sequence[PluginDefault], types: TaskTypes) -> Any:
    if isinstance(value, Mapping):
        return _map(value, defaults, types)
    return [_deep(item, defaults, types) for item in value] if isinstance(value, list) else value


def applies(default: PluginDefault, written: str, types: TaskTypes) -> bool:
    """Return whether `default` is for plugins of the type `written`; old and new names are the same."""
    names = {written, types.name(written)}
    return any(name.startswith(prefix) for name in names for prefix in {default.type, types.name(default.type)})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both: maps merged, lists put together, else `above`."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            merged[key] = [*known, *value]
        else:
            merged[key] = value
    return merged

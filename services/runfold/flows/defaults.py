"""
Plugin defaults: values written once for all plugins of a type.

Works on plain maps, before validation. Order: a flow's own defaults, then the server's;
the first is the most important. A default whose type is a prefix applies to all that
begin with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runfold.errors import FlowInvalid, Violation
from runfold.flows.condition import CONDITION_TYPES
from runfold.flows.model import PluginDefault
from runfold.flows.task import TaskTypes
from runfold.flows.trigger import TRIGGER_TYPES
from runfold.flows.yaml_source import NODES_MAX

_OWN_LISTS: Final = frozenset({"pluginDefaults", "taskDefaults"})


def inject(flow: Mapping[str, Any], defaults: Sequence[PluginDefault], types: TaskTypes) -> dict[str, Any]:
    """
    Return `flow` with the values of `defaults` in every plugin they apply to.

    Raises:
        FlowInvalid: They would make it too large.
    """
    if not defaults:
        return dict(flow)
    kept = {key: value for key, value in flow.items() if key in _OWN_LISTS}
    rest = {key: value for key, value in flow.items() if key not in _OWN_LISTS}
    return {**_Injection(defaults, types).map(rest), **kept}


class _Injection:
    """One pass over one flow; counts what it adds."""

    def __init__(self, defaults: Sequence[PluginDefault], types: TaskTypes) -> None:
        self._defaults = [(default, _size(default.values)) for default in defaults if default.values]
        self._types = types
        self._added = 0

    def map(self, value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {key: self._deep(item) for key, item in value.items()}
        written = value.get("type")
        if not isinstance(written, str):
            return found
        mine = [default for default, size in self._defaults if self._applies(default, size, written)]
        keys = _keys(written, self._types)
        for default in (default for default in mine if not default.forced):
            found = _merged(_known(default, keys), found)
        for default in reversed([default for default in mine if default.forced]):
            found = _merged(found, _known(default, keys))
        return found

    def _deep(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.map(value)
        return [self._deep(item) for item in value] if isinstance(value, list) else value

    def _applies(self, default: PluginDefault, size: int, written: str) -> bool:
        if not applies(default, written, self._types):
            return False
        self._added += size
        if self._added > NODES_MAX:
            raise FlowInvalid((Violation(f"Plugin defaults add more than {NODES_MAX} values", "pluginDefaults"),))
        return True


def _keys(written: str, types: TaskTypes) -> tuple[str, ...] | None:
    """Return the keys that a plugin of that type may have; None: the type is not known here."""
    found = (known.find(written) for known in (types, TRIGGER_TYPES, CONDITION_TYPES))
    model = next((model for model in found if model is not None), None)
    return None if model is None else model.yaml_keys()


def _known(default: PluginDefault, keys: tuple[str, ...] | None) -> Mapping[str, Any]:
    """Return the values of a default that a plugin may have: one for many types need not fit them all."""
    values = default.values or {}
    return values if keys is None else {key: value for key, value in values.items() if key in keys}


def _size(value: Any) -> int:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(_size(item) for item in items)


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

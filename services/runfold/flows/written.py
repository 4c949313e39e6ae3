"""
A flow as the API returns it: what the author wrote, under today's key names.

Defaults that the author left out are left out here too, and so are plugin defaults,
which are added when a flow is loaded to run.
"""

from collections.abc import Mapping
from typing import Any, Final

from runfold.flows.label import labels_of
from runfold.flows.model import Flow

_MISSING: Final = object()


def flow_json(flow: Flow, raw: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the JSON of `flow`, whose source has the values `raw`.

    Labels are a list, inputs have ids, `taskDefaults` show as `pluginDefaults` too, and
    numbers written where text belongs are text. The caller adds `revision`.
    """
    dumped = flow.model_dump(mode="python", by_alias=True, exclude_unset=True, exclude_none=True)
    written = {**raw, "labels": labels_of(raw.get("labels")), "revision": None}
    dumped.pop("revision", None)
    if "taskDefaults" in raw:
        written["pluginDefaults"] = raw["taskDefaults"]
        dumped["pluginDefaults"] = dumped.get("taskDefaults")
    if isinstance(raw.get("inputs"), list):
        written["inputs"] = [_with_id(declared) for declared in raw["inputs"]]
    merged: dict[str, Any] = _as_read(written, dumped)
    return {"disabled": False, "deleted": False, **merged}


def _with_id(declared: Any) -> Any:
    if not isinstance(declared, Mapping) or "name" not in declared:
        return declared
    rest = {key: value for key, value in declared.items() if key != "name"}
    return {"id": declared["name"], **rest}


def _as_read(raw: Any, dumped: Any) -> Any:
    """Return `raw`, without the nulls that `dumped` leaves out and with the texts that it made of numbers."""
    if isinstance(raw, Mapping) and isinstance(dumped, Mapping):
        pairs = ((key, _as_read(value, dumped.get(key, _MISSING))) for key, value in raw.items())
        return {key: value for key, value in pairs if value is not None or key in dumped}
    if isinstance(raw, list) and isinstance(dumped, list | tuple) and len(raw) == len(dumped):
        return [_as_read(item, read) for item, read in zip(raw, dumped, strict=True)]
    if isinstance(dumped, str) and isinstance(raw, bool | int | float):
        return str(dumped)
    return raw

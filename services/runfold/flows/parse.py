"""
YAML to a validated flow, or all that is wrong with it.

First the shape (keys, types, ranges: every violation at once), then, when that is
right, the rules over several tasks (`validate.py`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from runfold.errors import FlowInvalid, Violation
from runfold.flows.defaults import inject
from runfold.flows.model import Flow, PluginDefault
from runfold.flows.report import violations
from runfold.flows.task import TaskTypes
from runfold.flows.validate import broken_rules
from runfold.flows.yaml_source import SourceMap, read_yaml

DOCUMENTS_MAX: Final = 1000
"""In one source of several flows."""

_SEPARATOR: Final = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)


def parse_flow(source: str, types: TaskTypes, defaults: Sequence[PluginDefault] = ()) -> Flow:
    """
    Return the flow that `source` describes, with plugin defaults (its own, then `defaults`) in place.

    Raises:
        FlowInvalid: All violations of the first kind found: of YAML, of shape, of rules.
    """
    found = read_yaml(source)
    if not isinstance(found.value, dict):
        raise FlowInvalid((Violation("Illegal flow yaml: a flow must be a map", line=1, column=1),))
    try:
        own = _own_defaults(found.value)
        written = inject(found.value, (*own, *defaults), types)
        flow = Flow.model_validate(written, context={"types": types}, by_alias=True, by_name=False)
    except ValidationError as error:
        raise FlowInvalid(violations(error, found)) from error
    broken = broken_rules(flow, found, types)
    if broken:
        raise FlowInvalid(broken)
    return flow


def _own_defaults(flow: Mapping[str, Any]) -> Sequence[PluginDefault]:
    """Return the flow's own defaults as far as they can be read; validation says what is wrong with the rest."""
    found = []
    for key in ("pluginDefaults", "taskDefaults"):
        listed = flow.get(key)
        for item in listed if isinstance(listed, list) else ():
            try:
                found.append(PluginDefault.model_validate(item, by_alias=True, by_name=False))
            except ValidationError:
                continue
    return found


def parse_raw(source: str) -> dict[str, Any]:
    """Return the map of `source` without validation (to see id and namespace). Raises: FlowInvalid when it is none."""
    value = read_yaml(source).value
    if not isinstance(value, dict):
        raise FlowInvalid((Violation("Illegal flow yaml: a flow must be a map", line=1, column=1),))
    return value


def split_documents(source: str) -> list[str]:
    """Return the documents of `source`, which lines of `---` set apart; empty ones are left out."""
    return [part.strip("\n") for part in _SEPARATOR.split(source, DOCUMENTS_MAX) if part.strip()]


def source_map(source: str) -> SourceMap:
    """Return the values of `source` and their places. Raises: FlowInvalid."""
    return read_yaml(source)

"""Labels: a list of key and value, or a map. Keys that begin `system.` belong to the engine."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from runfold.flows.schema import Model, NonBlank, rule

SYSTEM = "system."
READ_ONLY = "system.readOnly"
"""The one system label that a flow may set itself."""


class Label(Model):
    """One key and its value."""

    key: NonBlank
    value: NonBlank


def labels_of(value: object) -> object:
    """Return labels given as a map as a list."""
    if isinstance(value, Mapping):
        return [{"key": key, "value": _scalar(key, item)} for key, item in value.items()]
    return value


def _scalar(key: object, value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise rule(f"the value of label `{key}` must be a text, a number or a boolean")
    return value


def _of_flow(label: Label) -> Label:
    return label if label.key == READ_ONLY else _of_author(label)


def _of_author(label: Label) -> Label:
    if label.key.startswith(SYSTEM):
        offending = f"{label.key}={label.value}"
        raise rule(f"System labels can only be set by Kestra itself, offending label: {offending}.")
    return label


Written = dict[str, str | float | bool] | tuple[Label, ...]
"""Labels as authors may write them."""

FlowLabels = Annotated[
    tuple[Annotated[Label, AfterValidator(_of_flow)], ...], BeforeValidator(labels_of, json_schema_input_type=Written)
]
"""Labels of a flow."""

WantedLabels = Annotated[tuple[Label, ...], BeforeValidator(labels_of, json_schema_input_type=Written)]
"""Labels that something else must have: the engine's own too."""

Labels = Annotated[
    tuple[Annotated[Label, AfterValidator(_of_author)], ...], BeforeValidator(labels_of, json_schema_input_type=Written)
]
"""Labels set elsewhere by an author: triggers, SLAs, subflows."""

"""
Inputs of a flow, as declared. What values they take is in `inputs.py`.

Legacy: `name` is the old `id`, MULTISELECT's `options` are the old `values`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from runfold.flows.duration import Duration
from runfold.flows.schema import DottedId, Flag, Model, NotEmpty, Regex, Text, by_type, rule
from runfold.flows.temporal import Date, Instant, Time


class InputType(StrEnum):
    """What an input holds."""

    STRING = "STRING"
    ENUM = "ENUM"
    SELECT = "SELECT"
    MULTISELECT = "MULTISELECT"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    DATE = "DATE"
    TIME = "TIME"
    DURATION = "DURATION"
    FILE = "FILE"
    JSON = "JSON"
    YAML = "YAML"
    URI = "URI"
    SECRET = "SECRET"  # noqa: S105 - the name of a type
    ARRAY = "ARRAY"
    EMAIL = "EMAIL"


class DependsOn(Model):
    """Which inputs are asked before, and when this one is asked at all."""

    inputs: Annotated[tuple[Text, ...], NotEmpty]
    condition: Text | None = None


class Input(Model):
    """What all inputs have."""

    id: DottedId
    """Unique among the inputs."""
    type: InputType
    description: Text | None = None
    """For people; Markdown."""
    display_name: Annotated[Text, Field(max_length=64)] | None = None
    """What forms show instead of the id."""
    required: Flag = True
    """Whether an execution can't start without a value."""
    defaults: Any = None
    """The value if none is given; may be a template."""
    depends_on: DependsOn | None = None
    """Inputs that are asked before this one."""

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, value: object) -> object:
        if isinstance(value, Mapping) and "name" in value:
            rest = {key: item for key, item in value.items() if key != "name"}
            return rest if rest.get("id") is not None else {**rest, "id": value["name"]}
        return value


class StringInput(Input):
    """STRING, SECRET: any text, or one that matches."""

    type: Literal[InputType.STRING, InputType.SECRET]
    validator: Regex | None = None


class PlainInput(Input):
    """Types without keys of their own."""

    type: Literal[InputType.BOOLEAN, InputType.JSON, InputType.YAML, InputType.URI, InputType.EMAIL]


class EnumInput(Input):
    """ENUM: one of `values`; the older SELECT."""

    type: Literal[InputType.ENUM]
    values: Annotated[tuple[Text, ...], NotEmpty]


class SelectInput(Input):
    """SELECT: one of `values`, or of what `expression` gives."""

    type: Literal[InputType.SELECT]
    values: tuple[Text, ...] = ()
    expression: Text | None = None
    allow_custom_value: Flag = False
    is_radio: Flag = False

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        _choices(self.values, self.expression)
        return self


class MultiSelectInput(Input):
    """MULTISELECT: some of `values`, or of what `expression` gives."""

    type: Literal[InputType.MULTISELECT]
    values: tuple[Text, ...] = ()
    options: tuple[Text, ...] = ()
    expression: Text | None = None
    allow_custom_value: Flag = False
    item_type: InputType = InputType.STRING

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        _choices(self.values or self.options, self.expression)
        return self


class IntInput(Input):
    """INT: 32 bits."""

    type: Literal[InputType.INT]
    min: int | None = None
    max: int | None = None


class FloatInput(Input):
    """FLOAT."""

    type: Literal[InputType.FLOAT]
    min: float | None = None
    max: float | None = None


class InstantInput(Input):
    """DATETIME: an instant."""

    type: Literal[InputType.DATETIME]
    after: Instant | None = None
    before: Instant | None = None


class DateInput(Input):
    """DATE."""

    type: Literal[InputType.DATE]
    after: Date | None = None
    before: Date | None = None


class TimeInput(Input):
    """TIME."""

    type: Literal[InputType.TIME]
    after: Time | None = None
    before: Time | None = None


class DurationInput(Input):
    """DURATION."""

    type: Literal[InputType.DURATION]
    min: Duration | None = None
    max: Duration | None = None


class FileInput(Input):
    """FILE: uploaded, then the URI where it is kept."""

    type: Literal[InputType.FILE]
    extension: Text | None = None

    @model_validator(mode="after")
    def _no_defaults(self) -> Self:
        if self.defaults is not None:
            raise rule("no `defaults` can be set for inputs of type 'FILE'")
        return self


class ArrayInput(Input):
    """ARRAY: a list of one type."""

    type: Literal[InputType.ARRAY]
    item_type: InputType

    @model_validator(mode="after")
    def _flat(self) -> Self:
        if self.item_type is InputType.ARRAY:
            raise rule("`itemType` cannot be `ARRAY`")
        return self


def _choices(values: object, expression: str | None) -> None:
    if values and expression:
        raise rule("values and expression are mutually exclusive; only one of them may be set")
    if not values and not expression:
        raise rule("`values` or `expression` must be set")


_MODELS: Final[Mapping[str, type[Input]]] = {
    "STRING": StringInput,
    "SECRET": StringInput,
    "ENUM": EnumInput,
    "SELECT": SelectInput,
    "MULTISELECT": MultiSelectInput,
    "INT": IntInput,
    "FLOAT": FloatInput,
    "BOOLEAN": PlainInput,
    "DATETIME": InstantInput,
    "DATE": DateInput,
    "TIME": TimeInput,
    "DURATION": DurationInput,
    "FILE": FileInput,
    "JSON": PlainInput,
    "YAML": PlainInput,
    "URI": PlainInput,
    "ARRAY": ArrayInput,
    "EMAIL": PlainInput,
}


AnyInput = Annotated[SerializeAsAny[Input], by_type(_MODELS)]
"""An input of whatever type its map names."""

"""
The base of every model that is read from YAML, and its scalar types.

YAML says little about types: `timeout: 5` and `id: 12` are numbers although texts were
meant, so texts take numbers and booleans as they were written. The messages are those
that authors know from Bean Validation ("must not be null").
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Self, Union

import re2
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError


class Model(BaseModel):
    """A map of the flow: unknown keys are errors, nothing changes after parsing."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        regex_engine="python-re",
        allow_inf_nan=False,
    )

    @classmethod
    def title(cls) -> str:
        """Return the name under which authors know this model."""
        return str(getattr(cls, "TYPE", "")) or cls.__name__

    @classmethod
    def yaml_keys(cls) -> tuple[str, ...]:
        """Return the keys that the map may have, as authors write them."""
        return _keys(cls)

    @model_validator(mode="wrap")
    @classmethod
    def _as_written(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Take `key:` with nothing behind it as if it were not there; put errors of keys into the model's words."""
        if isinstance(value, Mapping) and None in value.values():
            value = {key: item for key, item in value.items() if item is not None or key not in cls.yaml_keys()}
        try:
            return handler(value)
        except ValidationError as error:
            found = error.errors(include_url=False)
            if all(details["type"] not in _OF_KEYS for details in found):
                raise
            raise _in_words_of(cls, error.title, found[:ERRORS_MAX]) from error


ERRORS_MAX = 1000
"""Of one map and all in it; more help nobody."""


_OF_KEYS = frozenset({"extra_forbidden", "missing"})


def _in_words_of(model: type[Model], title: str, errors: Iterable[ErrorDetails]) -> ValidationError:
    """Return `errors` where a key unknown to `model` comes with the known ones, and one that is missing as empty."""
    found: list[InitErrorDetails] = []
    for details in errors:
        context = details.get("ctx", {})
        kind = details["type"]
        if kind == "extra_forbidden" and len(details["loc"]) == 1:
            kind, context = "unknown_key", {"model": model.title(), "known": model.yaml_keys()}
        elif kind == "missing" and details["loc"] in _never_empty(model):
            kind, context = "rule", {"text": "must not be empty"}
        custom = PydanticCustomError(kind, details["msg"].replace("{", "{{").replace("}", "}}"), context)
        found.append(InitErrorDetails(type=custom, loc=details["loc"], input=details["input"], ctx=context))
    return ValidationError.from_exception_data(title, found)


@cache
def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias or name
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        found.extend(choice for choice in choices if isinstance(choice, str))
    return tuple(found)


@cache
def _never_empty(model: type[BaseModel]) -> frozenset[tuple[str]]:
    """Return the places of the keys that must hold something: missing is as wrong as empty there."""
    fields = model.model_fields.items()
    return frozenset((field.alias or name,) for name, field in fields if NotEmpty in field.metadata)


def rule(message: str) -> PydanticCustomError:
    """Return the error of a broken rule; raised by validators, its text reaches the author unchanged."""
    return PydanticCustomError("rule", "{text}", {"text": message})


def as_text(value: object) -> object:
    """Return numbers and booleans as YAML writes them, all else unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _flag(value: object) -> object:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise rule("must be `true` or `false`")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise rule("must not be blank")
    return value


def _not_empty(value: Any) -> Any:
    if not value:
        raise rule("must not be empty")
    return value


def matching(pattern: str, longest: int | None = None) -> AfterValidator:
    """Return the check of a whole text against `pattern`, and of its length."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if longest is not None and not 1 <= len(value) <= longest:
            raise rule(f"size must be between 1 and {longest}")
        if not compiled.fullmatch(value):
            raise rule(f'must match "{pattern}"')
        return value

    return AfterValidator(check)


def _compiles(pattern: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise rule(f"invalid pattern [{pattern}]: {reason}") from error
    return pattern


Text = Annotated[str, BeforeValidator(as_text)]
NonBlank = Annotated[Text, AfterValidator(_not_blank)]
Flag = Annotated[bool, BeforeValidator(_flag)]
NotEmpty = AfterValidator(_not_empty)
Regex = Annotated[Text, AfterValidator(_compiles)]

TaskId = Annotated[Text, matching("^[a-zA-Z0-9][a-zA-Z0-9_-]*")]
DottedId = Annotated[Text, matching("^[a-zA-Z0-9][.a-zA-Z0-9_-]*")]
FlowId = Annotated[Text, matching("^[a-zA-Z0-9][a-zA-Z0-9._-]*", 100)]
Namespace = Annotated[Text, matching("^[a-z0-9][a-z0-9._-]*", 150)]


KIND = "x-runfold-kind"
"""In a JSON Schema: any plugin of that kind may stand here."""


def any_of_kind(kind: str) -> WithJsonSchema:
    """Return what JSON Schemas say where any plugin of a kind may stand."""
    return WithJsonSchema({KIND: kind}, mode="validation")


def by_type(models: Mapping[str, type[Model]]) -> PlainValidator:
    """Return the validator that takes the model which the map's `type` names."""

    def validate(value: object, info: ValidationInfo) -> Model:
        if isinstance(value, Model):
            return value
        if not isinstance(value, Mapping):
            raise rule("must be a map")
        written = value.get("type")
        model = models.get(written) if isinstance(written, str) else None
        if model is None:
            raise unknown_type(written, models)
        return model.model_validate(value, context=info.context, by_alias=True, by_name=False)

    written: Any = Union[tuple(dict.fromkeys(models.values()))]  # noqa: UP007 - made of a list
    return PlainValidator(validate, json_schema_input_type=written)


def unknown_type(written: object, known: Iterable[str]) -> PydanticCustomError:
    """Return the error of a type that is missing or not among `known`."""
    return PydanticCustomError("unknown_type", "unknown type", {"type": written, "known": tuple(known)})

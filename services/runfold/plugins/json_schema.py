"""
JSON Schemas of flows and of all that has a `type`, for editors and programs.

Made from the models alone. A definition of a plugin is named by its type and has that as a
constant; `task`, `trigger` and `condition` are all of their kind. Old names have definitions
of their own, marked as deprecated.

Rule: pydantic says what a property takes; here its answer is only put into the words of editors
(no nulls, no titles, descriptions from the models).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind, models_json_schema
from pydantic_core import core_schema

from runfold.errors import NotFound
from runfold.flows.input import AnyInput, InputType
from runfold.flows.model import Flow, PluginDefault
from runfold.flows.schema import KIND, Model
from runfold.flows.task import Plugin, TaskTypes
from runfold.flows.template import TemplateDefinition
from runfold.plugins.descriptions import property_texts
from runfold.plugins.kinds import Kind, kind_of, shown

Schema = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
PREFIX: Final = "#/definitions/"
OFFERED: Final[Mapping[str, frozenset[Kind]]] = {
    "task": frozenset({Kind.TASK, Kind.FLOWABLE}),
    "trigger": frozenset({Kind.TRIGGER}),
    "condition": frozenset({Kind.CONDITION}),
}
"""What stands where a model says "any task"."""


NAMED: Final[Mapping[type[Model], str]] = {Flow: "flow", TemplateDefinition: "template", PluginDefault: "plugindefault"}
"""What else has a schema, by its name."""


class Inputs(Model):
    """The inputs of a flow."""

    inputs: tuple[AnyInput, ...] = ()


class _Generator(GenerateJsonSchema):
    """Pydantic's own, with the texts of properties; quiet about defaults that JSON can't say."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default", "skipped-choice"}

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        found = super().model_schema(schema)
        cls: type[BaseModel] = schema["cls"]
        texts = property_texts(cls)
        properties: Schema = found.get("properties", {})
        for name, field in cls.model_fields.items():
            keys = _keys(name, field)
            known = next((properties[key] for key in keys if key in properties), None)
            if known is None:
                continue
            if name in texts:
                known.setdefault("description", texts[name])
            for key in keys[1:]:
                properties.setdefault(key, {**known, "description": f"The same as `{keys[0]}`."})
        return found


def _keys(name: str, field: FieldInfo) -> tuple[str, ...]:
    """Return the names under which authors may write a field, the usual one first."""
    alias = field.validation_alias or field.alias or name
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return tuple(choice for choice in choices if isinstance(choice, str))


class Schemas:
    """The schemas of all types that flows may name here; made when they are first asked for."""

    def __init__(self, types: TaskTypes) -> None:
        self._models = shown(types.models.values())
        self._old: dict[str, list[str]] = {}
        for old, new in types.aliases.items():
            self._old.setdefault(new, []).append(old)

    def of(self, name: str, *, as_list: bool = False) -> Schema:
        """
        Return the schema of `flow`, `template`, `plugindefault`, of a kind (`task`), or of one type.

        Raises:
            NotFound: There is nothing of that name.
        """
        return self._document(name, as_list=as_list)

    def of_type(self, name: str) -> Schema:
        """Return the schema of one type's map, with the definitions that it needs. Raises: NotFound."""
        document = self._document(name)
        own = document["definitions"].get(name, {})
        needed = _needed(self.definitions, own)
        return {"$schema": DIALECT, **own, "definitions": needed}

    def of_input(self, kind: str) -> Schema:
        """Return the schema of an input of one type. Raises: NotFound."""
        for name, definition in self.definitions.items():
            if kind in _constants(definition) and kind in {str(each) for each in InputType}:
                own = {**definition, "properties": {**definition["properties"], "type": {"const": kind}}}
                return {"$schema": DIALECT, **own, "definitions": _needed(self.definitions, own, but=name)}
        raise NotFound(f"There is no input type {kind}")

    def _document(self, name: str, *, as_list: bool = False) -> Schema:
        if name not in self.definitions:
            raise NotFound(f"There is no schema of {name}")
        one = {"$ref": f"{PREFIX}{name}"}
        shape = {"type": "array", "items": one} if as_list else one
        return {"$schema": DIALECT, **shape, "definitions": _needed(self.definitions, one)}

    @cached_property
    def definitions(self) -> dict[str, Schema]:
        """All definitions by their names."""
        models: list[type[Model]] = [*self._models, *NAMED, Inputs]
        names, made = models_json_schema(
            [(model, "validation") for model in models],
            schema_generator=_Generator,
            ref_template=f"{PREFIX}{{model}}",
        )
        renamed = {names[model, "validation"]["$ref"]: model.TYPE for model in self._models}
        renamed |= {names[model, "validation"]["$ref"]: name for model, name in NAMED.items()}
        found = {
            renamed.get(f"{PREFIX}{key}", key): _as_editors_read(definition, renamed)
            for key, definition in made["$defs"].items()
        }
        for model in self._models:
            found.update(self._plugin(model, found[model.TYPE]))
        for kind, members in OFFERED.items():
            found[kind] = {"anyOf": [{"$ref": f"{PREFIX}{name}"} for name in self._names(members)]}
        return found

    def _plugin(self, model: type[Plugin], definition: Schema) -> Iterator[tuple[str, Schema]]:
        for key in model.DEPRECATED_KEYS:
            definition["properties"].get(key, {})["deprecated"] = True
        yield model.TYPE, _named(definition, model.TYPE, is_deprecated=model.DEPRECATED)
        for old in self._old.get(model.TYPE, ()):
            yield old, _named(definition, old, is_deprecated=True)

    def _names(self, kinds: Iterable[Kind]) -> list[str]:
        models = [model.TYPE for model in self._models if kind_of(model) in kinds]
        return [*models, *sorted(old for name in models for old in self._old.get(name, ()))]


def _named(definition: Schema, name: str, *, is_deprecated: bool) -> Schema:
    """Return a definition for maps whose `type` is `name`."""
    required = ["type", *(key for key in definition.get("required", ()) if key != "type")]
    properties = {"type": {"const": name}, **{k: v for k, v in definition["properties"].items() if k != "type"}}
    marks = {"deprecated": True} if is_deprecated else {}
    return {**definition, "title": name, "properties": properties, "required": required, **marks}


def _as_editors_read(definition: Schema, renamed: Mapping[str, str]) -> Schema:
    """Return a definition without nulls and the titles of properties, its references by today's names."""

    def without(value: Schema) -> Schema:
        kind = value.get(KIND)
        if kind is not None:
            return {"$ref": f"{PREFIX}{kind}"}
        if "$ref" in value and value["$ref"] in renamed:
            value = {**value, "$ref": f"{PREFIX}{renamed[value['$ref']]}"}
        if isinstance(value.get("properties"), dict):
            properties = {key: _untitled(item) for key, item in value["properties"].items()}
            value = {**value, "properties": properties}
        return value

    found = _everywhere(definition, without)
    assert isinstance(found, dict)  # noqa: S101 - a map stays one
    return found


def _untitled(value: Schema) -> Schema:
    """Return a property's schema without title and without what says that it may be null."""
    found = {key: item for key, item in value.items() if key != "title"}
    choices = [choice for choice in found.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) < len(found.get("anyOf", ())):
        rest = {key: item for key, item in found.items() if key != "anyOf" and (key, item) != ("default", None)}
        return {**(choices[0] if len(choices) == 1 else {"anyOf": choices}), **rest}
    return found


def _everywhere(value: Any, change: Callable[[Schema], Schema]) -> Any:
    """Return `value` with every map in it, the innermost first, as `change` makes it."""
    if isinstance(value, dict):
        return change({key: _everywhere(item, change) for key, item in value.items()})
    return [_everywhere(item, change) for item in value] if isinstance(value, list) else value


def _needed(definitions: Mapping[str, Schema], start: object, *, but: str | None = None) -> dict[str, Schema]:
    """Return the definitions that are reached from `start`, by name."""
    found: set[str] = set()
    waiting = list(_references(start))
    while waiting:
        name = waiting.pop()
        if name not in found and name != but:
            found.add(name)
            waiting.extend(_references(definitions[name]))
    return {name: definitions[name] for name in sorted(found)}


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(PREFIX)
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in items:
        yield from _references(item)


def _constants(definition: Schema) -> set[str]:
    written = definition.get("properties", {}).get("type", {})
    return {str(each) for each in (*written.get("enum", ()), *([written["const"]] if "const" in written else ()))}

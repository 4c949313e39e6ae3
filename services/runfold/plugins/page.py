"""The page of one type in Markdown: what it does, and each property with its type, default and text."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from runfold.flows.task import Plugin
from runfold.plugins.json_schema import PREFIX, Schema


def page(model: type[Plugin], schema: Schema) -> str:
    """Return the page of a type; `schema`: its own, with the properties that the page shall tell."""
    return "\n".join(_lines(model.TYPE, inspect.getdoc(model) or "", schema, is_deprecated=model.DEPRECATED))


def input_page(kind: str, schema: Schema) -> str:
    """Return the page of an input type."""
    return "\n".join(_lines(kind, schema.get("description", ""), schema, is_deprecated=False))


def _lines(name: str, text: str, schema: Schema, *, is_deprecated: bool) -> Iterator[str]:
    yield f"# {name.rpartition('.')[2]}"
    yield ""
    if is_deprecated:
        yield from ("> Deprecated.", "")
    yield from (text, "", "```yaml", f'type: "{name}"', "```", "", "## Properties", "")
    for key, property_ in schema["properties"].items():
        if key != "type":
            yield from _property(key, property_, is_required=key in schema.get("required", ()))


def _property(key: str, property_: Schema, *, is_required: bool) -> Iterator[str]:
    yield f"### `{key}`"
    yield ""
    if property_.get("deprecated"):
        yield "- **Deprecated**"
    yield f"- **Type:** {_type(property_)}"
    yield f"- **Required:** {'yes' if is_required else 'no'}"
    if property_.get("default") not in (None, [], {}):
        yield f"- **Default:** `{json.dumps(property_['default'])}`"
    yield from ("", property_["description"], "") if "description" in property_ else ("",)


def _type(property_: Mapping[str, Any]) -> str:
    if "$ref" in property_:
        return str(property_["$ref"]).removeprefix(PREFIX)
    if "anyOf" in property_:
        return " or ".join(dict.fromkeys(_type(choice) for choice in property_["anyOf"]))
    if "enum" in property_ or "const" in property_:
        return " or ".join(f"`{value}`" for value in property_.get("enum", [property_.get("const")]))
    kind = property_.get("type", "anything")
    return f"list of {_type(property_['items'])}" if kind == "array" and property_.get("items") else str(kind)

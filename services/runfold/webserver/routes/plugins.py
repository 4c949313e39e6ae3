"""Which types flows may name here, and what they take: for the page of plugins and for editors."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from runfold.errors import NotFound
from runfold.flows.input import InputType
from runfold.flows.task import FlowableTask, Plugin, Task
from runfold.flows.trigger import Trigger
from runfold.plugins.groups import groups, subgroups
from runfold.plugins.json_schema import Schema
from runfold.plugins.kinds import is_shown
from runfold.plugins.page import input_page, page
from runfold.webserver.answers import Json
from runfold.webserver.parts import Given

router = APIRouter(prefix="/plugins", tags=["plugins"])

BASES: Final = (FlowableTask, Task, Trigger)
"""Whose properties many types share; a page tells them only if it is asked for all."""

ALWAYS: Final = frozenset({"id", "type"})


@router.get("")
def list_groups(parts: Given) -> Json:
    """Return all types by groups."""
    return Json(groups(parts.types))


@router.get("/groups/subgroups")
def list_subgroups(parts: Given) -> Json:
    """Return all types by packages."""
    return Json(subgroups(parts.types))


@router.get("/icons")
def icons() -> Json:
    """Return no icons: types have none here."""
    return Json({})


@router.get("/icons/groups")
def group_icons() -> Json:
    """Return no icons: groups have none here."""
    return Json({})


@router.get("/schemas/{name}")
def schema(name: str, parts: Given, *, as_list: Annotated[bool, Query(alias="arrayOf")] = False) -> Json:
    """Return the JSON Schema of `flow`, `template`, `task`, `trigger`, `condition` or `plugindefault`."""
    return Json(parts.schemas.of(name.lower(), as_list=as_list))


@router.get("/inputs")
def inputs() -> Json:
    """Return the types of inputs."""
    return Json([{"type": str(kind), "cls": str(kind)} for kind in InputType])


@router.get("/inputs/{kind}")
def input_type(kind: str, parts: Given) -> Json:
    """Return the page and the schema of one type of inputs."""
    found = parts.schemas.of_input(kind)
    return Json({"markdown": input_page(kind, found), "schema": _in_parts(found)})


@router.get("/{name}")
def plugin(name: str, parts: Given, *, every: Annotated[bool, Query(alias="all")] = False) -> Json:
    """Return the page and the schema of one type; `all`: with the properties that many types share."""
    model = parts.types.find(name)
    if model is None or not is_shown(model):
        raise NotFound(f"There is no plugin {name}")
    found = parts.schemas.of_type(model.TYPE)
    found = found if every else _own(model, found)
    return Json({"markdown": page(model, found), "schema": _in_parts(found)})


def _own(model: type[Plugin], found: Schema) -> Schema:
    """Return a schema without the properties that many types share."""
    base = next((base for base in BASES if issubclass(model, base)), None)
    shared = set(base.yaml_keys()) - ALWAYS if base is not None else set()
    return {**found, "properties": {key: item for key, item in found["properties"].items() if key not in shared}}


def _in_parts(found: Schema) -> dict[str, Schema]:
    rest = {key: item for key, item in found.items() if key not in {"definitions", "$schema"}}
    return {"properties": rest, "outputs": {"properties": {}}, "definitions": found["definitions"]}

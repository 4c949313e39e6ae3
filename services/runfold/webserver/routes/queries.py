"""The language of searches, for pages that help to write it: its fields, and what a text says in it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from fastapi import Query as Parameter

from runfold.documents.grammar import parse
from runfold.documents.grammar.fields import BY_NAME, QUERY_FIELDS, QueryField
from runfold.documents.grammar.filter import filter_of
from runfold.documents.grammar.print import chips, text_of
from runfold.documents.model import Kind
from runfold.errors import BadRequest, QueryInvalid
from runfold.webserver.answers import Json
from runfold.webserver.parts import Given

DEFAULT: Final = Kind.TASKRUNS

router = APIRouter(prefix="/queries", tags=["queries"])

OfKind = Annotated[Kind, Parameter(description="What is searched: taskruns, executions or logs")]


@router.get("/fields")
def fields(kind: OfKind = DEFAULT) -> Json:
    """Return the fields that a query may name."""
    return Json([_field(each, kind) for each in QUERY_FIELDS[_searched(kind)]])


@router.get("/check")
def check(parts: Given, kind: OfKind = DEFAULT, query: str = "") -> Json:
    """Return what a query says, part by part, or where it cannot be read."""
    searched = _searched(kind)
    try:
        found = parse(query, searched)
        filter_of(found, searched, parts.clock())
    except QueryInvalid as error:
        return Json({"ok": False, "error": {"message": str(error), "column": error.column}, "chips": []})
    return Json({"ok": True, "text": text_of(found, searched), "chips": chips(found, query, searched)})


def _searched(kind: Kind) -> Kind:
    if kind not in BY_NAME:
        raise BadRequest(f"Invalid kind: {kind} can't be searched by queries, {', '.join(BY_NAME)} can")
    return kind


def _field(found: QueryField, kind: Kind) -> dict[str, Any]:
    order = found.sorted_by(kind)
    return {
        "name": found.name,
        "type": found.type,
        "aliases": list(found.aliases),
        "description": found.description,
        "operators": list(found.operators),
        "sortable": order is not None,
        "examples": list(found.examples),
        **({"sort": order} if order else {}),
        **({"values": list(found.choices)} if found.choices else {}),
    }

"""The key-value pairs of a namespace."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel
from starlette.responses import Response

from runfold.adapters.kv_store import KvEntry, KvStore
from runfold.adapters.kv_values import of_text
from runfold.errors import BadRequest, NotFound
from runfold.flows.duration import parse_duration
from runfold.flows.temporal import format_instant
from runfold.webserver.answers import Json
from runfold.webserver.body import TextBody
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.namespaces import Namespace

router = APIRouter(prefix="/namespaces/{namespace}/kv", tags=["key-value pairs"])


class Keys(BaseModel):
    """Which pairs."""

    keys: list[str]


@router.get("")
def pairs(namespace: Namespace, parts: Given) -> Json:
    """Return all keys with their dates."""
    return Json([_dates(entry) for entry in _store(parts, namespace).entries()])


@router.get("/{key}")
def value(namespace: Namespace, key: str, parts: Given) -> Json:
    """Return the value of a pair, and its type."""
    found = _store(parts, namespace).find(key)
    if found is None:
        raise NotFound(f"There is no key {key} in the namespace {namespace}")
    return Json({"type": found.value.type, "value": found.value.value})


@router.put("/{key}", status_code=204)
def put(
    namespace: Namespace, key: str, body: TextBody, parts: Given, ttl: Annotated[str | None, Header()] = None
) -> Response:
    """Store a pair. The body is JSON, or text: then a date or a duration is stored as such."""
    _store(parts, namespace).put(key, of_text(body), _ttl(ttl))
    return Response(status_code=204)


@router.delete("/{key}")
def delete(namespace: Namespace, key: str, parts: Given) -> Json:
    """Remove a pair; the answer says whether there was one."""
    return Json(_store(parts, namespace).delete(key))


@router.delete("")
def delete_all(namespace: Namespace, asked: Keys, parts: Given) -> Json:
    """Remove pairs; the answer names those that were there."""
    store = _store(parts, namespace)
    return Json({"keys": [key for key in asked.keys if store.delete(key)]})


def _store(parts: Parts, namespace: str) -> KvStore:
    return KvStore(parts.files, namespace, parts.clock)


def _ttl(text: str | None) -> timedelta | None:
    if not text:
        return None
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise BadRequest(f"Invalid ttl: {text[:50]!r} is no duration such as PT5M") from error
    if found <= timedelta(0):
        raise BadRequest("Invalid ttl: it must be longer than nothing")
    return found


def _dates(entry: KvEntry) -> dict[str, Any]:
    found = {
        "key": entry.key,
        "creationDate": format_instant(entry.created_at),
        "updateDate": format_instant(entry.updated_at),
    }
    if entry.expires_at is not None:
        found["expirationDate"] = format_instant(entry.expires_at)
    return found

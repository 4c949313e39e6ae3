"""Answers in JSON, quickly: the documents are JSON already and need no model around them."""

import json
from typing import Any

import orjson
from starlette.responses import Response


class Json(Response):
    """A JSON answer. Numbers beyond 64 bits and broken texts of users are written too."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def written(content: Any) -> orjson.Fragment:
    """Return `content` as a part of an answer that is JSON already: of a long list no pieces need to be held."""
    return orjson.Fragment(json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """Return `content` as JSON."""
    try:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(content, default=str).encode()

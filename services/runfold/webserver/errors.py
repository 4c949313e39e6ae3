"""
Errors to HTTP answers, in the shape that Kestra's clients read.

    {"message": "<Reason>: <detail>", "_links": {"self": {"href", "templated"}}, "_embedded": {"errors": [{"message", "path"?}]}}

The rule: the error tree alone decides the status; a route never names one.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from runfold.errors import (
    AuthorError,
    BadRequest,
    BrokenInvariant,
    CallerError,
    Conflict,
    ExpressionFailed,
    FlowInvalid,
    Gone,
    InputsInvalid,
    NotEnded,
    NotFound,
    QueryInvalid,
    RunfoldError,
    Unavailable,
)

RETRY_AFTER_S: Final = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told: the status, the reason before the colon, and each single error."""

    status: int
    reason: str
    errors: Sequence[Mapping[str, Any]]


def problem_of(error: RunfoldError) -> Problem:
    """Return how an error of ours is told."""
    match error:
        case FlowInvalid():
            return Problem(422, "Invalid entity", [_of(each.message, each.path) for each in error.violations])
        case InputsInvalid():
            return Problem(422, "Invalid entity", [_of(each.message, each.input_id) for each in error.errors])
        case ExpressionFailed() | AuthorError():
            return Problem(422, "Invalid entity", [_of(str(error))])
        case NotEnded():
            return Problem(400, "Bad Request", [_of(str(error))])
        case NotFound():
            return Problem(404, "Not Found", [_of(str(error))])
        case Gone():
            return Problem(410, "Resource has expired", [_of(str(error))])
        case Conflict():
            return Problem(409, "Illegal state", [_of(str(error))])
        case QueryInvalid():
            return Problem(
                422, "Illegal argument", [{"message": str(error), "path": error.path, "column": error.column}]
            )
        case BadRequest() | CallerError():
            return Problem(422, "Illegal argument", [_of(str(error))])
        case Unavailable():
            return Problem(503, "Service Unavailable", [_of("A backend is away, try again in a moment")])
        case _:
            return Problem(500, "Internal server error", [_of("This is a fault of the server; its log says more")])


def problem_body(problem: Problem, path: str) -> dict[str, Any]:
    """Return the JSON that tells of `problem`."""
    details = "\n".join(_line(error) for error in problem.errors)
    return {
        "message": f"{problem.reason}: {details}" if details else problem.reason,
        "_links": {"self": {"href": path, "templated": False}},
        "_embedded": {"errors": list(problem.errors)},
    }


def handle_errors(app: FastAPI) -> None:
    """Let every error of `app` be told in this shape."""

    @app.exception_handler(RunfoldError)
    async def _ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, RunfoldError)  # noqa: S101 - what this handler is registered for
        if isinstance(error, BrokenInvariant):
            logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        if isinstance(error, Unavailable):
            logger.warning("%s %s: %s", request.method, request.url.path, error)
        return answer(request, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        found = error.errors()
        is_json = any(each["type"] == "json_invalid" for each in found)
        errors = [_of(each["msg"], ".".join(str(step) for step in each["loc"][1:])) for each in found]
        return answer(request, Problem(422, "Invalid json" if is_json else "Invalid entity", errors))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        reason = HTTPStatus(error.status_code).phrase
        detail = str(error.detail) if error.detail != reason else ""
        return answer(request, Problem(error.status_code, reason, [_of(detail)] if detail else []), error.headers)

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> Response:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(request, problem_of(BrokenInvariant(str(error))))


def answer(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells of `problem`."""
    found = dict(headers or {})
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        found["Retry-After"] = str(RETRY_AFTER_S)
    # ASCII: what a client sent may hold lone surrogates, which UTF-8 can't carry.
    body = json.dumps(problem_body(problem, request.url.path))
    return Response(body, problem.status, found, media_type="application/json")


def _of(message: str, path: str = "") -> dict[str, Any]:
    return {"message": message, "path": path} if path else {"message": message}


def _line(error: Mapping[str, Any]) -> str:
    return f"{error['path']}: {error['message']}" if "path" in error else str(error["message"])

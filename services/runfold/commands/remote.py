"""
A running server as commands ask it: its API by HTTP, its errors as ours.

Rule: commands see JSON and errors, nothing of HTTP.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

import httpx
import typer

from runfold.errors import CallerError, NotFound, QueryInvalid, RunfoldError, Unavailable

API: Final = "/api/v1"
TIMEOUT_S: Final = 30.0
PIECE_SIZE_BYTES: Final = 64 * 1024
EVENT_STREAM: Final = "text/event-stream"

ServerOption = Annotated[
    str, typer.Option("--server", envvar="RUNFOLD_SERVER", help="Where a webserver answers.", metavar="URL")
]
SERVER: Final = "http://127.0.0.1:8080"

Parameters = Mapping[str, Any]


class Remote:
    """One server."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return the JSON that `path` answers. Raises: RunfoldError."""
        return self.ask("GET", path, parameters)

    def ask(self, method: str, path: str, parameters: Parameters | None = None, body: Any = None) -> Any:
        """Return what a request answers; None: nothing. Raises: RunfoldError."""
        with _translated(self._client):
            answer = self._client.request(method, API + path, params=_present(parameters), json=body)
            _check(answer)
            return answer.json() if answer.content else None

    def pieces(self, path: str, parameters: Parameters | None = None) -> Iterator[bytes]:
        """Yield what `path` answers, while it comes. Raises: RunfoldError."""
        with (
            _translated(self._client),
            self._client.stream("GET", API + path, params=_present(parameters)) as answer,
        ):
            if answer.is_error:
                answer.read()
            _check(answer)
            yield from answer.iter_bytes(PIECE_SIZE_BYTES)

    def events(self, path: str, parameters: Parameters | None = None) -> Iterator[tuple[str, Any]]:
        """Yield the id and the JSON of each event of a stream, to its end. Raises: RunfoldError."""
        headers = {"Accept": EVENT_STREAM}
        with (
            _translated(self._client),
            self._client.stream(
                "GET",
                API + path,
                params=_present(parameters),
                headers=headers,
                timeout=httpx.Timeout(TIMEOUT_S, read=None),
            ) as answer,
        ):
            if answer.is_error:
                answer.read()
            _check(answer)
            yield from _events(answer.iter_lines())


@contextmanager
def remote(server: str) -> Iterator[Remote]:
    """Yield the server at `server`."""
    with httpx.Client(base_url=server.rstrip("/"), timeout=TIMEOUT_S) as client:
        yield Remote(client)


def _present(parameters: Parameters | None) -> dict[str, Any]:
    return {name: value for name, value in (parameters or {}).items() if value is not None}


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    event_id, data = "", ""
    for line in lines:
        name, _, value = line.partition(":")
        if name == "id":
            event_id = value.strip()
        elif name == "data":
            data += value.strip()
        elif not line and data:
            yield event_id, json.loads(data)
            data = ""


def _check(answer: httpx.Response) -> None:
    """Raise what went wrong, in one line."""
    if not answer.is_error:
        return
    try:
        told = answer.json()
        errors = told.get("_embedded", {}).get("errors", [])
        message = str(told["message"])
    except (ValueError, KeyError, AttributeError):
        errors, message = [], f"the server answered {answer.status_code}"
    for error in errors:
        if "column" in error:
            raise QueryInvalid(error["message"], error["column"], error.get("path", "query"))
    raise _error_of(answer.status_code)(" ".join(message.split()))


def _error_of(status: int) -> type[RunfoldError]:
    if status == HTTPStatus.NOT_FOUND:
        return NotFound
    return Unavailable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CallerError


@contextmanager
def _translated(client: httpx.Client) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Unavailable(f"{client.base_url} does not answer: {error}") from error
    except (httpx.InvalidURL, ValueError) as error:
        raise CallerError(f"{client.base_url}: {error}") from error

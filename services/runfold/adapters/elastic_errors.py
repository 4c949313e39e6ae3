"""
The client's errors as ours, in one place.

What the server can't read is the question's fault, what it can't do now is its own, and
anything else is ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from elastic_transport import TransportError
from elasticsearch import ApiError, SerializationError

from runfold.errors import BadRequest, BrokenInvariant, Unavailable

_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Besides all that is the server's own fault: someone may set these right."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the client raises as errors of this system."""
    try:
        yield
    except ApiError as error:
        status = error.status_code
        if status == HTTPStatus.BAD_REQUEST:
            raise BadRequest(f"The index can't answer this: {error}") from error
        if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"Elasticsearch: {error}") from error
        raise BrokenInvariant(f"Elasticsearch: {error}") from error
    except (TransportError, SerializationError) as error:
        raise Unavailable(f"Elasticsearch: {error}") from error

"""Request bodies that are text: read whole, under a limit."""

from typing import Annotated, Final

from fastapi import Depends, Request

from runfold.errors import BadRequest

TEXT_SIZE_MAX_BYTES: Final = 2 * 1024 * 1024


async def _text(request: Request) -> str:
    """Return the body. Raises: BadRequest."""
    chunks = []
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > TEXT_SIZE_MAX_BYTES:
            raise BadRequest(f"The body is larger than {TEXT_SIZE_MAX_BYTES} bytes")
        chunks.append(chunk)
    try:
        return b"".join(chunks).decode()
    except UnicodeDecodeError as error:
        raise BadRequest("The body is no UTF-8 text") from error


TextBody = Annotated[str, Depends(_text)]
"""A route's parameter that is the body's text, whatever its content type says."""

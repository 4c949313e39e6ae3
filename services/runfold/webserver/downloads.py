"""Files as answers: sent in pieces, never shown by a browser as a page of ours."""

from collections.abc import Iterator
from typing import BinaryIO, Final
from urllib.parse import quote

from starlette.responses import StreamingResponse

CHUNK_SIZE_BYTES: Final = 256 * 1024


def download(content: BinaryIO, name: str, size_bytes: int) -> StreamingResponse:
    """Return the answer that sends `content` and closes it."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(size_bytes),
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(_pieces(content, size_bytes), headers=headers, media_type="application/octet-stream")


def _pieces(content: BinaryIO, size_bytes: int) -> Iterator[bytes]:
    """Yield exactly `size_bytes`, if there are so many."""
    left = size_bytes
    with content:
        while left and (chunk := content.read(min(CHUNK_SIZE_BYTES, left))):
            left -= len(chunk)
            yield chunk

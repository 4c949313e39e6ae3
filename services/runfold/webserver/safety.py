"""
What keeps browsers safe: who may write, and what an answer may do there.

A page of another host must not act with a person's browser: its writes name it in `Origin` and
are refused. Clients that are no browser send no `Origin` and pass. Answers of the API hold what
users wrote; should one be opened as a page, it runs nothing.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runfold.webserver.answers import Json

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OF_ONE_ORIGIN: Final = frozenset({"same-origin", "none"})
"""What browsers say themselves of a request; no script can. It holds also behind a proxy that renames the host."""

DATA_ONLY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Safety:
    """Refuses writes that pages of other hosts send, and marks answers as what they are."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """`prefix`: of the paths that answer with data."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), scope["path"])
            await send(message)

        if scope["method"] not in READS and not _is_ours(Headers(scope=scope)):
            await _refusal(scope["path"])(scope, receive, marked)
            return
        await self._app(scope, receive, marked)

    def _mark(self, headers: MutableHeaders, path: str) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if path.startswith(self._prefix):
            headers.setdefault("Content-Security-Policy", DATA_ONLY)


def _is_ours(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") in OF_ONE_ORIGIN:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(host) and host.lower() == headers.get("host", "").lower()


def _refusal(path: str) -> Json:
    told = "This request comes from a page of another host"
    body = {
        "message": f"Forbidden: {told}",
        "_links": {"self": {"href": path, "templated": False}},
        "_embedded": {"errors": [{"message": told}]},
    }
    return Json(body, status_code=403)

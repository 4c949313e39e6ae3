"""
The web page at /ui/: files that `make ui` built into `page/` beside this module, served as they are.

Files under assets/ have their content's hash in their name and may be kept for ever; the rest is
asked for anew. A path that is no file is a place within the page, so it gets index.html. The
rule: nothing inline, nothing from elsewhere; a library that has to add a style element knows
the answer's nonce, which replaces `NONCE` in index.html.
"""

import mimetypes
import secrets
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from runfold.errors import NotFound

FOLDER: Final = Path(__file__).with_name("page")
NONCE: Final = "NONCE-OF-THIS-ANSWER"
KEPT_FOR_EVER: Final = "public, max-age=31536000, immutable"
KEPT_AN_HOUR: Final = "public, max-age=3600"
"""Of the icon, which browsers ask for again with every new address, if they may not keep it."""
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Best first; the build lays these beside what is worth it."""

TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


def page_routes(folder: Path = FOLDER) -> list[Route]:
    """Return the routes of the page, built or not: it may be built while the server runs."""
    page = Page(folder)
    return [Route("/ui", page.answer), Route("/ui/{path:path}", page.answer)]


def is_built(folder: Path = FOLDER) -> bool:
    """Say whether there is a page to serve."""
    return (folder / "index.html").is_file()


class Page:
    """The built files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def answer(self, request: Request) -> Response:
        """Return a file, or the page itself. Raises: NotFound."""
        path = request.path_params.get("path", "")
        file = (self._folder / path).resolve()
        if file.is_relative_to(self._folder) and file.is_file() and file.name != "index.html":
            return _file(file, request.headers.get("accept-encoding", ""), _kept(path))
        if path.startswith("assets/"):
            raise NotFound(f"There is no file {path}; the page was built anew, load it again")
        return self._index()

    def _index(self) -> Response:
        try:
            text = (self._folder / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise NotFound("The web page is not built: `make ui` builds it") from error
        nonce = secrets.token_urlsafe(18)
        headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store"}
        return HTMLResponse(text.replace(NONCE, nonce), headers=headers)


def policy(nonce: str) -> str:
    """Return what the page may load and do. Style elements need the nonce; scripts are files of ours."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _kept(path: str) -> str:
    """Return for how long a browser keeps a file; the names of `assets` change with what is in them."""
    if path.startswith("assets/"):
        return KEPT_FOR_EVER
    return KEPT_AN_HOUR if path.endswith(".svg") else "no-cache"


def _file(file: Path, accepted: str, kept: str) -> Response:
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    wanted = {part.partition(";")[0].strip() for part in accepted.split(",")}
    for encoding, suffix in ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if encoding in wanted and packed.is_file():
            return FileResponse(packed, media_type=kind, headers={**headers, "Content-Encoding": encoding})
    return FileResponse(file, media_type=kind, headers=headers)

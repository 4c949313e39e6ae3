"""A browser's page that notes what must not happen: errors on its console, requests to anyone else, barriers."""

import os
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response

AXE: Final = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE: Final = {"serious", "critical"}
SHOTS: Final = "RUNFOLD_SCREENSHOTS"
"""A variable with the folder that keeps screenshots: docs/screenshots for those of the docs."""

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


class Looking:
    """`page` is Playwright's; `wrong` says what went wrong on it."""

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page = page
        self.url = url
        self.wrong: list[str] = []
        self.responses: list[Response] = []
        self._shots = Path(os.environ.get(SHOTS) or shots)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.wrong.append(f"error on the page: {error}"))
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    def open(self, path: str) -> None:
        """Go to a place of the page, `/taskruns?query=...`."""
        self.page.goto(f"{self.url}/ui{path}")

    def barriers(self) -> list[str]:
        """Return what keeps people out, as axe finds it; only what is serious."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate("axe.run()")["violations"]
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
            for each in found
            if each["impact"] in GRAVE
        ]

    def shoot(self, name: str) -> list[str]:
        """Take screenshots, light and dark, and return the barriers in both."""
        self._shots.mkdir(parents=True, exist_ok=True)
        found: list[str] = []
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            found += self.barriers()
            self.page.screenshot(path=self._shots / f"{name}-{scheme}.png", animations="disabled")
        return found

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type} on the console: {message.text} ({message.location.get('url')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"blob", "data"} and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.wrong.append(f"a request to {request.url}")

    def javascript_bytes(self) -> int:
        """Return how much JavaScript came, as it was packed on its way."""
        scripts = [each for each in self.responses if urlsplit(each.url).path.endswith(".js")]
        return sum(int(each.headers.get("content-length", 0)) for each in scripts)

    def _on_response(self, response: Response) -> None:
        self.responses.append(response)

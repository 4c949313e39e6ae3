"""A browser looks at a server: how soon a page is there, and how long its frames take while someone works on it."""

import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.bench.page.actions import Action, of_gantt, of_list
from tests.bench.page.figures import Opened, Worked
from tests.bench.page.serving import Served
from tests.browser.frames import Frames, traced

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
ROUNDS: Final = 3
"""The one in the middle counts: what another program did to one of them does not."""

OPENINGS: Final = 5
WAIT_MS: Final = 60_000
QUIET_MS: Final = 1_500
PAINTED: Final = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
CLOCK: Final = "() => performance.now()"

Tell = Callable[[str], None]


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield the system's Chromium."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program is not None, f"there is none of {', '.join(PROGRAMS)} here"
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


def openings(chromium: Browser, served: Served) -> Iterator[Opened]:
    """Open both pages with a cold cache, several times."""
    for name, path, row in _pages(served):
        found = [_opened(chromium, served.url + path, row) for _ in range(OPENINGS)]
        yield Opened(name, *(statistics.median(each) for each in zip(*found, strict=True)))


def work(chromium: Browser, served: Served, tell: Tell) -> Iterator[Worked]:
    """Do what people do, several times, each time on pages that were just opened."""
    found: dict[str, list[Frames]] = {}
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        for (_, path, row), actions in zip(_pages(served), (of_list, of_gantt), strict=True):
            with _page(chromium) as page:
                page.goto(served.url + path)
                _await_rows(page, row)
                page.wait_for_timeout(QUIET_MS)
                for action in actions(page):
                    found.setdefault(action.name, []).append(_frames_of(page, action))
    for name, rounds in found.items():
        yield Worked(name, rounds)


def _pages(served: Served) -> list[tuple[str, str, str]]:
    """Return names, paths, and how a row of the page begins that says: it is there."""
    return [
        ("Task Runs", "/ui/taskruns?timeRange=all", "Task runs"),
        ("an execution", f"/ui/executions/{served.execution_id}", "Task runs over time"),
    ]


def _frames_of(page: Page, action: Action) -> Frames:
    try:
        return traced(page, action.do)
    except AssertionError as error:
        raise AssertionError(f"{action.name}: {error}") from error


@contextmanager
def _page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def _await_rows(page: Page, label: str) -> None:
    rows = page.locator(f'[aria-label="{label}"] [role=row]')
    expect(rows.nth(1)).to_be_visible()


def _opened(chromium: Browser, url: str, label: str) -> tuple[float, float, float]:
    """Return when the page was painted first, when its rows were there, and the JavaScript that came."""
    with _page(chromium) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        scripts: set[str] = set()
        came: dict[str, float] = {}

        def answered(event: dict[str, Any]) -> None:
            if event["type"] == "Script":
                scripts.add(event["requestId"])

        session.on("Network.responseReceived", answered)
        session.on(
            "Network.loadingFinished", lambda event: came.update({event["requestId"]: event["encodedDataLength"]})
        )
        page.goto(url)
        _await_rows(page, label)
        rows_ms = float(page.evaluate(CLOCK))
        # A stream never ends: the network does not become idle. The chart comes after the rows.
        page.wait_for_timeout(QUIET_MS)
        painted_ms = page.evaluate(PAINTED)
        assert painted_ms is not None, f"{url}: nothing was painted"
        return float(painted_ms), rows_ms, sum(size for key, size in came.items() if key in scripts) / 1024

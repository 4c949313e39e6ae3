"""
The web page in the system's Chromium, against a server with the examples.

`RUNFOLD_SCREENSHOTS=docs/screenshots` keeps what the tests see. One process looks at a time.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from runfold.webserver.ui import is_built
from tests.browser.looking import AXE, Looking
from tests.browser.server import Server, standalone

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 15_000


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; `-m "not browser"` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium. It ends with this folder's tests: its event loop would be in the way of others."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    if not is_built() or not AXE.exists():
        pytest.skip("the web page is not built: make ui")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has run each example once; each file of tests has its own: what one makes is not in the way of others."""
    with standalone(tmp_path_factory.mktemp("server")) as server:
        for flow_id in ("each_switch", "errors", "loop", "parallel", "retry", "taskrun"):
            server.run(flow_id)
        yield server


@pytest.fixture
def looking(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Looking]:
    """A fresh page. Afterwards nothing may have gone wrong on it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin", locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    looking = Looking(context.new_page(), server.url, tmp_path)
    yield looking
    context.close()
    assert looking.wrong == []

"""
What people do on the page, as a browser does it: each action is traced by itself.

Finding elements by what they are called runs in the page, and takes as long as a frame: it is done before an action
and after it, never within. So within it there are only the mouse, the keyboard and the network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, Response, expect

PAGES: Final = 40
"""Further pages of the list that a long scroll loads by cursor."""

STEP_PX: Final = 900
FAST_PX: Final = 6_000
STEPS: Final = 60
STEP_MS: Final = 16
SETTLE_MS: Final = 700
"""What an action leads to a moment later belongs to it: answers, charts, addresses."""

SCROLL_END_MS: Final = 120_000
TYPED_MS: Final = 60
FOUND: Final = "customer-12"


@dataclass(frozen=True)
class Action:
    """`name`: as people say it. `do`: to be traced."""

    name: str
    do: Callable[[], None]


def of_list(page: Page) -> Iterator[Action]:
    """Yield what is done on the Task Runs page, which is open and shows all that ever ran."""
    table = page.get_by_role("grid", name="Task runs")
    field = page.get_by_role("combobox", name="Query")

    def down() -> None:
        further: list[Response] = []

        def note(response: Response) -> None:
            if "/taskruns/search" in response.url and "cursor=" in response.url:
                further.append(response)

        page.on("response", note)
        for _ in range(SCROLL_END_MS // STEP_MS):
            if len(further) >= PAGES:
                break
            page.mouse.wheel(0, STEP_PX)
            page.wait_for_timeout(STEP_MS)
        page.remove_listener("response", note)
        assert len(further) >= PAGES, f"only {len(further)} further pages came"
        page.wait_for_timeout(SETTLE_MS)

    def up() -> None:
        _wheel(page, -STEP_PX)
        _wheel(page, -FAST_PX)

    def query() -> None:
        with page.expect_response(lambda response: "state%3AFAILED" in response.url):
            page.keyboard.type("state:FAILED", delay=TYPED_MS)
            page.keyboard.press("Enter")
        page.wait_for_timeout(SETTLE_MS)

    def facet() -> None:
        with page.expect_response(lambda response: "flow%3A" in response.url and "/search" in response.url):
            _click(page)
        page.wait_for_timeout(SETTLE_MS)

    table.hover()
    yield Action("list: scroll down, loading pages", down)
    yield Action("list: scroll back up", up)
    field.focus()
    yield Action("list: type a query", query)
    expect(table.get_by_text("SUCCESS")).to_have_count(0)
    page.get_by_role("region", name="Flow").get_by_role("button").nth(1).hover()
    yield Action("list: click a value", facet)


def of_gantt(page: Page) -> Iterator[Action]:
    """Yield what is done on the gantt of an execution, which is open."""
    gantt = page.get_by_role("treegrid", name="Task runs over time")
    field = page.get_by_role("searchbox", name="Find tasks")

    def click() -> None:
        _click(page)
        page.wait_for_timeout(SETTLE_MS)

    def scroll() -> None:
        for by_px in (STEP_PX, FAST_PX, -FAST_PX):
            _wheel(page, by_px)

    def find() -> None:
        page.keyboard.type(FOUND, delay=TYPED_MS)
        page.wait_for_timeout(SETTLE_MS)

    def forget() -> None:
        for _ in FOUND:
            page.keyboard.press("Backspace")
        page.wait_for_timeout(SETTLE_MS)

    page.get_by_role("button", name="Unfold all").hover()
    yield Action("gantt: unfold all", click)
    expect(gantt.get_by_text("extract").first).to_be_visible()
    gantt.hover()
    yield Action("gantt: scroll", scroll)
    field.focus()
    yield Action("gantt: find a value", find)
    expect(gantt.get_by_text(FOUND).first).to_be_visible()
    yield Action("gantt: forget it again", forget)
    page.get_by_role("group", name="Only these states").get_by_role("button", name="FAILED").hover()
    yield Action("gantt: click a state", click)
    expect(gantt.get_by_text("SUCCESS")).to_have_count(0)


def _click(page: Page) -> None:
    """Click where the mouse is."""
    page.mouse.down()
    page.mouse.up()


def _wheel(page: Page, by_px: int) -> None:
    for _ in range(STEPS):
        page.mouse.wheel(0, by_px)
        page.wait_for_timeout(STEP_MS)
    page.wait_for_timeout(SETTLE_MS)

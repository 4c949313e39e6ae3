"""What people do on the page, as a browser does it: each action of this list is traced by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Locator, Page, Response, expect

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
        table.hover()
        for _ in range(SCROLL_END_MS // STEP_MS):
            if len(further) >= PAGES:
                break
            page.mouse.wheel(0, STEP_PX)
            page.wait_for_timeout(STEP_MS)
        page.remove_listener("response", note)
        assert len(further) >= PAGES, f"only {len(further)} further pages came"
        page.wait_for_timeout(SETTLE_MS)

    def up() -> None:
        _wheel(page, table, -STEP_PX, STEPS)
        _wheel(page, table, -FAST_PX, STEPS)

    def query() -> None:
        with page.expect_response(lambda response: "state%3AFAILED" in response.url):
            field.press_sequentially("state:FAILED", delay=TYPED_MS)
            field.press("Enter")
        expect(table.get_by_text("SUCCESS")).to_have_count(0)
        page.wait_for_timeout(SETTLE_MS)

    def facet() -> None:
        flow = page.get_by_role("region", name="Flow").get_by_role("button").nth(1)
        with page.expect_response(lambda response: "flow%3A" in response.url and "/search" in response.url):
            flow.click()
        page.wait_for_timeout(SETTLE_MS)

    yield Action("list: scroll down, loading pages", down)
    yield Action("list: scroll back up", up)
    yield Action("list: type a query", query)
    yield Action("list: click a value", facet)


def of_gantt(page: Page) -> Iterator[Action]:
    """Yield what is done on the gantt of an execution, which is open."""
    gantt = page.get_by_role("treegrid", name="Task runs over time")
    field = page.get_by_role("searchbox", name="Find tasks")

    def unfold() -> None:
        page.get_by_role("button", name="Unfold all").click()
        expect(gantt.get_by_text("extract").first).to_be_visible()
        page.wait_for_timeout(SETTLE_MS)

    def scroll() -> None:
        _wheel(page, gantt, STEP_PX, STEPS)
        _wheel(page, gantt, FAST_PX, STEPS)
        _wheel(page, gantt, -FAST_PX, STEPS)

    def find() -> None:
        field.press_sequentially("customer-12", delay=TYPED_MS)
        expect(gantt.get_by_text("customer-12").first).to_be_visible()
        page.wait_for_timeout(SETTLE_MS)
        for _ in "customer-12":
            field.press("Backspace")
        page.wait_for_timeout(SETTLE_MS)

    def state() -> None:
        page.get_by_role("group", name="Only these states").get_by_role("button", name="FAILED").click()
        expect(gantt.get_by_text("SUCCESS")).to_have_count(0)
        page.wait_for_timeout(SETTLE_MS)

    yield Action("gantt: unfold all", unfold)
    yield Action("gantt: scroll", scroll)
    yield Action("gantt: find a value", find)
    yield Action("gantt: click a state", state)


def _wheel(page: Page, over: Locator, by_px: int, steps: int) -> None:
    over.hover()
    for _ in range(steps):
        page.mouse.wheel(0, by_px)
        page.wait_for_timeout(STEP_MS)
    page.wait_for_timeout(SETTLE_MS)

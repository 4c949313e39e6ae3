"""The list of task runs: found, sorted, opened, by mouse and by keyboard."""

import re

from playwright.sync_api import expect

from tests.browser.looking import Looking
from tests.browser.server import Server

FIRST_VIEW_MAX_BYTES = 400 * 1024


def test_the_first_view_is_light_and_keeps_nobody_out(looking: Looking) -> None:
    looking.open("/taskruns")
    expect(looking.page.get_by_role("row").nth(5)).to_be_visible()

    assert looking.shoot("taskruns") == []
    assert 0 < looking.javascript_bytes() < FIRST_VIEW_MAX_BYTES


def test_a_row_opens_its_task_run_and_the_address_holds_it(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?sort=taskId:desc")
    page.get_by_role("link", name="unsteady").first.click()

    drawer = page.get_by_role("complementary", name="Task run")
    expect(drawer.get_by_role("heading", name="unsteady")).to_be_visible()
    expect(page).to_have_url(re.compile(r"sort=taskId%3Adesc&open=\w+"))
    assert looking.shoot("taskrun-drawer") == []

    page.reload()
    expect(drawer.get_by_role("heading", name="unsteady")).to_be_visible()
    drawer.get_by_role("tab", name="Logs").click()
    expect(page).to_have_url(re.compile("tab=logs"))
    page.go_back()
    expect(drawer).to_have_count(0)


def test_who_comes_by_a_link_sees_its_row_marked_among_the_others(looking: Looking, server: Server) -> None:
    page = looking.page
    found = server.api.get("/taskruns/search", params={"sort": "taskId:asc", "size": 100}).json()["results"]
    last = found[-1]["id"]
    looking.open(f"/taskruns?sort=taskId:asc&open={last}")

    row = page.get_by_role("row").and_(page.locator("[aria-current]"))
    expect(row).to_be_in_viewport()
    expect(row).to_have_attribute("aria-rowindex", str(len(found) + 1))
    assert page.get_by_role("grid", name="Task runs").evaluate("grid => grid.scrollTop") > 0
    expect(page.get_by_role("complementary", name="Task run")).to_contain_text(found[-1]["taskId"])
    assert looking.shoot("taskruns-by-link") == []

    page.get_by_role("grid", name="Task runs").evaluate("grid => grid.scrollTo(0, 0)")
    page.keyboard.press("Escape")
    expect(row).to_have_count(0)
    expect(page.get_by_role("row").and_(page.locator("[aria-rowindex='2']"))).to_be_in_viewport()


def test_the_list_is_used_by_keyboard_alone(looking: Looking) -> None:
    page = looking.page
    looking.open("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("row").nth(5)).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("task:settled")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("query=task%3Asettled"))
    expect(page.get_by_role("button", name="Take out task:settled")).to_be_visible()
    expect(page.get_by_role("link", name="unsteady")).to_have_count(0)

    page.keyboard.press("Escape")  # out of the field
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("toolbar", name="Selection")).to_contain_text("1 selected")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Task run")).to_be_visible()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Next row")


def test_what_is_new_is_counted_before_it_is_shown(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/taskruns")
    expect(page.get_by_role("row").nth(5)).to_be_visible()

    server.run("taskrun")
    page.get_by_role("button", name=re.compile(r"\d+ new")).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("taskrun")


def test_the_chosen_theme_and_zone_stay(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.get_by_role("button", name="switch to UTC").click()

    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="switch to local time")).to_be_visible()

"""Acting upon task runs: tried first, then done; and how the list follows what happens."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Looking
from tests.browser.server import Server, standalone

NAP = """
id: long
namespace: company.naps
tasks:
  - id: nap
    type: io.kestra.plugin.core.flow.Sleep
    duration: PT1H
"""


@pytest.fixture(scope="module")
def naps(server: Server) -> Server:
    """A server that has a flow which sleeps for an hour."""
    answer = server.api.post("/flows", content=NAP, headers={"content-type": "application/x-yaml"})
    answer.raise_for_status()
    return server


def test_a_list_of_what_runs_draws_nothing_while_nothing_changes(looking: Looking, naps: Server) -> None:
    page = looking.page
    execution_id = naps.start("long", "company.naps")
    looking.open(f"/taskruns?query=execution%3A{execution_id}")
    expect(page.get_by_role("grid").get_by_text("RUNNING")).to_have_count(1)
    expect(page.get_by_role("region", name="State").get_by_text("RUNNING")).to_be_visible()
    moving = "() => document.getAnimations().filter(each => each.playState === 'running').length"
    page.wait_for_function(f"() => ({moving})() === 0")

    page.get_by_role("link", name="nap").click()
    expect(page.get_by_role("complementary", name="Task run").get_by_text("RUNNING").first).to_be_visible()
    page.wait_for_function(f"() => ({moving})() === 1")
    naps.api.delete(f"/executions/{execution_id}/kill").raise_for_status()
    page.wait_for_function(f"() => ({moving})() === 0")


def test_what_is_killed_in_bulk_is_tried_first_and_the_rows_follow(looking: Looking, naps: Server) -> None:
    page = looking.page
    for _ in range(3):
        naps.start("long", "company.naps")
    looking.open("/taskruns?query=flow%3Along%20state%3ARUNNING")
    expect(page.get_by_role("grid").get_by_text("RUNNING")).to_have_count(3)

    page.get_by_role("checkbox", name="Select all loaded rows").check()
    bar = page.get_by_role("toolbar", name="Selection")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Kill").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="Dry run")).to_contain_text("3 would be done")
    expect(dialog.get_by_role("row").nth(1)).to_contain_text("Kill execution")
    assert looking.shoot("taskruns-bulk") == []
    expect(page.get_by_role("grid", include_hidden=True).get_by_text("RUNNING")).to_have_count(3)

    dialog.get_by_label("Note").fill("no longer needed")
    dialog.get_by_role("button", name="Kill 3").click()
    expect(dialog).to_contain_text("3 asked for")
    dialog.get_by_role("button", name="Close", exact=True).last.click()

    # They fit no more; the list says so, and no row jumps.
    page.get_by_role("button", name="3 gone").click()
    expect(page.get_by_text("No task run matches")).to_be_visible()
    killed = naps.api.get("/taskruns/search", params={"query": "flow:long"}).json()["results"]
    assert {run["state"]["current"] for run in killed} == {"KILLED"}
    events = naps.api.get(f"/executions/{killed[0]['executionId']}/events").json()["results"]
    assert any(event["cause"].get("note") == "no longer needed" for event in events)


def test_all_that_match_are_more_than_those_in_sight(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns")
    expect(page.get_by_role("row").nth(5)).to_be_visible()
    page.get_by_role("checkbox", name="Select row 1", exact=True).check()
    bar = page.get_by_role("toolbar", name="Selection")
    bar.get_by_role("button", name=re.compile("All .* that match")).click()
    bar.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Set labels").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Labels").fill("seen=yes")
    expect(dialog.get_by_role("region", name="Dry run")).to_contain_text(re.compile(r"[1-9]\d* would be done"))
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def test_a_run_is_followed_live_in_its_row_and_in_its_drawer(looking: Looking, naps: Server) -> None:
    page = looking.page
    execution_id = naps.start("long", "company.naps")
    looking.open(f"/taskruns?query=execution%3A{execution_id}")
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("RUNNING")
    row.get_by_role("link", name="nap").click()
    drawer = page.get_by_role("complementary", name="Task run")
    expect(drawer).to_contain_text("RUNNING")

    naps.api.delete(f"/executions/{execution_id}/kill").raise_for_status()
    expect(row).to_contain_text("KILLED")
    expect(drawer.get_by_role("button", name="Replay from here")).to_be_visible()
    expect(drawer).to_contain_text("One attempt")


def test_a_task_run_is_replayed_from_its_drawer(looking: Looking, server: Server) -> None:
    page = looking.page
    run = server.api.get("/taskruns/search", params={"query": "task:settled"}).json()["results"][0]
    before = server.api.get("/executions/search", params={"query": "flow:retry"}).json()["total"]
    looking.open(f"/taskruns?open={run['id']}")
    drawer = page.get_by_role("complementary", name="Task run")
    drawer.get_by_role("button", name="Replay from here").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("from task settled")
    dialog.get_by_role("button", name="Replay 1").click()
    expect(dialog).to_contain_text("1 asked for")
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name=re.compile(r"\d+ new"))).to_be_visible()
    assert server.api.get("/executions/search", params={"query": "flow:retry"}).json()["total"] == before + 1


def test_a_drawer_tells_all_of_a_task_run(looking: Looking, server: Server) -> None:
    page = looking.page
    execution_id = server.run("retry")["id"]
    asked = {"query": f"task:unsteady execution:{execution_id}"}
    run = server.api.get("/taskruns/search", params=asked).json()["results"][0]
    looking.open(f"/taskruns?query=flow%3Aretry&open={run['id']}")
    drawer = page.get_by_role("complementary", name="Task run")
    expect(drawer).to_contain_text("3 attempts")
    expect(drawer.get_by_role("region", name="Error")).to_contain_text("Fail on a condition")
    place = drawer.get_by_role("navigation", name="Where it stands")
    expect(place.get_by_role("link").nth(1)).to_have_attribute(
        "href", re.compile(rf"/executions/{run['executionId']}\?tab=gantt&\w+={run['id']}")
    )
    assert looking.shoot("taskrun-attempts") == []

    drawer.get_by_role("link", name=re.compile("lines of attempt 2")).click()
    expect(page).to_have_url(re.compile("attempt=1"))
    expect(drawer.get_by_role("log")).to_contain_text("attempt 2 went wrong")
    expect(drawer.get_by_role("log")).not_to_contain_text("attempt 1 went wrong")

    drawer.get_by_role("tab", name="Events").click()
    expect(drawer).to_contain_text("Attempt Dispatched")
    drawer.get_by_role("tab", name="JSON").click()
    expect(drawer.get_by_role("list", name="The task run as JSON")).to_contain_text("executionId")


@pytest.fixture
def empty(browser: Browser, tmp_path: Path) -> Iterator[Looking]:
    """A page of a server on which nothing has ever run."""
    with standalone(tmp_path) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        looking = Looking(context.new_page(), server.url, tmp_path)
        yield looking
        context.close()
    assert looking.wrong == []


def test_a_first_visit_offers_an_example_and_shows_it_running(empty: Looking) -> None:
    page = empty.page
    empty.open("/taskruns")
    expect(page.get_by_role("heading", name="Nothing has run here yet")).to_be_visible()
    assert empty.shoot("first-visit") == []

    page.get_by_role("button", name="Run the example").click()
    grid = page.get_by_role("grid", name="Task runs")
    expect(grid.get_by_role("link", name="prepare")).to_be_visible()
    expect(grid).to_contain_text("SUCCESS")
    page.get_by_role("button", name=re.compile(r"\d+ new")).click()
    expect(grid.get_by_role("link", name="each_region")).to_be_visible()

"""The dashboard, logs, namespaces, triggers and the playground."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Looking
from tests.browser.pages_data import NAMESPACE, fill
from tests.browser.server import Server, standalone
from tests.browser.writing import write

FIRST_VIEW_MAX_BYTES = 400 * 1024


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server) -> None:
    fill(server)


def test_every_number_of_the_dashboard_leads_to_what_it_counts(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/")
    failed = page.get_by_role("list", name="In numbers").get_by_role("link", name=re.compile("Failure"))
    expect(failed).to_be_visible()
    expect(page.get_by_role("region", name="Top failing tasks").get_by_role("link").first).to_be_visible()
    assert looking.shoot("dashboard") == []
    assert 0 < looking.javascript_bytes() < FIRST_VIEW_MAX_BYTES

    href = failed.get_attribute("href") or ""
    assert "timeRange=PT24H" in href
    assert "FAILED" in href
    states = page.get_by_role("region", name="Task runs by state").get_by_role("link").filter(has_text="FAILED")
    told = int(re.sub(r"\D", "", states.inner_text()))
    counted = server.api.get("/taskruns/count", params={"query": "state:FAILED", "timeRange": "PT24H"}).json()
    assert counted["total"] == told
    states.click()
    expect(page).to_have_url(re.compile(r"/taskruns\?query=state%3AFAILED&timeRange=PT24H"))

    page.go_back()
    page.get_by_role("button", name="Last 24 hours").click()
    page.get_by_role("button", name="Last hour").click()
    expect(page).to_have_url(re.compile("timeRange=PT1H"))


def test_a_first_visit_is_offered_an_example_and_sees_it_running(looking: Looking, tmp_path: Path) -> None:
    with standalone(tmp_path) as nothing_ran:
        page = looking.page
        looking.url = nothing_ran.url
        looking.open("/")
        page.get_by_role("button", name="Run the example").click()
        running = page.get_by_role("region", name="In progress now").get_by_role("link", name=re.compile("first_steps"))
        expect(running).to_be_visible()
        running.click()
        expect(page).to_have_url(re.compile(r"/executions/\w+"))
        expect(page.get_by_role("heading", level=1, name="first_steps")).to_be_visible()
        # It was under way when it was clicked; a slow machine may be here after its end.
        expect(page.get_by_text(re.compile("^(RUNNING|SUCCESS)$")).first).to_be_visible()


def test_logs_are_searched_and_lead_to_the_attempt(looking: Looking) -> None:
    page = looking.page
    looking.open("/logs")
    expect(page.get_by_role("row").nth(5)).to_be_visible()
    assert looking.shoot("logs") == []

    page.get_by_label("Lowest level").select_option("WARN")
    expect(page).to_have_url(re.compile("level=WARN"))
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Query").fill("task:unsteady attempt:1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").nth(1)).to_contain_text("unsteady #2")

    page.get_by_role("link", name="attempt 2 went wrong").first.click()
    drawer = page.get_by_role("complementary", name="Log line")
    expect(drawer.get_by_text("Around it in the execution")).to_be_visible()
    expect(drawer.get_by_role("listitem").filter(has_text="attempt 1 went wrong").first).to_be_visible()
    page.reload()
    expect(drawer.get_by_role("heading", name="unsteady")).to_be_visible()
    link = drawer.get_by_role("link", name=re.compile(r"^\w{20,}$")).first
    assert "taskRun=" in (link.get_attribute("href") or "")

    looking.open(f"/logs?query=task:fetch%20namespace:{NAMESPACE}")
    page.get_by_role("link", name="orders of 2026-11-24").first.click()
    expect(drawer.get_by_text("only looked")).to_be_visible()
    assert looking.shoot("log-line") == []


def test_new_lines_are_counted_before_they_are_shown(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/logs?query=task:settled")
    expect(page.get_by_role("row").nth(1)).to_contain_text("the third attempt did it")
    before = page.get_by_role("row").count()

    server.run("retry")
    button = page.get_by_role("button", name="1 new")
    expect(button).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(before)
    button.click()
    expect(page.get_by_role("row")).to_have_count(before + 1)
    expect(button).to_have_count(0)


def test_a_search_for_lines_is_saved_with_its_level(looking: Looking) -> None:
    page = looking.page
    looking.open("/logs?query=flow:retry&level=WARN&timeRange=PT24H")
    page.get_by_role("button", name="Save view").click()
    page.get_by_role("dialog").get_by_label("Name").fill("What goes wrong")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    view = page.get_by_role("list", name="Saved views").get_by_role("link", name="What goes wrong")
    expect(view).to_have_attribute("aria-current", "true")

    looking.open("/logs")
    view.click()
    expect(page.get_by_role("button", name="Take out level:>=WARN")).to_be_visible()
    expect(page).to_have_url(re.compile("timeRange=PT24H"))
    expect(page.get_by_role("row").nth(1)).to_contain_text("ERROR")
    expect(page.get_by_role("grid").get_by_text("DEBUG")).to_have_count(0)


def test_a_pair_is_added_changed_and_deleted(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open(f"/namespaces/{NAMESPACE}?tab=kv")
    expect(page.get_by_role("row").filter(has_text="region")).to_contain_text("STRING")
    assert looking.shoot("namespace-kv") == []

    page.get_by_role("button", name="Add a pair").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill("answer")
    dialog.get_by_label("Type").select_option("NUMBER")
    dialog.get_by_label("Value").fill("forty-two")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("Value").fill("42")
    dialog.get_by_label("Ends after").fill("PT1H")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="answer")
    expect(row).to_contain_text("NUMBER")
    expect(row).not_to_contain_text("never")
    assert server.api.get(f"/namespaces/{NAMESPACE}/kv/answer").json() == {"type": "NUMBER", "value": 42}

    row.get_by_role("link", name="answer").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_file_is_changed_moved_and_deleted(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/namespaces")
    expect(page.get_by_role("row").filter(has_text="sales")).to_be_visible()
    assert looking.shoot("namespaces") == []

    looking.open(f"/namespaces/{NAMESPACE}?tab=files")
    page.get_by_role("button", name="sql").click()
    page.get_by_role("button", name="orders.sql").click()
    editor = page.get_by_role("textbox", name="The text of /sql/orders.sql")
    expect(editor).to_contain_text("from orders")
    assert looking.shoot("namespace-files") == []

    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("where paid")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("/sql/orders.sql is stored")).to_be_visible()
    text = server.api.get(f"/namespaces/{NAMESPACE}/files", params={"path": "/sql/orders.sql"}).text
    assert text == "select *\nfrom orders\nwhere paid"

    page.get_by_role("button", name="Rename or move").click()
    page.get_by_role("dialog").get_by_label("Path").fill("/sql/paid.sql")
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(page).to_have_url(re.compile("file=%2Fsql%2Fpaid.sql"))
    page.get_by_role("button", name="Delete the file").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Choose a file")).to_be_visible()


def test_expressions_are_tried_with_variables_and_as_a_task_run_sees_them(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/playground")
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text("Hello WORLD, you have 2 things to do.")
    assert looking.shoot("playground") == []

    template = page.get_by_role("textbox", name="Template")
    write(template, "{{ items | reverse }}")
    expect(result).to_contain_text("list of 2")
    write(template, "{{ nobody }}")
    expect(result).to_contain_text("Unable to find `nobody`")
    expect(page.locator(".cm-lintRange-error")).to_have_text("nobody")
    expect(page).to_have_url(re.compile("template=%7B%7B\\+nobody"))
    page.get_by_label("Search filters and functions").fill("slug")
    page.get_by_role("button", name=re.compile("slugify")).click()
    expect(result).to_contain_text("hello-world")

    execution = server.run("orders", NAMESPACE)
    page.get_by_role("button", name="of a task run").click()
    page.get_by_label("Execution").fill(execution["id"])
    page.get_by_label("Task run").select_option(label="fetch (SUCCESS)")
    write(template, "{{ inputs.region }} {{ taskrun.value ?? 'no value' }}")
    expect(result).to_contain_text("north no value")


def test_triggers_say_what_starts_nothing_yet(looking: Looking) -> None:
    page = looking.page
    looking.open("/triggers")
    expect(page.get_by_role("note")).to_contain_text("start nothing")
    expect(page.get_by_role("row").filter(has_text="nightly")).to_contain_text("not yet")
    hook = page.get_by_role("row").filter(has_text="hook")
    expect(hook).to_contain_text(f"/api/v1/executions/webhook/{NAMESPACE}/orders/a-key-to-share")
    assert looking.shoot("triggers") == []

    page.get_by_label("Kind").select_option("webhook")
    expect(page.get_by_role("row")).to_have_count(2)


@pytest.mark.parametrize("path", ["/", "/flows", "/logs", f"/namespaces/{NAMESPACE}?tab=files", "/playground"])
def test_pages_fit_where_it_is_narrow(looking: Looking, path: str) -> None:
    looking.page.set_viewport_size({"width": 420, "height": 860})
    looking.open(path)
    expect(looking.page.get_by_role("heading", level=1)).to_be_visible()
    looking.page.wait_for_load_state("networkidle")

    assert looking.page.evaluate("document.documentElement.scrollWidth") <= 420
    assert looking.barriers() == []

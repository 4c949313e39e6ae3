"""Finding task runs: ready views, values, chips and text, saved views, figures, what is kept, what is exported."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import Looking


def rows(page: Page) -> int:
    """Return how many rows there are, as the table says it."""
    return int(page.get_by_role("grid", name="Task runs").get_attribute("aria-rowcount") or 0) - 1


def test_a_ready_view_is_a_question_with_its_answer(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns")
    card = page.get_by_role("navigation", name="Ready views").get_by_role("link", name="Failing now")
    expect(card).to_contain_text(re.compile(r"[1-9]\d*"))
    card.click()

    expect(page).to_have_url(re.compile(r"query=state%3AFAILED"))
    expect(card).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("row").nth(1)).to_contain_text("FAILED")
    expect(page.get_by_role("grid").get_by_text("SUCCESS")).to_have_count(0)


def test_rows_are_asked_for_once_and_before_what_stands_around_them(looking: Looking) -> None:
    page = looking.page
    told: list[str] = []
    page.on("request", lambda request: told.append(_asked("asks", request.url)))
    page.on("response", lambda response: told.append(_asked("has", response.url)))
    looking.open("/taskruns?query=flow%3Aretry")
    expect(page.get_by_role("region", name="Flow").get_by_role("button").first).to_be_visible()
    first = told.index("has search")
    assert {told.index(f"asks {what}") > first for what in ("facets", "histogram", "count", "statistics")} == {True}, (
        told
    )

    told.clear()
    field = page.get_by_role("combobox", name="Query")
    field.fill("task:unsteady")
    with page.expect_response(re.compile(r"/facets\?.*unsteady")):
        field.press("Enter")
    asked = [line for line in told if not line.startswith("has") or line == "has search"]
    first = asked.index("has search")
    assert "asks histogram" not in asked[:first], told
    assert asked.count("asks search") == 1, told


def test_a_link_in_a_row_leads_on_without_loading_the_page_anew_and_another_tab_is_the_browsers(
    looking: Looking,
) -> None:
    page = looking.page
    looking.open("/taskruns?query=flow%3Aretry")
    page.evaluate("() => { globalThis.stayed = true }")
    link = page.get_by_role("grid", name="Task runs").get_by_role("link", name="retry").first
    with page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_url(re.compile(r"/ui/flows/company\.team/retry$"))
    opened.value.close()
    expect(page).to_have_url(re.compile("/ui/taskruns"))

    link.click()
    expect(page).to_have_url(re.compile(r"/ui/flows/company\.team/retry$"))
    assert page.evaluate("() => globalThis.stayed") is True
    page.go_back()
    expect(link).to_be_visible()


def _asked(what: str, url: str) -> str:
    """Return "asks search" or "has facets"."""
    return f"{what} {url.partition('?')[0].rpartition('/')[2]}"


def test_a_click_on_a_value_is_a_chip_and_another_takes_it_out(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns")
    values = page.get_by_role("complementary", name="Values")
    values.get_by_role("region", name="Flow").get_by_role("button", name=re.compile("^retry")).click()
    expect(page).to_have_url(re.compile(r"query=flow%3Aretry"))
    expect(page.get_by_role("button", name="Take out flow:retry")).to_be_visible()

    values.get_by_role("button", name="Without settled").click()
    expect(page.get_by_role("button", name="Take out -task:settled")).to_be_visible()
    expect(page.get_by_role("link", name="unsteady").first).to_be_visible()
    expect(page.get_by_role("link", name="settled")).to_have_count(0)

    values.get_by_role("region", name="Flow").get_by_role("button", name=re.compile("^retry")).click()
    expect(page.get_by_role("button", name="Take out flow:retry")).to_have_count(0)


def test_a_query_is_completed_and_where_it_is_wrong_is_said(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns")
    field = page.get_by_role("combobox", name="Query")
    field.press_sequentially("task:uns")
    page.get_by_role("option", name=re.compile("^unsteady")).click()
    field.press("Enter")
    expect(page.get_by_role("button", name="Take out task:unsteady")).to_be_visible()

    page.get_by_role("button", name="Edit the query as text").click()
    expect(field).to_have_value("task:unsteady")
    field.fill("task:unsteady duration:>soon")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Column \d+"))
    page.get_by_role("button", name="Show the query as chips").click()


def test_filters_are_kept_on_the_way_back(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?query=task%3Aunsteady&sort=taskId%3Aasc")
    expect(page.get_by_role("link", name="unsteady").first).to_be_visible()
    looking.open("/flows")
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    looking.open("/taskruns")
    expect(page).to_have_url(re.compile("query=task%3Aunsteady"))
    expect(page.get_by_role("button", name="Take out task:unsteady")).to_be_visible()


def test_a_view_is_saved_renamed_and_deleted(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?query=flow%3Aloop&timeRange=PT24H")
    page.get_by_role("button", name="Save view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Loops of today")
    dialog.get_by_label("Owner").fill("ada")
    dialog.get_by_role("button", name="Save").click()
    saved = page.get_by_role("list", name="Saved views")
    expect(saved.get_by_role("link", name="Loops of today ada")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("view="))

    page.get_by_role("button", name="Change the view Loops of today").click()
    page.get_by_role("menuitem", name="Rename").click()
    dialog.get_by_label("Name").fill("Loops")
    dialog.get_by_role("button", name="Save").click()
    expect(saved.get_by_role("link", name="Loops ada")).to_have_attribute(
        "href", re.compile(r"query=flow%3Aloop.*timeRange=PT24H")
    )

    page.get_by_role("button", name="Change the view Loops").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(saved).to_have_count(0)


def test_any_field_can_be_a_column_and_sort_the_rows_and_all_of_it_is_exported(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?query=flow%3Aretry&timeRange=P30D")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("dialog", name="Columns").get_by_label("Queue time").check()
    page.get_by_role("dialog", name="Columns").get_by_label("Error", exact=True).check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("row").filter(has_text="unsteady").first).to_contain_text("Fail on a condition")

    page.get_by_role("columnheader", name="Queue time").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=queueMs%3Adesc"))

    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",")[:2] == ["state", "task"]
    assert {"queue", "error"} <= set(lines[0].split(","))
    assert len(lines) - 1 == rows(page)
    assert {line.split(",")[1] for line in lines[1:]} == {"unsteady", "settled"}


def test_statistics_tell_who_fails_and_lead_to_the_rows(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?show=statistics")
    page.get_by_role("button", name="Top failing").click()
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text("100 %")
    expect(page.get_by_role("region", name="Errors")).to_contain_text("Fail on a condition")
    assert looking.shoot("taskruns-statistics") == []

    page.get_by_role("row").filter(has_text="breaks").get_by_role("link", name="breaks").click()
    expect(page).to_have_url(re.compile(r"query=namespace%3Acompany.team\+flow%3Aerrors\+task%3Abreaks"))
    expect(page.get_by_role("grid").get_by_role("link", name="breaks").first).to_be_visible()


def test_the_list_is_used_on_a_telephone(looking: Looking) -> None:
    page = looking.page
    page.set_viewport_size({"width": 400, "height": 820})
    looking.open("/taskruns")
    expect(page.get_by_role("row").nth(3)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("button", name="Values").click()
    expect(page.get_by_role("complementary", name="Values")).to_be_visible()
    page.get_by_role("button", name="Values").click()
    assert looking.shoot("taskruns-narrow") == []


def test_nothing_found_says_what_to_do(looking: Looking) -> None:
    page = looking.page
    looking.open("/taskruns?query=task%3Anothing-is-called-so")
    expect(page.get_by_text("No task run matches")).to_be_visible()
    page.get_by_role("button", name="Show all of all time").click()
    expect(page.get_by_role("row").nth(5)).to_be_visible()

"""Flows in the page: found, written, run by their form, compared, taken away."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.looking import Looking
from tests.browser.pages_data import NAMESPACE, ORDERS, fill
from tests.browser.server import Server
from tests.browser.writing import write

ORDERS_PAGE = f"/flows/{NAMESPACE}/orders"


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server) -> None:
    fill(server)


def test_flows_are_found_by_name_label_and_text(looking: Looking) -> None:
    page = looking.page
    looking.open("/flows")
    expect(page.get_by_role("link", name="orders", exact=False).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("report: 2 executions, 2 of them failed"))).to_be_visible()
    assert looking.shoot("flows") == []

    page.keyboard.press("/")
    page.keyboard.type("mail server")
    expect(page.get_by_text("No flow matches")).to_be_visible()
    page.get_by_label("Where to search").select_option("source")
    expect(page.get_by_text("errorMessage: the mail server said no")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=mail\+server&in=source"))

    looking.open("/flows?labels=team%3Asales")
    expect(page.get_by_role("row")).to_have_count(2)


def test_an_error_is_shown_at_its_line_as_it_is_written_and_refused_when_saved(looking: Looking) -> None:
    page = looking.page
    looking.open(ORDERS_PAGE)
    editor = _editor(looking)
    expect(page.get_by_role("status").filter(has_text="Valid")).to_be_visible()
    expect(page.get_by_label("Graph of the flow").get_by_text("ForEach")).to_be_visible()
    assert looking.shoot("flow-editor") == []

    write(editor, ORDERS.replace("    message: only", "    mesage: only"))
    problems = page.get_by_role("list", name="Problems")
    expect(problems).to_contain_text('Unrecognized field "mesage"')
    line = ORDERS[: ORDERS.index("message: only")].count("\n") + 1
    expect(problems.get_by_role("button").filter(has_text="mesage")).to_contain_text(f"{line}:")
    problems.get_by_role("button").filter(has_text="mesage").click()
    expect(editor.locator(".cm-activeLine")).to_contain_text("mesage: only looked")
    assert looking.shoot("flow-error") == []

    page.keyboard.press("Control+s")
    expect(page.get_by_role("alert").filter(has_text="Not saved")).to_contain_text("mesage")
    looking.wrong = [each for each in looking.wrong if "422" not in each]  # the refusal, as the browser tells it

    page.get_by_role("link", name="Namespaces").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    dialog.get_by_role("button", name="Stay").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("unsaved changes")).to_have_count(0)


def test_the_editor_knows_types_and_their_properties(looking: Looking) -> None:
    page = looking.page
    looking.open("/flows/new?namespace=shop.sales")
    editor = _editor(looking)
    write(editor, "id: made_here\nnamespace: shop.sales\ntasks:\n  - id: a\n    type: ")
    page.keyboard.press("Control+End")
    page.keyboard.type("Log")
    page.get_by_role("option", name=re.compile("^Log")).first.click()
    expect(editor).to_contain_text("type: io.kestra.plugin.core.log.Log")
    page.keyboard.press("Enter")
    page.keyboard.type("mess")
    option = page.get_by_role("option", name=re.compile("^message"))
    expect(option).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("^runIf"))).to_have_count(0)
    option.click()
    page.keyboard.type("made here")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("/flows/shop.sales/made_here$"))

    page.get_by_role("button", name="Delete the flow").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/flows$"))


def test_a_flow_is_run_by_a_form_made_from_its_inputs(looking: Looking, server: Server, tmp_path: Path) -> None:
    page = looking.page
    looking.open(f"{ORDERS_PAGE}?tab=run")
    expect(page.get_by_label("reason")).to_have_count(0)
    expect(page.get_by_label("web")).to_be_checked()
    assert looking.shoot("flow-run") == []

    page.get_by_label("limit").fill("1000")
    expect(page.get_by_role("alert")).to_contain_text("it must be less than `100`")
    page.get_by_label("limit").fill("20")
    page.get_by_label("Only look").select_option("false")
    page.get_by_label("reason").fill("we can")
    page.get_by_label("region").select_option("west")
    page.get_by_label("store").check()
    attachment = tmp_path / "orders.csv"
    attachment.write_text("a,b\n")
    page.get_by_label("attachment").set_input_files(attachment)
    page.get_by_role("button", name="Add a label").click()
    page.get_by_label("Key of label 1").fill("by")
    page.get_by_label("Value of label 1").fill("form")
    page.locator("form").get_by_role("button", name="Run").click()

    expect(page).to_have_url(re.compile(r"/executions/\w+"))
    found = server.api.get(f"/executions/{page.url.partition('/executions/')[2].partition('?')[0]}").json()
    given = found["inputs"]
    assert (given["region"], given["limit"], given["reason"], given["channels"]) == (
        "west",
        20,
        "we can",
        ["web", "store"],
    )
    assert given["attachment"].startswith(f"kestra:///shop/sales/orders/executions/{found['id']}/inputs/attachment/")
    assert {"key": "by", "value": "form"} in found["labels"]


def test_revisions_are_compared_and_an_older_one_comes_back(looking: Looking) -> None:
    page = looking.page
    looking.open(f"/flows/{NAMESPACE}/report?tab=revisions")
    expect(page.locator(".cm-merge-a")).to_contain_text('"42"')
    expect(page.locator(".cm-merge-b")).to_contain_text('"43"')
    expect(page.locator(".cm-changedLine").first).to_be_visible()
    assert looking.shoot("flow-revisions") == []

    page.get_by_role("button", name="One column").click()
    expect(page.locator(".cm-deletedChunk").filter(has_text='"42"')).to_be_visible()
    expect(page).to_have_url(re.compile("diff=unified"))
    page.get_by_role("button", name="Take revision 1 into the editor").click()
    expect(page.get_by_text("unsaved changes")).to_be_visible()
    expect(_editor(looking)).to_contain_text('"42"')
    page.get_by_role("button", name="Discard").click()


def test_what_ran_and_what_a_flow_leads_to_are_on_its_page(looking: Looking) -> None:
    page = looking.page
    looking.open(f"/flows/{NAMESPACE}/report?tab=executions")
    expect(page.get_by_role("grid").get_by_text("FAILED").first).to_be_visible()
    assert looking.shoot("flow-executions") == []

    page.get_by_role("tab", name="Task runs").click()
    page.get_by_role("link", name="mail").first.click()
    expect(page.get_by_role("complementary", name="Task run")).to_be_visible()
    page.get_by_role("tab", name="Statistics").click()
    expect(page.get_by_role("table").get_by_role("row").filter(has_text="mail")).to_contain_text("100 %")
    assert looking.shoot("flow-statistics") == []

    page.get_by_role("tab", name="Dependencies").click()
    expect(page.get_by_text("starts")).to_be_visible()
    assert looking.shoot("flow-dependencies") == []
    page.get_by_role("button", name=re.compile("shop.sales.orders")).click()
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    page.get_by_role("tab", name="Topology").click()
    expect(page.get_by_text("nightly")).to_be_visible()


def test_the_executions_of_a_flow_are_live_and_acted_on_where_they_are(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open(f"/flows/{NAMESPACE}/orders?tab=executions")
    rows = page.get_by_role("grid", name="Executions").get_by_role("row")
    expect(page.get_by_text("live, list as of")).to_be_visible()
    expect(rows.nth(1)).to_contain_text("SUCCESS")

    execution = server.run("orders", NAMESPACE)
    page.get_by_role("button", name="1 new").click()
    expect(rows.nth(1)).to_contain_text(execution["id"])
    rows.nth(1).get_by_role("checkbox").check()
    page.get_by_role("toolbar", name="Selection").get_by_role("button", name="Replay").click()
    expect(page.get_by_role("dialog").get_by_role("row").filter(has_text="orders")).to_have_count(1)
    page.keyboard.press("Escape")
    rows.nth(1).get_by_role("link", name=execution["id"]).click()
    expect(page).to_have_url(re.compile(f"/executions/{execution['id']}"))


def test_several_flows_are_switched_off_and_on(looking: Looking, server: Server) -> None:
    page = looking.page
    looking.open("/flows?q=loop")
    page.get_by_label("Select all loaded rows").check()
    toolbar = page.get_by_role("toolbar", name="Selection")
    expect(toolbar).to_contain_text("2 selected")
    toolbar.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("disabled", exact=True)).to_have_count(2)
    assert server.api.get("/flows/company.team/loop").json()["disabled"] is True

    page.get_by_label("Select all loaded rows").check()
    toolbar.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("disabled", exact=True)).to_have_count(0)


def _editor(looking: Looking) -> Locator:
    return looking.page.get_by_role("textbox", name="The flow as YAML")

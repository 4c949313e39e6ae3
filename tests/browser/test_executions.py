"""Executions in the browser: the list, one of them live, over time, as a graph, in its past, beside a good one."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.frames import longest_task_ms
from tests.browser.looking import Looking
from tests.browser.server import ENDED, Server

FRAME_MAX_MS = 100.0
MANY = 10_000
MANY_END_S = 240.0

SLOW = """
id: slow
namespace: browser.executions
tasks:
  - {id: first, type: io.kestra.plugin.core.debug.Return, format: "begun"}
  - {id: wait, type: io.kestra.plugin.core.flow.Sleep, duration: PT6S}
  - {id: last, type: io.kestra.plugin.core.log.Log, message: "\\e[32mgreen\\e[0m words at the end"}
"""

APPROVAL = """
id: approval
namespace: browser.executions
labels: {team: finance}
inputs:
  - {id: amount, type: INT, defaults: 1200}
tasks:
  - {id: prepare, type: io.kestra.plugin.core.debug.Return, format: "invoice over {{ inputs.amount }}"}
  - id: approve
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - {id: approved, type: BOOLEAN, displayName: Approved, description: Whether it may be paid, defaults: true}
      - {id: reason, type: STRING, defaults: looks right}
      - {id: limit, type: INT, required: false}
  - {id: pay, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.approve.onResume.reason }}"}
"""

FLAKY = """
id: flaky
namespace: browser.executions
inputs:
  - {id: fails, type: BOOLEAN, defaults: false}
tasks:
  - {id: read, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.fails ? 'few' : 'many' }} rows"}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [north, south, west]
    tasks:
      - {id: load, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
      - {id: check, type: io.kestra.plugin.core.log.Log, message: "checked {{ taskrun.value }}"}
  - id: write
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ inputs.fails }}"
    errorMessage: the target is full
    retry: {type: constant, interval: PT0.5S, maxAttempts: 3}
"""

MANY_FLOW = f"""
id: many
namespace: browser.executions
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{{{ range(1, {MANY}) }}}}"
    concurrencyLimit: 0
    tasks:
      - {{id: item, type: io.kestra.plugin.core.debug.Return, format: "{{{{ taskrun.value }}}}"}}
"""

NAMESPACE = "browser.executions"


class Runs:
    """Starts flows of this file."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def start(self, flow_id: str, **inputs: str) -> str:
        """Start a flow; return the execution's id."""
        form = {name: (None, value) for name, value in inputs.items()} or None
        answer = self._server.api.post(f"/executions/{NAMESPACE}/{flow_id}", files=form)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def state(self, execution_id: str) -> str:
        """Return its state."""
        return str(self._server.api.get(f"/executions/{execution_id}").json()["state"]["current"])

    def until(self, execution_id: str, states: set[str], within_s: float = 60.0) -> str:
        """Wait for one of these states."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if self.state(execution_id) in states:
                return execution_id
            time.sleep(0.05)
        raise AssertionError(f"{execution_id} is {self.state(execution_id)}, not one of {sorted(states)}")

    def ended(self, flow_id: str, **inputs: str) -> str:
        """Run a flow to its end."""
        return self.until(self.start(flow_id, **inputs), ENDED)


@pytest.fixture(scope="module")
def runs(server: Server) -> Iterator[Runs]:
    for source in (SLOW, APPROVAL, FLAKY, MANY_FLOW):
        answer = server.api.post("/flows", content=source, headers={"Content-Type": "application/x-yaml"})
        answer.raise_for_status()
    yield Runs(server)
    for flow_id in ("slow", "approval", "flaky", "many"):
        with suppress(httpx.HTTPError):
            server.api.delete(f"/flows/{NAMESPACE}/{flow_id}")


def gantt(page: Page) -> Locator:
    return page.get_by_role("treegrid", name="Task runs over time")


def row(page: Page, task: str) -> Locator:
    return gantt(page).get_by_role("row").filter(has=page.get_by_role("link", name=re.compile(f"^{task}")))


def test_a_run_is_followed_live_to_its_end(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.start('slow')}")

    expect(row(page, "wait")).to_contain_text("RUNNING")
    expect(row(page, "last")).to_have_count(0)
    expect(page.get_by_role("button", name="Kill")).to_be_visible()
    expect(row(page, "last")).to_contain_text("SUCCESS")
    expect(row(page, "wait")).to_contain_text("SUCCESS")
    expect(page.get_by_role("heading", level=1, name="slow")).to_be_visible()
    expect(page.get_by_role("button", name="Kill")).to_have_count(0)


def test_the_log_is_live_coloured_and_searched(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.start('slow')}?tab=logs")

    line = page.get_by_role("log").get_by_text("words at the end")
    expect(line).to_be_visible()
    expect(page.get_by_role("log").get_by_text("green", exact=True)).to_have_class(re.compile("ansi2"))
    page.get_by_role("searchbox", name="Search in the log").fill("words")
    expect(page.get_by_role("status").filter(has_text="1 of 1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert "green words at the end" in download.value.path().read_text()


def test_every_attempt_has_a_bar_and_iterations_fold(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.ended('flaky', fails='true')}")

    write = row(page, "write")
    for number in (1, 2, 3):
        expect(write.get_by_role("link", name=re.compile(f"Attempt {number}: FAILED"))).to_have_count(1)
    expect(write.get_by_role("link", name=re.compile("for the next attempt"))).to_have_count(2)
    expect(row(page, "load")).to_have_count(3)
    assert looking.shoot("execution-gantt") == []

    page.get_by_role("button", name="Fold each").click()
    expect(row(page, "load")).to_have_count(0)
    expect(row(page, "each")).to_contain_text("6 SUCCESS")

    before = write.get_by_role("link", name=re.compile("Attempt 2")).bounding_box()
    page.get_by_role("button", name="Zoom in").click()
    expect(page).to_have_url(re.compile("zoom="))
    after = write.get_by_role("link", name=re.compile("Attempt 2")).bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] >= before["width"]
    page.reload()
    expect(page.get_by_role("button", name="Fit")).to_be_enabled()

    write.get_by_role("link", name=re.compile("Attempt 2")).click()
    drawer = page.get_by_role("complementary", name="Task run")
    expect(drawer.get_by_role("heading", name="write")).to_be_visible()


def test_a_link_to_a_task_run_shows_and_marks_it(looking: Looking, runs: Runs, server: Server) -> None:
    page = looking.page
    execution_id = runs.ended("flaky")
    taskruns = server.api.get(f"/executions/{execution_id}").json()["taskRunList"]
    wanted = next(each for each in taskruns if each["taskId"] == "check" and each["value"] == "west")
    looking.open(f"/executions/{execution_id}?tab=gantt&fold=folded&taskRun={wanted['id']}")

    marked = gantt(page).locator("[data-marked]")
    expect(marked).to_contain_text("check")
    expect(marked).to_be_in_viewport()


def test_the_graph_shows_states_and_opens_task_runs(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.ended('flaky', fails='true')}?tab=graph")

    failed = page.get_by_role("button", name=re.compile("write.*FAILED"))
    expect(failed).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("load.*3 SUCCESS"))).to_be_visible()
    assert looking.shoot("execution-graph") == []

    failed.click()
    expect(page.get_by_role("complementary", name="Task run").get_by_role("heading", name="write")).to_be_visible()
    page.get_by_role("button", name=re.compile("load.*3 SUCCESS")).click()
    expect(page).to_have_url(re.compile("task=load"))
    expect(row(page, "load")).to_have_count(3)


def test_time_travel_shows_how_it_was(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.ended('flaky', fails='true')}?tab=gantt")
    expect(row(page, "write")).to_contain_text("FAILED")

    page.get_by_role("button", name="Time travel").click()
    bar = page.get_by_role("region", name="Time travel")
    slider = bar.get_by_role("slider", name="Event")
    expect(slider).to_have_attribute("max", re.compile(r"^[1-9]\d+$"))
    expect(page).to_have_url(re.compile(r"at=\d{1,3}(&|$)"))
    slider.fill("2")
    expect(page).to_have_url(re.compile(r"at=2(&|$)"))
    expect(row(page, "write")).to_have_count(0)
    expect(bar).to_contain_text("RUNNING")

    page.get_by_role("tab", name="Events").click()
    page.get_by_role("listitem").filter(has_text="load west").first.click()
    side = page.get_by_role("region", name="The chosen event")
    expect(side).to_contain_text("Changes since event")
    expect(side.get_by_role("row").filter(has_text="load west")).to_be_visible()
    assert looking.shoot("execution-events") == []

    bar.get_by_role("button", name="First event").click()
    expect(page).to_have_url(re.compile(r"at=1(&|$)"))
    bar.get_by_role("button", name="Play").click()
    expect(page).to_have_url(re.compile(r"at=[3-9](&|$)"))
    bar.get_by_role("button", name="Back to now").click()
    expect(bar).to_have_count(0)


def test_a_failed_run_is_compared_with_the_last_good_one(looking: Looking, runs: Runs) -> None:
    page = looking.page
    good = runs.ended("flaky")
    looking.open(f"/executions/{runs.ended('flaky', fails='true')}?tab=compare")

    expect(page.get_by_role("combobox", name="The other execution")).to_have_value(good)
    table = page.get_by_role("grid", name="Task runs side by side")
    write = table.get_by_role("row").filter(has_text="write")
    expect(write).to_contain_text("SUCCESS")
    expect(write).to_contain_text("FAILED")
    expect(write).to_contain_text("1 → 3")
    expect(table.get_by_role("row").filter(has_text="check")).to_have_count(0)
    assert looking.shoot("execution-compare") == []

    table.get_by_role("button", name="value differs").click()
    dialog = page.get_by_role("dialog", name="Outputs of read that differ")
    expect(dialog).to_contain_text("many rows")
    expect(dialog).to_contain_text("few rows")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Only what differs").click()
    expect(table.get_by_role("row").filter(has_text="check")).to_have_count(3)


def test_a_paused_run_is_resumed_with_what_it_asks_for(looking: Looking, runs: Runs, server: Server) -> None:
    page = looking.page
    execution_id = runs.until(runs.start("approval"), {"PAUSED"})
    looking.open(f"/executions/{execution_id}")
    page.get_by_role("button", name="Resume").click()

    dialog = page.get_by_role("dialog", name="Resume: approval")
    expect(dialog).to_contain_text("Whether it may be paid")
    dialog.get_by_role("textbox", name=re.compile("^limit")).fill("much")
    dialog.get_by_role("textbox", name=re.compile("^reason")).fill("paid twice")
    dialog.get_by_role("textbox", name="Note").fill("asked the customer")
    assert looking.shoot("execution-resume") == []
    dialog.get_by_role("button", name="Resume").click()
    expect(dialog.get_by_role("alert")).to_contain_text("limit")
    looking.wrong.clear()  # the browser notes the answer 422

    dialog.get_by_role("textbox", name=re.compile("^limit")).fill("5000")
    dialog.get_by_role("button", name="Resume").click()
    expect(dialog).to_have_count(0)
    expect(row(page, "pay")).to_contain_text("SUCCESS")
    taskruns = server.api.get(f"/executions/{execution_id}").json()["taskRunList"]
    assert taskruns[-1]["outputs"] == {"value": "paid twice"}

    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_role("listitem").filter(has_text="asked the customer")).to_be_visible()


def test_outputs_are_found_and_their_way_is_copied(looking: Looking, runs: Runs) -> None:
    page = looking.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    looking.open(f"/executions/{runs.ended('flaky')}?tab=outputs")
    page.get_by_role("searchbox", name="Search in outputs").fill("south")

    page.get_by_role("link", name=re.compile("load.*south")).click()
    tree = page.get_by_role("region", name="Outputs")
    expect(tree).to_contain_text("south")
    assert looking.shoot("execution-outputs") == []
    tree.get_by_text("value", exact=True).hover()
    tree.get_by_role("button", name=re.compile("^Copy {{")).click()
    assert page.evaluate("navigator.clipboard.readText()") == "{{ outputs.load['south'].value }}"


def test_metrics_and_details_are_shown(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.ended('flaky')}?tab=metrics")
    expect(page.get_by_role("row").filter(has_text="load").filter(has_text="length")).to_contain_text("counter")
    assert looking.shoot("execution-metrics") == []
    page.get_by_role("tab", name="Details").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert looking.barriers() == []


def test_a_run_is_replayed_from_a_task_and_labelled(looking: Looking, runs: Runs) -> None:
    page = looking.page
    execution_id = runs.ended("flaky")
    looking.open(f"/executions/{execution_id}")
    page.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog", name="Replay: flaky")
    dialog.get_by_role("combobox", name="Begin at").select_option(label="write · SUCCESS")
    dialog.get_by_role("button", name="Replay").click()

    expect(page).not_to_have_url(re.compile(execution_id))
    expect(page.get_by_text("Replay of")).to_be_visible()
    expect(row(page, "write")).to_contain_text("SUCCESS")

    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Edit labels").click()
    dialog = page.get_by_role("dialog", name="Edit labels: flaky")
    dialog.get_by_role("button", name="Add a label").click()
    dialog.get_by_role("textbox", name=re.compile("^Key of label")).last.fill("owner")
    dialog.get_by_role("textbox", name="Value of owner").fill("ada")
    dialog.get_by_role("button", name="Edit labels").click()
    expect(page.get_by_role("link", name="owner=ada")).to_be_visible()


def test_an_execution_is_used_by_keyboard_alone(looking: Looking, runs: Runs) -> None:
    page = looking.page
    looking.open(f"/executions/{runs.ended('flaky')}")
    expect(row(page, "write")).to_be_visible()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("ArrowLeft")
    expect(row(page, "load")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(row(page, "load")).to_have_count(3)
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Task run")
    expect(drawer.get_by_role("heading", name="each")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)

    page.keyboard.press("6")
    expect(page.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("listitem").first).to_be_visible()
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("at=1"))
    expect(page.get_by_role("region", name="Time travel")).to_contain_text("1 of")
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("at=2"))
    page.keyboard.press("Shift+P")
    expect(page.get_by_role("dialog", name="Replay: flaky")).to_be_visible()


def test_the_list_finds_opens_and_acts_on_many(looking: Looking, runs: Runs) -> None:
    page = looking.page
    for _ in range(2):
        runs.until(runs.start("approval"), {"PAUSED"})
    looking.open("/executions?query=state:PAUSED")
    rows = page.get_by_role("grid", name="Executions").get_by_role("row")
    expect(rows.filter(has_text="approval")).to_have_count(2)
    page.get_by_role("button", name="Take out state:PAUSED").click()
    expect(rows.nth(6)).to_be_visible()
    assert looking.shoot("executions") == []

    page.go_back()
    looking.open("/executions?query=state:PAUSED")
    page.get_by_role("checkbox", name="Select all loaded rows").check()
    page.get_by_role("toolbar", name="Selection").get_by_role("button", name="Kill").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2")
    expect(dialog.get_by_role("row").filter(has_text="approval")).to_have_count(2)
    dialog.get_by_role("button", name=re.compile("^Kill")).click()
    expect(dialog).to_contain_text("done")
    dialog.get_by_role("button", name="Close").last.click()

    looking.open("/executions?query=flow:approval+state:KILLED")
    expect(rows.filter(has_text="KILLED")).to_have_count(2)
    rows.filter(has_text="KILLED").first.get_by_role("link", name="approval").click()
    expect(page.get_by_role("heading", level=1, name="approval")).to_be_visible()


def test_the_list_follows_live_and_rows_come_when_they_are_asked_for(looking: Looking, runs: Runs) -> None:
    page = looking.page
    runs.ended("flaky")
    execution_id = runs.start("slow")
    looking.open("/executions?query=namespace:browser.executions+flow:slow,flaky")
    rows = page.get_by_role("grid", name="Executions").get_by_role("row")
    first = rows.nth(1)
    expect(page.get_by_text("live, list as of")).to_be_visible()
    expect(first).to_contain_text(execution_id[:8])

    newer = runs.ended("flaky")
    button = page.get_by_role("button", name="1 new")
    expect(button).to_be_visible()
    expect(first).to_contain_text(execution_id[:8])
    runs.until(execution_id, ENDED)
    expect(first).to_contain_text("SUCCESS")
    button.click()
    expect(first).to_contain_text(newer[:8])
    expect(button).to_have_count(0)


def test_what_a_query_finds_no_more_is_marked_and_goes_when_asked(looking: Looking, runs: Runs, server: Server) -> None:
    page = looking.page
    execution_id = runs.until(runs.start("approval"), {"PAUSED"})
    looking.open(f"/executions?query=state:PAUSED+id:{execution_id}")
    row = page.get_by_role("grid", name="Executions").get_by_role("row").filter(has_text="approval")
    expect(row).to_have_count(1)
    expect(page.get_by_text("live, list as of")).to_be_visible()

    server.api.delete(f"/executions/{execution_id}/kill").raise_for_status()
    page.get_by_role("button", name="1 gone").click()
    expect(row).to_have_count(0)
    expect(page.get_by_text("No execution matches")).to_be_visible()


def test_a_search_for_executions_is_saved_as_a_view(looking: Looking, runs: Runs) -> None:
    page = looking.page
    runs.ended("flaky")
    looking.open("/executions?query=flow%3Aflaky&timeRange=PT24H&sort=state.duration%3Adesc&chart=off")
    page.get_by_role("button", name="Save view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Flaky ones")
    dialog.get_by_role("button", name="Save").click()
    saved = page.get_by_role("list", name="Saved views")
    expect(saved.get_by_role("link", name="Flaky ones")).to_have_attribute("aria-current", "true")

    looking.open("/executions?query=flow%3Aslow")
    expect(saved.get_by_role("link", name="Flaky ones")).not_to_have_attribute("aria-current", "true")
    saved.get_by_role("link", name="Flaky ones").click()
    expect(page.get_by_role("button", name="Take out flow:flaky")).to_be_visible()
    expect(page).to_have_url(re.compile(r"sort=state.duration%3Adesc.*timeRange=PT24H.*chart=off"))
    assert looking.shoot("executions-view") == []
    looking.open("/taskruns")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    expect(page.get_by_role("link", name="Flaky ones")).to_have_count(0)


def test_a_narrow_window_has_room_for_all(looking: Looking, runs: Runs) -> None:
    page = looking.page
    page.set_viewport_size({"width": 480, "height": 800})
    looking.open(f"/executions/{runs.ended('flaky', fails='true')}")
    expect(row(page, "write")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert looking.shoot("execution-narrow") == []


def test_an_unknown_execution_is_said_to_be_unknown(looking: Looking) -> None:
    looking.open("/executions/doesNotExist")
    expect(looking.page.get_by_role("alert")).to_contain_text("There is no execution doesNotExist", timeout=30_000)
    looking.wrong.clear()  # the browser notes the answers 404


def test_ten_thousand_task_runs_scroll_without_a_long_frame(looking: Looking, runs: Runs) -> None:
    page = looking.page
    execution_id = runs.until(runs.start("many"), ENDED, MANY_END_S)
    looking.open(f"/executions/{execution_id}")
    expect(row(page, "each")).to_contain_text("10,000 SUCCESS", timeout=60_000)
    page.get_by_role("button", name="Unfold each").click()
    expect(row(page, "item")).not_to_have_count(0)
    gantt(page).hover()

    def scroll() -> None:
        for step in range(80):
            page.mouse.wheel(0, 400 if step < 40 else 6_000)
            page.wait_for_timeout(16)

    assert longest_task_ms(page, scroll) < FRAME_MAX_MS
    assert float(gantt(page).evaluate("box => box.scrollTop")) > 100_000
    assert looking.shoot("execution-many") == []

    def find() -> None:
        field = page.get_by_role("searchbox", name="Find tasks")
        field.press_sequentially("9999", delay=120)
        expect(row(page, "item")).to_have_count(1)

    assert longest_task_ms(page, find) < FRAME_MAX_MS

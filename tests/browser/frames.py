"""How long a page was busy at a stretch: what the browser itself notes of its main thread."""

from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page

CATEGORIES: Final = ("toplevel", "devtools.timeline", "__metadata")
DONE_MS: Final = 30_000


def longest_task_ms(page: Page, do: Callable[[], None]) -> float:
    """
    Return how long the main thread worked on its longest task while `do` ran; no frame can come within one.

    The thread's own time: what else the machine did meanwhile is not the page's.
    """
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda data: ended.append(data))  # noqa: PLW0108 - its parameters are counted
    session.send("Tracing.start", {"traceConfig": {"includedCategories": list(CATEGORIES)}})
    try:
        do()
    finally:
        session.send("Tracing.end")
        for _ in range(DONE_MS // 50):
            if ended:
                break
            page.wait_for_timeout(50)
        session.detach()
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        float(event["tdur"]) / 1000 for event in events if _is_task(event) and (event["pid"], event["tid"]) in mains
    ]
    assert len(tasks) > 100, "the trace holds no frames"
    return max(tasks)


def _is_task(event: dict[str, Any]) -> bool:
    return event.get("ph") == "X" and event["name"] in {"RunTask", "ThreadControllerImpl::RunTask"}

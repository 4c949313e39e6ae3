"""
How long a page's frames took: what the browser itself notes of its main thread while something is done.

A frame is one of the trace's animation frames: from its first task to its presentation, so all that someone waits for
is in it: scripts, styles, layout, paint, and the drawing after that. These are times of the clock; where other
programs want the same processors, the main thread's own time (`cpu`) tells what is the page's.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page

CATEGORIES: Final = ("toplevel", "devtools.timeline", "__metadata")
TASKS: Final = {"RunTask", "ThreadControllerImpl::RunTask"}
FRAME: Final = "AnimationFrame"
PRESENTED: Final = "AnimationFrame::Presentation"
MAIN: Final = "CrRendererMain"
DONE_MS: Final = 30_000
POLL_MS: Final = 50

Event = dict[str, Any]


@dataclass(frozen=True)
class Frames:
    """
    The longest of each, in milliseconds.

    `frame_ms`: a frame until it was presented. `frame_cpu_ms`: what the main thread worked within one.
    `task_ms`, `task_cpu_ms`: a task of the main thread, by the clock and of the thread's own time.
    """

    count: int
    frame_ms: float
    frame_cpu_ms: float
    task_ms: float
    task_cpu_ms: float


def traced(page: Page, do: Callable[[], None]) -> Frames:
    """Return how long frames took while `do` ran."""
    session = page.context.new_cdp_session(page)
    events: list[Event] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda data: ended.append(data))  # noqa: PLW0108 - its parameters are counted
    session.send("Tracing.start", {"traceConfig": {"includedCategories": list(CATEGORIES)}})
    try:
        do()
    finally:
        session.send("Tracing.end")
        for _ in range(DONE_MS // POLL_MS):
            if ended:
                break
            page.wait_for_timeout(POLL_MS)
        session.detach()
    return read(events)


def longest_task_ms(page: Page, do: Callable[[], None]) -> float:
    """
    Return how long the main thread worked on its longest task while `do` ran; no frame can come within one.

    The thread's own time: what else the machine did meanwhile is not the page's.
    """
    return traced(page, do).task_cpu_ms


def read(events: Sequence[Event]) -> Frames:
    """Return what a trace says."""
    mains = {(event["pid"], event["tid"]) for event in events if _is_main(event)}
    ours = sorted((event for event in events if (event["pid"], event["tid"]) in mains), key=lambda event: event["ts"])
    tasks = _tasks(ours)
    frames = _frames(ours)
    assert tasks, "the trace holds no tasks"
    assert frames, "the trace holds no frames"
    return Frames(
        count=len(frames),
        frame_ms=max(shown - begun for begun, _, shown in frames) / 1000,
        frame_cpu_ms=max(_worked(tasks, begun, ended) for begun, ended, _ in frames) / 1000,
        task_ms=max(float(task["dur"]) for task in tasks) / 1000,
        task_cpu_ms=max(float(task["tdur"]) for task in tasks) / 1000,
    )


def _is_main(event: Event) -> bool:
    return event["name"] == "thread_name" and event["args"]["name"] == MAIN


def _tasks(events: Sequence[Event]) -> list[Event]:
    """Return the outermost tasks, in their order."""
    tasks: list[Event] = []
    ended = 0.0
    for event in events:
        if event.get("ph") == "X" and event["name"] in TASKS and event["ts"] >= ended:
            tasks.append(event)
            ended = event["ts"] + event["dur"]
    return tasks


def _frames(events: Sequence[Event]) -> list[tuple[float, float, float]]:
    """Return when each frame began, ended on the main thread and was presented; one that changed nothing is not."""
    shown = {event["args"]["id"]: float(event["ts"]) for event in events if event["name"] == PRESENTED}
    begun: dict[str, Event] = {}
    frames: list[tuple[float, float, float]] = []
    for event in events:
        if event["name"] != FRAME or event.get("ph") not in {"b", "e"}:
            continue
        place = str(event.get("id2") or event.get("id"))
        if event["ph"] == "b":
            begun[place] = event
        elif place in begun:
            begin = begun.pop(place)
            ended = float(event["ts"])
            frames.append((float(begin["ts"]), ended, max(ended, shown.get(begin["args"].get("id"), ended))))
    return frames


def _worked(tasks: Sequence[Event], begun: float, ended: float) -> float:
    """Return how long the thread worked on the tasks that began in this stretch."""
    first = bisect_left(tasks, begun, key=lambda task: float(task["ts"]))
    last = bisect_left(tasks, ended, key=lambda task: float(task["ts"]))
    # The frame may begin within a task.
    first -= first > 0 and tasks[first - 1]["ts"] + tasks[first - 1]["dur"] > begun
    return sum(float(task["tdur"]) for task in tasks[first:last])

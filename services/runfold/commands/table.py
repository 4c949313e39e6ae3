"""
An execution as a table for people: one row for each task run, children indented under their parent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.markup import escape
from rich.table import Table

from runfold.execution.model import TaskRun
from runfold.execution.state import History, State
from runfold.webserver.view import Seen

ROWS_MAX: Final = 200
"""Of a larger execution the newest task runs are shown."""

COLOURS: Final[Mapping[State, str]] = {
    State.SUCCESS: "green",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
    State.KILLED: "magenta",
    State.KILLING: "magenta",
    State.RUNNING: "cyan",
    State.RETRYING: "yellow",
    State.SKIPPED: "dim",
}


def table(title: str, seen: Seen | None, now: datetime) -> Table:
    """Return what is known of an execution at `now`."""
    taskruns = seen.taskruns if seen else ()
    execution = seen.execution if seen else None
    left_out = len(taskruns) - ROWS_MAX
    caption = f"{left_out} older task runs left out" if left_out > 0 else None
    shown = Table(title=title, title_justify="left", caption=caption, header_style="bold")
    shown.add_column("task", no_wrap=True)
    shown.add_column("value", no_wrap=True, max_width=24)
    shown.add_column("state", no_wrap=True, footer=_coloured(execution.state) if execution else "")
    shown.add_column("attempts", justify="right")
    shown.add_column("duration", justify="right")
    depths = _depths(taskruns)
    for taskrun in taskruns[-ROWS_MAX:]:
        shown.add_row(
            "  " * depths[taskrun.id] + escape(taskrun.task_id),
            escape(taskrun.value or ""),
            _coloured(taskrun.state),
            str(len(taskrun.attempts) or ""),
            _duration(taskrun.histories, now),
        )
    if execution is not None:
        shown.add_section()
        shown.add_row("[bold]execution[/]", "", _coloured(execution.state), "", _duration(execution.histories, now))
    return shown


def _coloured(state: State) -> str:
    colour = COLOURS.get(state)
    return f"[{colour}]{state}[/]" if colour else str(state)


def _duration(histories: History, now: datetime) -> str:
    last = histories[-1]
    until = last.date if last.state.is_terminal else now
    return f"{max((until - histories[0].date).total_seconds(), 0):.3f} s"


def _depths(taskruns: Sequence[TaskRun]) -> Mapping[str, int]:
    """Return how many parents each task run has. Parents come before their children."""
    depths: dict[str, int] = {}
    for taskrun in taskruns:
        depths[taskrun.id] = depths.get(taskrun.parent_taskrun_id or "", -1) + 1
    return depths

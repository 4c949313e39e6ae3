"""
Task runs, executions and log lines as tables and lines for people.

Rule: a row is made of the API's JSON alone; what people wrote is never read as markup.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from runfold.commands.table import COLOURS
from runfold.commands.terminal import out
from runfold.documents.instants import duration_text
from runfold.execution.state import State

ICONS: Final[Mapping[State, str]] = {
    State.SUCCESS: "✔",
    State.WARNING: "▲",
    State.FAILED: "✘",
    State.KILLED: "■",
    State.KILLING: "■",
    State.RUNNING: "▶",
    State.RETRYING: "↻",
    State.PAUSED: "⏸",
    State.QUEUED: "…",
}
LEVELS: Final = {"ERROR": "bold red", "WARN": "yellow", "INFO": "green", "DEBUG": "dim", "TRACE": "dim"}

CELL_WIDTH_MAX: Final = 60
WIDTH_OF_FILES: Final = 240

_PATHS: Final = {
    "state": "state.current",
    "startDate": "state.startDate",
    "endDate": "state.endDate",
    "duration": "state.duration",
    "triggerId": "trigger.id",
}
_WHOLE: Final = frozenset({"id", "state"})
"""Columns that people copy from, or know by their shape: never broken into lines."""

_RIGHT: Final = ("Ms", "Count", "duration", "p50", "p95", "count", "failed", "retried")


def put(shown: Table) -> None:
    """Print a table; into a file or a pipe as wide as it is."""
    if out.is_terminal:
        out.print(shown)
    else:
        Console(width=WIDTH_OF_FILES).print(shown)


def table(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table of `rows`, each a value by column."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name.endswith(_RIGHT) else "left"
        whole = name in _WHOLE or name.endswith(("Id", "Date"))
        shown.add_column(name, justify=justify, no_wrap=whole, overflow="fold", max_width=CELL_WIDTH_MAX)
    for row in rows:
        shown.add_row(*(cell(name, row.get(name)) for name in columns))
    return shown


def fields(entity: Mapping[str, Any]) -> Table:
    """Return a table of names and values, one below the other."""
    shown = Table(show_header=False, box=None)
    for name, value in entity.items():
        if value is not None:
            shown.add_row(Text(name, style="bold"), cell(name, value))
    return shown


def cell(name: str, value: Any) -> Text:
    """Return a value as a cell shows it."""
    if value is None:
        return Text("")
    if name in {"state", "current"} or name.endswith("State"):
        return state_text(str(value))
    if name.endswith("Date"):
        return Text(str(value).replace("T", " ").partition(".")[0].removesuffix("Z"))
    if name.endswith("Ms") and isinstance(value, int | float):
        return Text(seconds(value))
    if isinstance(value, dict | list):
        return Text(json.dumps(value, ensure_ascii=False))
    return Text(f"{value:.3g}" if isinstance(value, float) else str(value))


def state_text(text: str) -> Text:
    """Return a state with its icon, in its colour."""
    state = State(text) if text in State.__members__ else None
    icon = ICONS.get(state, "·") if state else "?"
    return Text(f"{icon} {text}", style=COLOURS.get(state, "") if state else "")


def seconds(millis: float) -> str:
    """Return milliseconds for people."""
    return (
        f"{millis / 1000:.3f} s"
        if abs(millis) < 60_000
        else duration_text(timedelta(seconds=round(millis / 1000))).removeprefix("PT").lower()
    )


def columns_of(entity: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Return what the JSON of an execution or a task run has under these names."""
    return {name: _at(entity, _PATHS.get(name, name).split(".")) for name in columns}


def log_line(line: Mapping[str, Any]) -> str:
    """Return a log line, marked up."""
    level = str(line.get("level", ""))
    style = LEVELS.get(level, "default")
    task = f"[cyan]{escape(str(line['taskId']))}[/] " if line.get("taskId") else ""
    message = escape(str(line.get("message", "")))
    return f"[dim]{escape(str(line.get('timestamp', '')))}[/] [{style}]{escape(level):5}[/] {task}{message}"


def _at(entity: Any, path: Sequence[str]) -> Any:
    for at, step in enumerate(path):
        if isinstance(entity, list) and all(isinstance(each, dict) and "key" in each for each in entity):
            return next((each.get("value") for each in entity if each["key"] == ".".join(path[at:])), None)
        entity = entity.get(step) if isinstance(entity, dict) else None
    return entity

"""What was measured of the page, beside what is promised."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.browser.frames import Frames

FRAME_MAX_MS: Final = 100.0
PAINT_MAX_MS: Final = 1_000.0
SCRIPTS_MAX_KIB: Final = 400.0


@dataclass(frozen=True)
class Opened:
    """A page opened with a cold cache; the middle of several times."""

    name: str
    painted_ms: float
    rows_ms: float
    scripts_kib: float

    @property
    def is_good(self) -> bool:
        return self.painted_ms < PAINT_MAX_MS and self.scripts_kib < SCRIPTS_MAX_KIB


@dataclass(frozen=True)
class Worked:
    """The longest frames and tasks of an action, round by round."""

    name: str
    rounds: Sequence[Frames] = field(repr=False)

    def middle(self, what: str) -> float:
        """Return that figure of the round in the middle."""
        return round(statistics.median(getattr(each, what) for each in self.rounds), 1)

    @property
    def is_good(self) -> bool:
        return self.middle("frame_ms") < FRAME_MAX_MS


def as_json(opened: Sequence[Opened], worked: Sequence[Worked]) -> dict[str, Any]:
    """Return all figures for programs."""
    return {
        "promised": {"frameMs": FRAME_MAX_MS, "paintMs": PAINT_MAX_MS, "scriptsKib": SCRIPTS_MAX_KIB},
        "opened": [{**asdict(each), "isGood": each.is_good} for each in opened],
        "worked": [
            {"name": each.name, "isGood": each.is_good, "rounds": [asdict(frames) for frames in each.rounds]}
            for each in worked
        ],
    }


def show(opened: Sequence[Opened], worked: Sequence[Worked], console: Console) -> None:
    """Print all figures for people; what breaks a promise is red."""
    table = Table("cold cache", title="Opening a page", title_justify="left")
    for name in (f"first paint, ms (< {PAINT_MAX_MS:,.0f})", "rows, ms", f"scripts, KiB (< {SCRIPTS_MAX_KIB:.0f})"):
        table.add_column(name, justify="right")
    for page in opened:
        cells = (f"{page.painted_ms:,.0f}", f"{page.rows_ms:,.0f}", f"{page.scripts_kib:.0f}")
        table.add_row(page.name, *cells, style=_style(page.is_good))
    console.print(table)
    table = Table("longest, ms", title="Working on it", title_justify="left")
    columns = {
        f"frame until shown (< {FRAME_MAX_MS:.0f})": "frame_ms",
        "frame, CPU": "frame_cpu_ms",
        "task": "task_ms",
        "task, CPU": "task_cpu_ms",
        "frames": "count",
    }
    for name in columns:
        table.add_column(name, justify="right")
    for action in worked:
        cells = tuple(f"{action.middle(what):,.0f}" for what in columns.values())
        table.add_row(action.name, *cells, style=_style(action.is_good))
    console.print(table)


def _style(is_good: bool) -> str | None:
    return None if is_good else "bold red"

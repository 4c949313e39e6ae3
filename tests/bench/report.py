"""The figures as tables for people."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.cost import RATIO_MAX
from tests.bench.figures import Load, Report

LOAD_HOPS: Final = ("claim > fact", "dispatch > worker", "result > fact")
API_HOPS: Final = (
    "request > fact",
    "fact > end",
    "end > visible by API",
    "request > end by API",
    "loads > searchable",
    "end > searchable",
)


def show(report: Report, console: Console) -> None:
    """Print all that was measured."""
    if report.raw:
        console.print(_raw(report))
    if report.loads:
        console.print(_rates(report))
        for hops in (LOAD_HOPS, API_HOPS):
            console.print(_hops(report, hops))
    if report.costs:
        console.print(_costs(report))
    if report.live_bytes is not None:
        console.print(f"an executor remembers {report.live_bytes:,} bytes of a live task run", highlight=False)
    console.print(f"all of it took {report.seconds:.0f} s", highlight=False)


def _raw(report: Report) -> Table:
    table = Table("yardstick: the machine itself", title_justify="left")
    table.add_column("per second", justify="right")
    for raw in report.raw:
        table.add_row(raw.name, f"{raw.per_s:,.0f}")
    return table


def _rates(report: Report) -> Table:
    table = Table("system", "workload")
    for name in ("task runs", "best, task runs/s", "each repetition", "memory, MiB"):
        table.add_column(name, justify="right")
    for load in report.loads:
        each = " ".join(f"{rate:,.0f}" for rate in load.rates)
        memory = "" if load.memory_mib is None else f"{load.memory_mib:.0f}"
        table.add_row(load.system, load.workload, f"{load.taskruns:,}", f"{load.best:,.0f}", each, memory)
    return table


def _costs(report: Report) -> Table:
    table = Table(
        "cost", title=f"processor us a task run; at most {RATIO_MAX} times as much in large", title_justify="left"
    )
    for name in ("small", "large", "us in small", "us in large", "ratio"):
        table.add_column(name, justify="right")
    for cost in report.costs:
        figures = (f"{cost.small:,}", f"{cost.large:,}", f"{cost.small_us:,.0f}", f"{cost.large_us:,.0f}")
        table.add_row(cost.name, *figures, f"{cost.ratio:.2f}")
    return table


def _hops(report: Report, hops: Sequence[str]) -> Table:
    table = Table("system", "workload", title="p50 / p99 in ms", title_justify="left")
    for hop in hops:
        table.add_column(hop, justify="right")
    for load in report.loads:
        if any(hop in load.hops for hop in hops):
            table.add_row(load.system, load.workload, *(_cell(load, hop) for hop in hops))
    return table


def _cell(load: Load, hop: str) -> str:
    found = load.hops.get(hop)
    return "" if found is None else str(found)

"""
The benchmark: `python -m tests.bench [--only embedded|kafka|cost] [--json] [--rounds N]`.

Workloads W1 to W4 on the embedded engine and on a real Kafka and Elasticsearch with one
process per service; beside them the raw rates of the machine, without which no figure
says anything. The first load comes again at the end: how far the two differ is the noise.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console

from tests.bench import cluster, cost, embedded, yardsticks
from tests.bench.api import w4
from tests.bench.figures import Report
from tests.bench.loads import SHAPES, W1, Bench
from tests.bench.report import show

ROUNDS: Final = 3
PARTS: Final = ("embedded", "kafka", "cost")
WIDTH: Final = 130
AGAIN: Final = " (again)"

Tell = Callable[[str], None]


def main() -> int:
    """Measure what was asked for; exit code 1 if the cost of a task run grows with its execution."""
    arguments = _arguments()
    progress = Console(stderr=True)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - began_s:5.0f} s[/] {text}", highlight=False)

    report = Report()
    wanted: Sequence[str] = arguments.only or PARTS
    if {"embedded", "cost"} & {*wanted}:
        _embedded(report, wanted, arguments.rounds, tell)
    if "kafka" in wanted:
        _kafka(report, arguments.rounds, tell)
    report.seconds = round(time.monotonic() - began_s, 1)
    if arguments.json:
        print(json.dumps(report.json(), indent=2))
    else:
        console = Console()
        show(report, console if console.is_terminal else Console(width=WIDTH))
    return 1 if any(found.ratio > cost.RATIO_MAX for found in report.costs) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Runfold on this machine.")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part (again for another)")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="repetitions of each load (%(default)s)")
    return parser.parse_args()


def _embedded(report: Report, wanted: Sequence[str], rounds: int, tell: Tell) -> None:
    with embedded.in_this_process() as bench:
        if "embedded" in wanted:
            tell("SQLite's raw rates")
            report.raw += yardsticks.sqlite()
            _loads(report, bench, rounds, tell)
        if "cost" in wanted:
            report.costs += cost.costs(bench, rounds, tell)
    if "cost" in wanted:
        tell("cost: memory")
        report.live_bytes = cost.live_bytes()
    if "embedded" in wanted:
        tell("embedded: W4")
        with embedded.served() as api:
            report.loads.append(w4(embedded.NAME, api))


def _kafka(report: Report, rounds: int, tell: Tell) -> None:
    tell("starting Kafka and Elasticsearch")
    with cluster.servers() as servers, cluster.cluster(servers) as there:
        tell("kafka: warming up")
        cluster.warm_up(there.bench)
        tell("Kafka's raw rates")
        report.raw += yardsticks.kafka(servers.kafka.bootstrap)
        _loads(report, there.bench, rounds, tell)
        tell("kafka: W4")
        report.loads.append(w4(cluster.NAME, there.api))


def _loads(report: Report, bench: Bench, rounds: int, tell: Tell) -> None:
    bench.once(W1)  # nobody's first steps are measured
    for shape in SHAPES:
        tell(f"{bench.name}: {shape.name}")
        report.loads.append(bench.load(shape, rounds))
    tell(f"{bench.name}: {W1.name}{AGAIN}")
    again = bench.load(W1, rounds)
    report.loads.append(replace(again, workload=W1.name + AGAIN))


if __name__ == "__main__":
    sys.exit(main())

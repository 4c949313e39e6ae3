"""
The search's benchmark: `python -m tests.bench.search [--count N] [--embedded N] [--json]`.

Makes up a month of task runs, lets the real indexer take them into a real Elasticsearch, and asks
through our API what people ask. Then the index is rebuilt from the facts while the questions go on.
The embedded index comes last, with fewer.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.search.live import live
from tests.bench.search.measure import Answers, Figure, Found, answers, as_json, export, pages
from tests.bench.search.serving import (
    INDEXERS,
    Cluster,
    await_indexed,
    await_merged,
    cluster,
    embedded,
    fill_embedded,
    indexing,
)
from tests.bench.search.story import RUNS_EACH, now

COUNT: Final = 1_000_000
EMBEDDED: Final = 100_000
INDEXED_PER_S: Final = 8_000
REINDEX_S: Final = 300
"""For `COUNT` task runs."""

WIDTH: Final = 110

Tell = Callable[[str], None]


def main() -> int:
    """Measure; exit code 1 if a goal is missed."""
    arguments = _arguments()
    progress = Console(stderr=True)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - began_s:5.0f} s[/] {text}", highlight=False)

    report: dict[str, Found] = {}
    if arguments.count:
        report["Elasticsearch"] = _cluster(arguments.count, tell)
    if arguments.embedded:
        report["embedded"] = _embedded(arguments.embedded, tell)
    if arguments.json:
        print(json.dumps({name: as_json(found) for name, found in report.items()}, indent=2))
    else:
        _show(report)
    return 0 if all(each.is_good for found in report.values() for each in found) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="task runs in Elasticsearch; 0: not at all")
    parser.add_argument("--embedded", type=int, default=EMBEDDED, help="task runs in the embedded index; 0: not at all")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser.parse_args()


def _cluster(count: int, tell: Tell) -> Found:
    end = now()
    tell(f"writing {count:,} task runs to Kafka")
    with cluster(count, end) as there:
        server = there.server
        tell("indexing")
        with indexing(there):
            rates = await_indexed(server, count, count // RUNS_EACH)
            found: Found = [
                Figure(f"indexing by {INDEXERS} processes, from a cold start", rates.overall, "documents/s"),
                Figure("the second half of it", rates.steady, "documents/s", at_least=INDEXED_PER_S),
            ]
            tell("the server puts its segments together")
            await_merged(there)
            tell("questions")
            found += answers(server, end)
            tell("pages")
            found += pages(server)
            tell("news")
            found += live(server, there.broker)
            tell("export")
            found += export(server, count)
            tell("reindex")
            found += _reindexed(there, count)
    return found


def _reindexed(there: Cluster, count: int) -> Found:
    """Rebuild the index; whoever searches meanwhile must not notice."""
    stop, failures = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            try:
                assert there.server.ask("/taskruns/count?total=exact")["total"] >= count
            except (AssertionError, OSError) as error:
                failures.append(str(error))
            time.sleep(0.2)

    searching = threading.Thread(target=search)
    searching.start()
    began_s = time.monotonic()
    line = [sys.executable, "-m", "runfold", "reindex"]
    done = subprocess.run(line, env={**os.environ, **there.environment}, capture_output=True, text=True, check=False)
    took_s = time.monotonic() - began_s
    stop.set()
    searching.join()
    assert done.returncode == 0, done.stdout + done.stderr
    return [
        Figure(f"reindex of {count:,}", round(took_s), "s", at_most=round(REINDEX_S * count / COUNT, 1)),
        Figure("searches that failed meanwhile", len(failures), "", at_most=0),
    ]


def _embedded(count: int, tell: Tell) -> Found:
    end = now()
    with tempfile.TemporaryDirectory(prefix="runfold-search-") as name:
        tell(f"embedded: indexing {count:,} task runs")
        rate = round(count / fill_embedded(Path(name), count, end))
        with embedded(Path(name)) as server:
            tell("embedded: questions")
            return [Figure("indexing, story included", rate, "documents/s"), *answers(server, end)]


def _show(report: dict[str, Found]) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    for name, found in report.items():
        table = Table(title=f"{name}: answers through the API, in ms")
        for column in ("question", "p50", "p95", "goal"):
            table.add_column(column, justify="left" if column == "question" else "right")
        for each in found:
            if isinstance(each, Answers):
                goal = "" if each.goal_ms is None else f"{each.goal_ms:.0f}"
                style = None if each.is_good else "bold red"
                table.add_row(each.name, f"{each.p50_ms}", f"{each.p95_ms}", goal, style=style)
        console.print(table)
        for each in found:
            if isinstance(each, Figure):
                goal = f" (goal {each.goal})" if each.goal else ""
                style = None if each.is_good else "bold red"
                console.print(f"{each.name}: {each.value:,} {each.unit}{goal}", style=style)


if __name__ == "__main__":
    sys.exit(main())

"""
The page's benchmark: `python -m tests.bench.page [--count N] [--gantt N] [--embedded] [--json]`.

A million task runs behind the list, ten thousand in one execution's gantt, and a browser that scrolls and filters.
Three promises, each broken by exit code 1: no frame takes over 100 ms; a page is painted first within a second; it
needs less than 400 KiB of JavaScript for that, as packed on its way.

The promise on frames is about the trace's animation frames from their first task to their presentation, by the clock:
that is the stretch in which someone who scrolls sees nothing new. A task alone would leave out drawing, and a gap
between frames counts rest as well. What the main thread itself worked is shown beside it: where a frame is long and
the thread's time is not, it was the machine that was busy.
"""

import argparse
import json
import sys
import time
from typing import Final

from rich.console import Console

from runfold.webserver.ui import is_built
from tests.bench.page.figures import as_json, show
from tests.bench.page.looking import browser, openings, work
from tests.bench.page.serving import cluster, embedded

COUNT: Final = 1_000_000
GANTT: Final = 10_000
WIDTH: Final = 120


def main() -> int:
    """Measure; exit code 1 if a promise is broken."""
    arguments = _arguments()
    if not is_built():
        print("The web page is not built: make ui", file=sys.stderr)
        return 1
    progress = Console(stderr=True)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - began_s:5.0f} s[/] {text}", highlight=False)

    tell(f"filling the index with {arguments.count:,} task runs, and {arguments.gantt:,} of one execution")
    serve = embedded if arguments.embedded else cluster
    with serve(arguments.count, arguments.gantt) as served, browser() as chromium:
        tell("opening pages")
        opened = list(openings(chromium, served))
        worked = list(work(chromium, served, tell))
    if arguments.json:
        print(json.dumps(as_json(opened, worked), indent=2))
    else:
        console = Console()
        show(opened, worked, console if console.is_terminal else Console(width=WIDTH))
    return 0 if all(each.is_good for each in (*opened, *worked)) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="task runs behind the list")
    parser.add_argument("--gantt", type=int, default=GANTT, help="task runs of the execution")
    parser.add_argument("--embedded", action="store_true", help="one process with the embedded index: quick to fill")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

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
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from rich.console import Console
from rich.table import Table

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.assembly import kafka, kafka_topics
from runfold.documents.model import Document
from runfold.documents.project import project_execution, project_taskrun
from runfold.settings import Settings
from tests.bench.cluster import QUIET, Servers, servers
from tests.bench.processes import await_answer, runfold
from tests.bench.search.fill import fill_kafka
from tests.bench.search.measure import Answers, Figure, Server, answers, as_json, export, pages
from tests.bench.search.story import Story, now, stories

COUNT: Final = 1_000_000
EMBEDDED: Final = 100_000
BATCH: Final = 100
INDEX_S: Final = 1_800.0
POLL_S: Final = 1.0
WIDTH: Final = 110

Tell = Callable[[str], None]
Found = list[Answers | Figure]


def main() -> int:
    """Measure; exit code 1 if a question is answered too slowly."""
    arguments = _arguments()
    progress = Console(stderr=True)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - began_s:5.0f} s[/] {text}", highlight=False)

    report: dict[str, Found] = {}
    if arguments.count:
        with servers() as there:
            report["Elasticsearch"] = _cluster(there, arguments.count, tell)
    if arguments.embedded:
        report["embedded"] = _embedded(arguments.embedded, tell)
    if arguments.json:
        print(json.dumps({name: as_json(found) for name, found in report.items()}, indent=2))
    else:
        _show(report)
    slow = [each for found in report.values() for each in found if isinstance(each, Answers) and not each.is_good]
    return 1 if slow else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="task runs in Elasticsearch; 0: not at all")
    parser.add_argument("--embedded", type=int, default=EMBEDDED, help="task runs in the embedded index; 0: not at all")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser.parse_args()


def _cluster(there: Servers, count: int, tell: Tell) -> Found:
    name = uuid.uuid4().hex[:6]
    prefix = f"search-{name}."
    client = {"bootstrap.servers": there.kafka.bootstrap, "log_level": QUIET}
    environment = {
        "RUNFOLD_KAFKA_BOOTSTRAP_SERVERS": there.kafka.bootstrap,
        "RUNFOLD_ELASTICSEARCH_HOSTS": there.elasticsearch.url,
        "RUNFOLD_TOPIC_PREFIX": prefix,
        "RUNFOLD_INDEX_PREFIX": f"search-{name}-",
        "RUNFOLD_MEMBER": name,
        "RUNFOLD_LOG_LEVEL": "WARNING",
    }
    settings = Settings(kafka=client, topic_prefix=prefix)
    broker = kafka(settings)
    kafka_topics(settings, broker).require(create=True)
    broker.close()
    end = now()
    tell(f"writing {count:,} task runs to Kafka")
    fill_kafka(client, prefix, count, end)
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-search-")))
        port = free_port()
        log = folder / "webserver.log"
        pid = closing.enter_context(runfold(["webserver", "--port", str(port)], log, environment))
        await_answer(f"http://127.0.0.1:{port}/health", log)
        server = Server(port, pid)
        closing.callback(server.close)
        tell("indexing")
        closing.enter_context(runfold(["indexer"], folder / "indexer.log", environment))
        found: Found = [_indexed(server, count)]
        tell("questions")
        found += answers(server, end)
        tell("pages")
        found += pages(server)
        tell("export")
        found += export(server, count)
        tell("reindex")
        found += _reindexed(server, environment, count)
    return found


def _indexed(server: Server, count: int) -> Figure:
    began_s = time.monotonic()
    total = 0
    while total < count:
        assert time.monotonic() - began_s < INDEX_S, f"{total} of {count} are indexed"
        time.sleep(POLL_S)
        total = server.ask("/taskruns/count?total=exact")["total"]
    return Figure("indexing", round(count / (time.monotonic() - began_s)), "documents/s", ">= 8,000")


def _reindexed(server: Server, environment: dict[str, str], count: int) -> Found:
    """Rebuild the index; whoever searches meanwhile must not notice."""
    stop, failures = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            try:
                assert server.ask("/taskruns/count?total=exact")["total"] >= count
            except (AssertionError, OSError) as error:
                failures.append(str(error))
            time.sleep(0.2)

    searching = threading.Thread(target=search)
    searching.start()
    began_s = time.monotonic()
    line = [sys.executable, "-m", "runfold", "reindex"]
    done = subprocess.run(line, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    took_s = time.monotonic() - began_s
    stop.set()
    searching.join()
    assert done.returncode == 0, done.stdout + done.stderr
    return [
        Figure(f"reindex of {count:,}", round(took_s), "s", "<= 300"),
        Figure("searches that failed meanwhile", len(failures), "", "0"),
    ]


def _embedded(count: int, tell: Tell) -> Found:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="runfold-search-")))
        end = now()
        tell(f"embedded: indexing {count:,} task runs")
        index = SqliteIndex(folder / "index.sqlite")
        began_s = time.monotonic()
        told = stories(count, 1, end)
        while batch := list(islice(told, BATCH)):
            index.put([document for story in batch for document in _documents(story)])
        rate = round(count / (time.monotonic() - began_s))
        index.close()
        port = free_port()
        log = folder / "standalone.log"
        line = ["standalone", "--port", str(port), "--data", str(folder)]
        pid = closing.enter_context(runfold(line, log, {"RUNFOLD_LOG_LEVEL": "WARNING"}))
        await_answer(f"http://127.0.0.1:{port}/health", log)
        server = Server(port, pid)
        closing.callback(server.close)
        tell("embedded: questions")
        return [Figure("indexing, story included", rate, "documents/s"), *answers(server, end)]


def _documents(story: Story) -> Iterator[Document]:
    yield project_execution(story.aggregate.execution)
    yield from map(project_taskrun, story.aggregate.taskruns.values())


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
                console.print(
                    f"{each.name}: {each.value:,} {each.unit}" + (f" (goal {each.goal})" if each.goal else "")
                )


if __name__ == "__main__":
    sys.exit(main())

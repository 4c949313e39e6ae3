"""`runfold reindex`: the index once more, from the facts, while the present one is searched."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from runfold.commands.places import DataOption, Place, place
from runfold.commands.terminal import ConfigOption, JsonOption, err, errors_told, out, settings_for
from runfold.rebuild.apart import apart
from runfold.rebuild.service import Rebuild, Report, Side, Watch, Wish, beside
from runfold.runtime import settle
from runfold.settings import Settings

PROCESSES_MAX: Final = 16

app = typer.Typer()


@app.command()
def reindex(  # noqa: PLR0913 - one for each option
    *,
    lines_from_topics: Annotated[
        bool, typer.Option("--lines-from-topics", help="Read log lines and metrics from their topics, don't copy them.")
    ] = False,
    accept_gaps: Annotated[
        bool, typer.Option("--accept-gaps", help="Go on without executions whose first facts the log has no longer.")
    ] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=PROCESSES_MAX, help="That fold side by side.", show_default="one for each core")
    ] = min(os.cpu_count() or 1, PROCESSES_MAX),
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="Show how far it is.")] = True,
    data: DataOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """
    Build the index again from the facts, and let it take the place of the present one.

    Searches go on meanwhile, and so do executions. Cut off, it goes on where it was when it is called again.

    Example: runfold reindex --data .runfold
    """
    with errors_told():
        settings = settings_for(config, quiet=True)
        settle()
        with (
            place(settings, data) as there,
            _watch(shown=progress and not as_json) as watch,
            _side(settings, there, processes if data is None else 1) as side,
        ):
            wish = Wish(lines_from_topics=lines_from_topics, accepts_gaps=accept_gaps)
            report = Rebuild(there.broker, there.generations, side, watch).run(wish)
    if as_json:
        out.print_json(data=_json(report))
    else:
        _tell(report)


@contextmanager
def _side(settings: Settings, there: Place, processes: int) -> Iterator[Side]:
    with ExitStack() as closing:
        yield beside(there.broker) if processes == 1 else closing.enter_context(apart(settings, processes))


@contextmanager
def _watch(*, shown: bool) -> Iterator[Watch]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    stored = TextColumn("{task.fields[documents]:,} documents {task.fields[speed]}")
    bar = Progress(*columns, stored, console=err) if shown and err.is_terminal else None
    with bar or nullcontext():
        yield Watch() if bar is None else _Bar(bar)


class _Bar(Watch):
    """Shows a bar for each phase."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._documents = 0

    def phase(self, name: str, total: int | None) -> None:
        self._documents = 0
        self._task = self._progress.add_task(name, total=total, documents=0, speed="")

    def step(self) -> None:
        if self._task is not None:
            self._progress.advance(self._task)

    def stored(self, count: int) -> None:
        if self._task is None:
            return
        self._documents += count
        elapsed_s = self._progress.tasks[self._task].elapsed or 0
        speed = f"({self._documents / elapsed_s:,.0f}/s)" if elapsed_s > 1 else ""
        self._progress.update(self._task, documents=self._documents, speed=speed)


def _json(report: Report) -> dict[str, Any]:
    return {
        "executions": report.executions,
        "taskRuns": report.taskruns,
        "facts": report.facts,
        "documents": report.documents,
        "lines": report.lines,
        "refused": report.refused,
        "withoutBeginning": len(report.without_beginning),
        "rounds": report.rounds,
        "wentOn": report.goes_on,
        "durationS": round(report.seconds, 3),
        "writersWaitedS": round(report.waited_s, 3),
    }


def _tell(report: Report) -> None:
    took = f"{report.seconds:.1f} s" + (f", writers waited {report.waited_s:.1f} s" if report.waited_s else "")
    out.print(
        f"The index is built anew: {report.documents:,} documents of executions, {report.lines:,} lines ({took})",
        highlight=False,
    )
    if report.refused:
        err.print(f"{report.refused} documents were stored only in part, as the dead letters say", highlight=False)
    if report.without_beginning:
        err.print(f"{len(report.without_beginning)} executions are left out: the log lacks how they began")

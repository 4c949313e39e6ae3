"""`runfold verify`: whether the index says what the facts say."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from runfold import assembly
from runfold.commands.places import DataOption, place
from runfold.commands.terminal import ConfigOption, JsonOption, err, errors_told, out, settings_for
from runfold.documents.model import Kind
from runfold.errors import CallerError
from runfold.flows.duration import parse_duration
from runfold.rebuild.telling import ms_of
from runfold.rebuild.verifying import Difference, Result, Scope, Verification, What
from runfold.runtime import settle

SHOWN_MAX: Final = 20
"""Differences that are listed one by one; --json lists all."""

KINDS: Final = (Kind.EXECUTIONS, Kind.TASKRUNS, Kind.DELETIONS)

app = typer.Typer()


@app.command()
def verify(  # noqa: PLR0913 - one for each option
    *,
    sample: Annotated[float, typer.Option(min=0.0, max=1.0, help="Which part of the executions to look at.")] = 0.01,
    since: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Only what changed so lately, e.g. P1D.")
    ] = None,
    patience: Annotated[
        str, typer.Option(metavar="DURATION", help="How long to wait for an indexer that is behind.")
    ] = "PT10S",
    data: DataOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """
    Fold executions from the facts and compare every document of theirs; exit code 1 if any differs.

    What the indexer has not read yet is told apart and is no difference. With --sample 1 executions that no fact
    tells of are found, too.

    Example: runfold verify --sample 0.1 --since P1D
    """
    with errors_told():
        settings = settings_for(config, quiet=True)
        settle()
        now = assembly.utc_now()
        since_ms = 0 if since is None else ms_of(now - _duration(since))
        scope = Scope(sample, since_ms, _duration(patience).total_seconds())
        with place(settings, data) as there:
            verification = Verification(there.broker, there.generations.live(), scope, now)
            with err.status("comparing") if err.is_terminal else nullcontext():
                for _ in verification.run():
                    pass
    result = verification.result
    if as_json:
        out.print_json(data=_json(result, scope))
    else:
        _tell(result)
    raise typer.Exit(1 if result.faults else 0)


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CallerError(f"{text!r} is no duration such as P1D") from error


def _json(result: Result, scope: Scope) -> dict[str, Any]:
    return {
        "sample": scope.sample,
        "executions": result.executions,
        "compared": {str(kind): result.compared[kind] for kind in KINDS},
        "counts": {str(what): _counts(result.differences)[what] for what in What},
        "behind": result.behind,
        "withoutBeginning": result.without_beginning,
        "differences": [
            {
                "kind": str(each.kind),
                "id": each.id,
                "executionId": each.execution_id,
                "what": str(each.what),
                "wanted": each.wanted,
                "found": each.found,
            }
            for each in result.differences
        ],
    }


def _counts(differences: Sequence[Difference]) -> Counter[What]:
    return Counter(each.what for each in differences)


def _tell(result: Result) -> None:
    out.print(_table(result))
    for each in result.faults[:SHOWN_MAX]:
        versions = f"wanted {_version(each.wanted)}, found {_version(each.found)}"
        out.print(f"{each.what} {each.kind} {each.id} of {each.execution_id}: {versions}", highlight=False)
    more = len(result.faults) - SHOWN_MAX
    if more > 0:
        out.print(f"... and {more} more: --json lists all", highlight=False)
    if result.behind:
        err.print(f"The indexer has still {result.behind} snapshots to read: that is no difference", highlight=False)
    if result.without_beginning:
        err.print(f"{result.without_beginning} executions can't be folded: the log lacks how they began")


def _table(result: Result) -> Table:
    title = f"{result.executions:,} executions folded and compared"
    shown = Table(title=title, title_justify="left", header_style="bold")
    shown.add_column("documents")
    for name in ("compared", *What):
        shown.add_column(str(name), justify="right")
    for kind in KINDS:
        counts = _counts([each for each in result.differences if each.kind is kind])
        cells = [_cell(what, counts[what]) for what in What]
        shown.add_row(str(kind), f"{result.compared[kind]:,}", *cells)
    return shown


def _cell(what: What, count: int) -> str:
    if not count:
        return "[dim]0[/]"
    return f"[yellow]{count:,}[/]" if what is What.BEHIND else f"[bold red]{count:,}[/]"


def _version(version: int | None) -> str:
    return "none" if version is None else str(version)

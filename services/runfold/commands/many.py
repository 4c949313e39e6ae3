"""`runfold many`: the same done to all that a search finds, tried first with `--dry-run`, by a running server."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress

from runfold.commands.remote import SERVER, Remote, ServerOption
from runfold.commands.showing import put, table
from runfold.commands.taskruns import asking
from runfold.commands.terminal import JsonOption, err, out

POLL_S: Final = 0.3
COLUMNS: Final = ("id", "executionId", "ok", "says")

Json = Mapping[str, Any]


class Kind(StrEnum):
    """What is searched."""

    EXECUTIONS = "executions"
    TASKRUNS = "taskruns"


app = typer.Typer()


@app.command()
def many(  # noqa: PLR0913 - one for each option
    action: Annotated[
        str,
        typer.Argument(help="kill, restart, replay, resume, pause, unqueue, forceRun, changeState, labels or delete."),
    ],
    query: Annotated[str, typer.Argument(help="What to find, e.g. 'state:FAILED start:>-1h'.")],
    kind: Annotated[Kind, typer.Option(help="What to search.")] = Kind.EXECUTIONS,
    *,
    note: Annotated[str | None, typer.Option(help="Why; kept with what is done.")] = None,
    state: Annotated[str | None, typer.Option(help="Of changeState: which one.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Of labels: key=value, also several times.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done to each.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """
    Do the same to all executions (or task runs) that a search finds; exit code 1 if it was refused for one.

    Example: runfold many restart 'state:FAILED start:>-1h' --dry-run
    """
    parameters: dict[str, Any] = {} if state is None else {"state": state}
    if label:
        parameters["labels"] = dict(each.partition("=")[::2] for each in label)
    body = {"action": action, "where": {"query": query}, "dryRun": dry_run, "note": note, "parameters": parameters}
    with asking(server, query) as there:
        answer = there.ask(
            "POST", f"/{kind}/bulk", body={name: value for name, value in body.items() if value is not None}
        )
        if "job" in answer:
            answer = _followed(there, answer["job"]["id"], quiet=as_json)
    if as_json:
        out.print_json(data=answer)
    else:
        _tell(answer)
    raise typer.Exit(1 if answer["refused"] else 0)


def _followed(there: Remote, job_id: str, *, quiet: bool) -> Json:
    """Return a job as it ended, with its progress shown meanwhile."""
    with Progress(console=err, disable=quiet, transient=True) as progress:
        bar = progress.add_task("working")
        while True:
            job: Json = there.get(f"/jobs/{job_id}")
            progress.update(bar, total=job["total"], completed=job["done"])
            if "endedAt" in job:
                return job
            time.sleep(POLL_S)


def _tell(answer: Json) -> None:
    rows = [
        {**found, "ok": "yes" if found["ok"] else "no", "says": found.get("would") or found.get("message")}
        for found in answer["results"]
    ]
    put(table("", COLUMNS, rows))
    said = f"{answer['ok']:,} {'could' if answer.get('dryRun') else 'done'}, {answer['refused']:,} refused"
    total = answer.get("total")
    more = f"; the search finds {total:,}, the first {len(rows):,} were tried" if total and total > len(rows) else ""
    err.print(said + more, highlight=False)

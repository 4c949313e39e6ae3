"""`runfold taskruns`: found, shown, exported and reckoned up, from a running server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from runfold.commands.remote import SERVER, Remote, ServerOption, remote
from runfold.commands.searching import (
    AllOption,
    ColumnsOption,
    FileOption,
    QueryArgument,
    Row,
    Search,
    SizeOption,
    SortOption,
    names_of,
    save,
    told,
)
from runfold.commands.showing import fields, log_line, put, table
from runfold.commands.terminal import JsonOption, errors_told, out
from runfold.errors import QueryInvalid

COLUMNS: Final = ("id", "state", "flowId", "taskId", "value", "startDate", "durationMs", "attemptCount", "executionId")
GROUP_COLUMNS: Final = (
    *("count", "failed", "failureRate", "retried", "runP50Ms", "runP95Ms", "queueP95Ms", "baselineMs", "slowdown"),
)

app = typer.Typer(help="Find task runs, by a running server.", no_args_is_help=True)


@app.command()
def search(  # noqa: PLR0913 - one for each option
    query: QueryArgument = "",
    columns: ColumnsOption = None,
    size: SizeOption = 20,
    sort: SortOption = None,
    *,
    everything: AllOption = False,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """
    Find task runs, the newest first.

    Example: runfold taskruns search 'state:FAILED namespace:company.* start:>-24h' --columns id,taskId,error
    """
    with asking(server, query) as there:
        names = names_of(columns, COLUMNS)
        wanted = {"query": query or None, "size": size, "sort": sort, "columns": ",".join(names)}
        Search(there, "/taskruns/search", _row).tell(wanted, names, everything=everything, as_json=as_json)


@app.command()
def show(
    taskrun_id: Annotated[str, typer.Argument(help="A task run's id.")],
    *,
    logs: Annotated[bool, typer.Option("--logs/--no-logs", help="Its log lines, too.")] = True,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Show one task run with its attempts, and its log."""
    with asking(server) as there:
        found = there.get(f"/taskruns/{taskrun_id}")
        if as_json:
            out.print_json(data=found)
            return
        lines = there.get(f"/taskruns/{taskrun_id}/logs") if logs else []
    _show(found)
    for line in lines.get("results", []) if isinstance(lines, dict) else lines:
        out.print(log_line(line), highlight=False)


@app.command()
def export(  # noqa: PLR0913 - one for each option
    query: QueryArgument = "",
    form: Annotated[str, typer.Option("--format", help="csv or ndjson.")] = "csv",
    columns: ColumnsOption = None,
    sort: SortOption = None,
    file: FileOption = None,
    *,
    server: ServerOption = SERVER,
) -> None:
    """
    Write all that fits to a file or to standard output, however much it is.

    Example: runfold taskruns export 'state:FAILED' --format ndjson -o failed.ndjson
    """
    with asking(server, query) as there:
        wanted = {"query": query or None, "format": form, "columns": columns, "sort": sort}
        save(there.pieces("/taskruns/export", wanted), file)


@app.command()
def stats(  # noqa: PLR0913 - one for each option
    query: QueryArgument = "",
    by: Annotated[
        str, typer.Option(help="task, flow, namespace, taskType, worker, error, a field, or label:KEY.")
    ] = "task",
    order: Annotated[str, typer.Option(help="count, failed, failureRate, retried, p95 or slowdown.")] = "count",
    size: SizeOption = 20,
    *,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """
    Reckon up task runs by group: how many, how many failed, how long they took.

    Example: runfold taskruns stats 'start:>-7d' --by flow --order failureRate
    """
    with asking(server, query) as there:
        wanted = {"query": query or None, "groupBy": by, "order": order, "size": size}
        found = there.get("/taskruns/statistics", wanted)
    if as_json:
        out.print_json(data=found)
        return
    groups = [_group(group) for group in found["groups"]]
    keys = list(dict.fromkeys(name for group in found["groups"] for name in group["key"]))
    put(table("", [*keys, *GROUP_COLUMNS], [*groups, {**_group(found["total"]), keys[0] if keys else "": "all"}]))


@contextmanager
def asking(server: str, query: str = "") -> Iterator[Remote]:
    """Yield the server, and tell people what it says is wrong."""
    with errors_told():
        try:
            with remote(server) as there:
                yield there
        except QueryInvalid as error:
            raise told(error, query) from error


def _row(entity: Row, columns: Sequence[str]) -> Row:
    del columns  # the server fills them
    found: Row = entity["columns"]
    return found


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    run, queue = group.get("runMs") or {}, group.get("queueMs") or {}
    return {
        **group.get("key", {}),
        **group,
        "failureRate": f"{group['failureRate']:.1%}",
        "runP50Ms": run.get("p50"),
        "runP95Ms": run.get("p95"),
        "queueP95Ms": queue.get("p95"),
    }


def _show(found: Mapping[str, Any]) -> None:
    details = found.get("details", {})
    state = found["state"]
    head = {
        "id": found["id"],
        "state": state["current"],
        "task": found["taskId"],
        "value": found.get("value"),
        "execution": found["executionId"],
        "flow": f"{found['namespace']}.{found['flowId']}",
        "started": state.get("startDate"),
        "duration": state.get("duration"),
        "baselineMs": details.get("baselineMs"),
        "outputs": found.get("outputs"),
        "error": details.get("error"),
    }
    put(fields(head))
    attempts = details.get("attempts") or []
    if attempts:
        names = ("number", "state", "workerId", "startedAt", "endedAt", "queueMs", "runMs", "logCount")
        put(table("attempts", names, attempts))

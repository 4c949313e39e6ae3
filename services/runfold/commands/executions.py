"""`runfold executions`: found, shown, followed, and acted upon, by a running server."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from runfold.commands.remote import SERVER, ServerOption
from runfold.commands.searching import (
    AllOption,
    ColumnsOption,
    QueryArgument,
    Search,
    SizeOption,
    SortOption,
    names_of,
)
from runfold.commands.showing import columns_of, fields, put, state_text, table
from runfold.commands.taskruns import asking
from runfold.commands.terminal import JsonOption, err, out
from runfold.execution.state import State

COLUMNS: Final = ("id", "state", "namespace", "flowId", "startDate", "duration", "triggerId")
TASKRUN_COLUMNS: Final = ("taskId", "value", "state", "startDate", "duration", "id")

IdArgument = Annotated[str, typer.Argument(help="An execution's id.")]
RevisionOption = Annotated[int | None, typer.Option(help="By another revision of its flow.")]

app = typer.Typer(help="Find executions, and act upon them, by a running server.", no_args_is_help=True)


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
    Find executions, the newest first.

    Example: runfold executions search 'state:RUNNING duration:>1h' --columns id,flowId,labels.team
    """
    with asking(server, query) as there:
        names = names_of(columns, COLUMNS)
        wanted = {"query": query or None, "size": size, "sort": sort}
        Search(there, "/executions/search", columns_of).tell(wanted, names, everything=everything, as_json=as_json)


@app.command()
def show(
    execution_id: IdArgument,
    at: Annotated[str | None, typer.Option(help="As it was: an event's number or a date.")] = None,
    *,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Show an execution with its task runs."""
    with asking(server) as there:
        found = there.get(f"/executions/{execution_id}", {"at": at})
    if as_json:
        out.print_json(data=found)
    else:
        _show(found)


@app.command()
def follow(execution_id: IdArgument, *, as_json: JsonOption = False, server: ServerOption = SERVER) -> None:
    """Follow an execution to its end; exit code 0 if it ends SUCCESS or WARNING, else 1."""
    state = ""
    seen: dict[str, str] = {}
    with asking(server) as there:
        for _, execution in there.events(f"/executions/{execution_id}/follow"):
            state = execution["state"]["current"]
            if as_json:
                out.print_json(data=execution, indent=None)
            else:
                _tell_changes(execution, seen)
            if execution_ended(state):
                break
    raise typer.Exit(0 if state in {State.SUCCESS, State.WARNING} else 1)


@app.command()
def kill(
    execution_id: IdArgument,
    *,
    cascade: Annotated[bool, typer.Option("--cascade/--no-cascade", help="Those that it started, too.")] = True,
    server: ServerOption = SERVER,
) -> None:
    """Ask for the end of an execution."""
    with asking(server) as there:
        there.ask("DELETE", f"/executions/{execution_id}/kill", {"isOnKillCascade": str(cascade).lower()})
    err.print(f"asked for the end of {execution_id}", highlight=False)


@app.command()
def restart(
    execution_id: IdArgument,
    revision: RevisionOption = None,
    *,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Run again what failed; with a revision, as a new execution."""
    with asking(server) as there:
        _answer(there.ask("POST", f"/executions/{execution_id}/restart", {"revision": revision}), as_json=as_json)


@app.command()
def replay(
    execution_id: IdArgument,
    taskrun: Annotated[str | None, typer.Option(help="From this task run on. [default: from the beginning]")] = None,
    revision: RevisionOption = None,
    *,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Run again as a new execution."""
    with asking(server) as there:
        wanted = {"taskRunId": taskrun, "revision": revision}
        _answer(there.ask("POST", f"/executions/{execution_id}/replay", wanted), as_json=as_json)


def execution_ended(state: str) -> bool:
    """Return whether nothing more comes after this state."""
    return state in State.__members__ and State(state).is_terminal


def _answer(execution: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        out.print_json(data=execution)
    else:
        out.print(execution["id"], state_text(execution["state"]["current"]), highlight=False)


def _show(found: Mapping[str, Any]) -> None:
    state = found["state"]
    head = {
        "id": found["id"],
        "state": state["current"],
        "flow": f"{found['namespace']}.{found['flowId']} (revision {found.get('flowRevision')})",
        "started": state.get("startDate"),
        "duration": state.get("duration"),
        "labels": {label["key"]: label["value"] for label in found.get("labels") or []} or None,
        "inputs": found.get("inputs") or None,
        "outputs": found.get("outputs") or None,
    }
    put(fields(head))
    runs: Sequence[Mapping[str, Any]] = found.get("taskRunList") or []
    put(table("", TASKRUN_COLUMNS, (columns_of(run, TASKRUN_COLUMNS) for run in runs)))


def _tell_changes(execution: Mapping[str, Any], seen: dict[str, str]) -> None:
    """Say, a line each, what is in another state than before."""
    entities = [*(execution.get("taskRunList") or []), execution]
    for entity in entities:
        state = entity["state"]["current"]
        if seen.get(entity["id"]) != state:
            seen[entity["id"]] = state
            name = entity.get("taskId", "execution")
            value = f" [{entity['value']}]" if entity.get("value") else ""
            out.print(state_text(state), f"{name}{value}", entity["id"], markup=False, highlight=False)

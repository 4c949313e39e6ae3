"""`runfold logs`: the log of an execution, from a running server."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from runfold.commands.remote import SERVER, Remote, ServerOption
from runfold.commands.showing import log_line
from runfold.commands.taskruns import asking
from runfold.commands.terminal import JsonOption, out

END: Final = "end"

app = typer.Typer()


@app.command()
def logs(  # noqa: PLR0913 - one for each option
    execution_id: Annotated[str, typer.Argument(help="An execution's id.")],
    level: Annotated[str | None, typer.Option(help="The least level, e.g. WARN.")] = None,
    task: Annotated[str | None, typer.Option(help="Only of this task.")] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the execution has ended.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """
    Show the log lines of an execution; with --json one a line.

    Example: runfold logs 2x8Gfk --level WARN --follow
    """
    with asking(server) as there:
        wanted = {"minLevel": level, "taskId": task}
        lines = _live(there, execution_id, wanted) if follow else there.get(f"/logs/{execution_id}", wanted)
        for line in lines:
            if as_json:
                out.print_json(data=line, indent=None)
            else:
                out.print(log_line(line), highlight=False)


def _live(there: Remote, execution_id: str, wanted: dict[str, Any]) -> Iterator[Any]:
    for event_id, line in there.events(f"/logs/{execution_id}/follow", wanted):
        if event_id.startswith(END):
            return
        yield line

"""`runfold run`: a flow to its end in an engine of its own, in memory."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from runfold.commands import flows
from runfold.commands.running import inputs_of, start, watch
from runfold.commands.terminal import ConfigOption, JsonOption, err, errors_told, out, settings_for
from runfold.documents.api_json import execution_json, log_json
from runfold.embedded import engine
from runfold.execution.state import State
from runfold.runtime import Services, stop_on_signals
from runfold.settings import Settings
from runfold.webserver.view import Seen

app = typer.Typer()


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="YAML file of one flow.", metavar="FLOW.yaml")],
    inputs: Annotated[list[str] | None, typer.Option("-i", "--input", metavar="KEY=VALUE", help="An input.")] = None,
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """
    Run a flow to its end, here and now; exit code 0 if it ends SUCCESS or WARNING, else 1.

    Example: runfold run examples/parallel.yaml -i nap=PT2S
    """
    with errors_told():
        given = inputs_of(inputs or ())
        settings = settings_for(config, quiet=True)
        with stop_on_signals() as stop:
            seen = _run(file, given, settings, stop, quiet=as_json)
    if seen is None or seen.execution is None:
        raise typer.Exit(1)
    if as_json:
        logs = [log_json(line.entry) for line in seen.logs]
        out.print_json(data=execution_json(seen.execution, seen.taskruns) | {"logs": logs})
    else:
        _report(seen)
    raise typer.Exit(0 if seen.execution.state in {State.SUCCESS, State.WARNING} else 1)


def _run(
    file: Path, given: Mapping[str, str], settings: Settings, stop: threading.Event, *, quiet: bool
) -> Seen | None:
    with engine(settings, None) as ours:
        flow = flows.store(ours.flows, ours.core.types, file)
        services = Services(ours.steps, stop)
        services.start()
        try:
            execution_id = start(ours, flow, given)
            return watch(ours, f"{flow.namespace}.{flow.id}", execution_id, stop, shown=not quiet)
        finally:
            stop.set()
            services.join()


def _report(seen: Seen) -> None:
    """Say what the table does not: what went wrong, and what came out."""
    for line in seen.logs:
        if line.entry.level in {"ERROR", "WARN"}:
            task = line.entry.task_id or "flow"
            err.print(f"{line.entry.level} {task}: {line.entry.message}", markup=False, highlight=False)
    if seen.execution is not None and seen.execution.outputs:
        out.print_json(data=seen.execution.outputs)

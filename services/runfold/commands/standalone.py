"""`runfold standalone`: all services in one process, on SQLite files in one folder."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from runfold.commands import flows
from runfold.commands.running import has_ended, start, watch
from runfold.commands.serving import HostOption, Listener, PortOption, serve
from runfold.commands.terminal import ConfigOption, complain, err, errors_told, settings_for
from runfold.embedded import Standalone, standalone_engine
from runfold.errors import CallerError, RunfoldError
from runfold.execution.state import State
from runfold.flows.model import Flow
from runfold.webserver.ui import is_built

app = typer.Typer()


@app.command()
def standalone(  # noqa: PLR0913 - one for each option
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    data: Annotated[Path, typer.Option(help="Folder of the SQLite files; made if it is not there.")] = Path("data"),
    flow_folder: Annotated[
        Path | None,
        typer.Option("--flows", help="Folder of flows to create or update at start.", exists=True, file_okay=False),
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="NAMESPACE.FLOW", help="A flow to run at start.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End after that run; exit code 0 if it ends SUCCESS.")] = False,
    config: ConfigOption = None,
) -> None:
    """
    Start everything in one process: the API, an executor, a worker, an indexer. Needs no other server.

    Example: runfold standalone --flows examples --run company.team.each_switch
    """
    with errors_told():
        if once and run is None:
            raise CallerError("--once needs --run")
        settings = settings_for(config, quiet=run is not None)
        listener = Listener(host, port)
        with standalone_engine(settings, data) as ours:
            for file in flows.files_in(flow_folder) if flow_folder else ():
                flows.store(ours.engine.flows, ours.engine.core.types, file)
            shown = Show(ours, _flow(ours, run) if run else None, listener.url, data, once=once)
            serve(ours.app, listener, ours.steps, shown.tell)
    raise typer.Exit(shown.exit_code)


def _flow(ours: Standalone, name: str) -> Flow:
    namespace, _, flow_id = name.replace("/", ".").rpartition(".")
    stored = ours.engine.flows.get(namespace, flow_id)
    if stored is None or stored.flow is None:
        raise CallerError(f"There is no flow {name} to run" + (f": {stored.exception}" if stored else ""))
    return stored.flow


class Show:
    """What a person at the terminal is told once the server answers."""

    def __init__(self, ours: Standalone, flow: Flow | None, url: str, data: Path, *, once: bool) -> None:
        self._ours = ours
        self._flow = flow
        self._url = url
        self._data = data
        self._once = once
        self.exit_code = 1 if once else 0

    def tell(self, stop: threading.Event) -> None:
        """Run the flow, if there is one, and say where everything is."""
        try:
            if self._flow is not None:
                self._run(self._flow, stop)
        except RunfoldError as error:
            complain(str(error))
        if self._once:
            stop.set()
        elif not stop.is_set():
            page = f"page {self._url}/ui/, " if is_built() else ""
            told = f"standalone ready: {page}API {self._url}/api/v1, its description {self._url}/docs"
            err.print(told, highlight=False)
            err.print(f"data in {self._data.resolve()}; Ctrl-C ends it", highlight=False)

    def _run(self, flow: Flow, stop: threading.Event) -> None:
        execution_id = start(self._ours.engine, flow, {})
        seen = watch(self._ours.engine, f"{flow.namespace}.{flow.id}", execution_id, stop, shown=True)
        if not self._once:
            there = "ui" if is_built() else "api/v1"
            err.print(f"{self._url}/{there}/executions/{execution_id}", highlight=False)
        if has_ended(seen) and seen is not None and seen.execution is not None and self._once:
            self.exit_code = 0 if seen.execution.state is State.SUCCESS else 1

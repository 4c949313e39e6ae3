"""The command `runfold`: all groups of commands under one name."""

import typer

from runfold.commands import (
    executions,
    flows,
    index,
    logs,
    many,
    openapi,
    plugins,
    purge,
    reindex,
    run,
    schemas,
    services,
    standalone,
    taskruns,
    topics,
    verify,
    version,
)

app = typer.Typer(
    help="Runfold runs flows: state changes are facts, and every task run can be found.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its traces show the values of variables
    rich_markup_mode=None,
)
for part in (run, standalone, services, logs, many, purge, reindex, verify, version):
    app.add_typer(part.app)
app.add_typer(taskruns.app, name="taskruns")
app.add_typer(executions.app, name="executions")
app.add_typer(flows.app, name="flows")
app.add_typer(index.app, name="index")
app.add_typer(plugins.app, name="plugins")
app.add_typer(topics.app, name="topics")
app.add_typer(schemas.app, name="schemas", hidden=True)
app.add_typer(openapi.app)


def main() -> None:
    """Run the command that the arguments name."""
    app(prog_name="runfold")


if __name__ == "__main__":
    main()

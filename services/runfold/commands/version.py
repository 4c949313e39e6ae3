"""`runfold version`."""

import platform

import typer

from runfold import __version__
from runfold.commands.terminal import JsonOption, out

app = typer.Typer()


@app.command()
def version(*, as_json: JsonOption = False) -> None:
    """Print the version."""
    if as_json:
        out.print_json(data={"version": __version__, "python": platform.python_version()})
    else:
        out.print(f"runfold {__version__}", highlight=False)

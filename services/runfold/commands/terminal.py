"""
How commands talk to people: results on standard output, all else on standard error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from runfold.errors import BrokenInvariant, FlowInvalid, RunfoldError, Violation
from runfold.runtime import set_up_logging
from runfold.settings import Settings, load

out: Final = Console(soft_wrap=True)
err: Final = Console(stderr=True, soft_wrap=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML file with settings; RUNFOLD_... variables win over it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@contextmanager
def errors_told() -> Iterator[None]:
    """
    End the command with exit code 1 and the message of an error of ours.

    A broken invariant is no message for people: it ends the process with its trace.
    """
    try:
        yield
    except BrokenInvariant:
        raise
    except RunfoldError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def complain(message: str) -> None:
    """Say what is wrong."""
    err.print(f"[bold red]error[/] {escape(message)}")


def settings_for(config: Path | None, *, quiet: bool = False) -> Settings:
    """Return the settings, with logging set up as they say. Raises: SettingsInvalid."""
    settings = load(config)
    level = "WARNING" if quiet and settings.log_level == "INFO" else settings.log_level
    set_up_logging(as_json=settings.log_format == "json", level=level)
    return settings


def violation_lines(path: Path, error: FlowInvalid) -> list[str]:
    """Return each violation as editors read it: file, line, column, message."""
    return [f"{path}{_place(violation)}: {violation}" for violation in error.violations]


def _place(violation: Violation) -> str:
    return f":{violation.line}:{violation.column}" if violation.line else ""

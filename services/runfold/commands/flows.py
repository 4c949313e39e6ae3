"""`runfold flows`: what can be said of flows without running them; and how files of flows are stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from runfold.adapters.flow_store import FlowStore
from runfold.commands.terminal import ConfigOption, JsonOption, complain, errors_told, out, violation_lines
from runfold.errors import FlowInvalid, Violation
from runfold.flows.model import Flow
from runfold.flows.parse import parse_flow
from runfold.flows.task import TaskTypes
from runfold.settings import load
from runfold.tasks import load_task_types

app = typer.Typer(help="Look at flows.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at flows."""


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="YAML files, one flow each.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """
    Say what is wrong with flows, with line and column; exit code 1 if anything is.

    Example: runfold flows validate examples/*.yaml
    """
    with errors_told():
        types = load_task_types(load(config).plugins)
    found: dict[str, list[Violation]] = {}
    for file in files:
        try:
            parse_flow(read(file), types)
            found[str(file)] = []
        except FlowInvalid as error:
            found[str(file)] = list(error.violations)
            if not as_json:
                for line in violation_lines(file, error):
                    complain(line)
        else:
            if not as_json:
                out.print(f"{file}: valid", highlight=False)
    if as_json:
        out.print_json(data=[_report(file, violations) for file, violations in found.items()])
    raise typer.Exit(1 if any(found.values()) else 0)


def _report(file: str, violations: list[Violation]) -> dict[str, object]:
    listed = [
        {"path": each.path, "message": each.message, "line": each.line, "column": each.column} for each in violations
    ]
    return {"file": file, "valid": not violations, "violations": listed}


def read(file: Path) -> str:
    """Return a file's text. Raises: FlowInvalid when there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise FlowInvalid((Violation(f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise FlowInvalid((Violation("is no UTF-8 text"),)) from error


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of flows in a folder, by name."""
    yield from sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"} and path.is_file())


def store(flows: FlowStore, types: TaskTypes, file: Path) -> Flow:
    """
    Create the flow of a file, or its next revision.

    Raises:
        FlowInvalid: Its message names the file, with line and column.
    """
    try:
        source = read(file)
        flow = parse_flow(source, types)
        if flows.get(flow.namespace, flow.id) is None:
            stored = flows.create(source)
        else:
            stored = flows.update(flow.namespace, flow.id, source)
    except FlowInvalid as error:
        raise FlowInvalid(tuple(Violation(line) for line in violation_lines(file, error))) from error
    return stored.flow or flow

"""`runfold plugins`: which types flows may name here, what they take, and how to write one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from runfold.commands.terminal import ConfigOption, JsonOption, errors_told, out
from runfold.flows.task import TaskTypes
from runfold.plugins.json_schema import Schemas
from runfold.plugins.kinds import is_shown, kind_of
from runfold.plugins.new import new_project
from runfold.settings import load
from runfold.tasks import Installed, installed_plugins, load_task_types

app = typer.Typer(help="Look at the types that flows may name, or begin one.", no_args_is_help=True)


@app.command("list")
def list_plugins(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """
    List all types, with the packages that bring them.

    Example: runfold plugins list
    """
    with errors_told():
        found = [each for each in installed_plugins(load(config).plugins) if is_shown(each.model)]
    types = TaskTypes.of(*(each.model for each in found))
    rows = [_row(each, types) for each in sorted(found, key=lambda each: each.model.TYPE)]
    if as_json:
        out.print_json(data=rows)
    else:
        out.print(_table(rows))


def _row(each: Installed, types: TaskTypes) -> dict[str, Any]:
    model = each.model
    return {
        "type": model.TYPE,
        "kind": str(kind_of(model)),
        "package": each.package,
        "version": each.version,
        "deprecated": model.DEPRECATED,
        "aliases": sorted(old for old, new in types.aliases.items() if new == model.TYPE),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    shown = Table(header_style="bold", caption="Below a type: its old names, which still work.", caption_justify="left")
    shown.add_column("type", overflow="fold")
    for name in ("kind", "package", "version", "deprecated"):
        shown.add_column(name, no_wrap=True)
    for row in rows:
        names = "\n".join([escape(row["type"]), *(f"[dim]  {escape(old)}[/]" for old in row["aliases"])])
        texts = [escape(row[name]) for name in ("kind", "package", "version")]
        shown.add_row(names, *texts, "yes" if row["deprecated"] else "")
    return shown


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(metavar="TYPE", help="A type; or flow, task, trigger, condition, template, plugindefault.")
    ],
    *,
    config: ConfigOption = None,
) -> None:
    """
    Print the JSON Schema of a type, or of flows, for editors.

    Example: runfold plugins schema flow > flow.schema.json
    """
    with errors_told():
        types = load_task_types(load(config).plugins)
        schemas = Schemas(types)
        found = schemas.of(name) if types.find(name) is None else schemas.of_type(types.name(name))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the project, such as my-tasks.")],
    *,
    into: Annotated[Path, typer.Option("--into", help="Folder in which the project's own is made.")] = Path(),
) -> None:
    """
    Begin a project with a task type of your own, and a test that runs it.

    Example: runfold plugins new my-tasks
    """
    with errors_told():
        root = new_project(name, into)
    out.print(f"{root} is there. Next: cd {root} && pip install -e '.[dev]' && pytest", markup=False, highlight=False)

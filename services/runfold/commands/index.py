"""`runfold index`: how the index on Elasticsearch is laid out, and how far it is behind the log."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer
from rich.table import Table

from runfold import assembly
from runfold.commands.showing import put
from runfold.commands.terminal import ConfigOption, JsonOption, err, errors_told, out, settings_for
from runfold.rebuild.lag import lags

SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")

app = typer.Typer(help="Compare the index on Elasticsearch with what is needed.", no_args_is_help=True)


@app.command()
def plan(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """
    Say which templates and aliases are missing, and which indices another version made; exit code 1 if any.

    Example: RUNFOLD_ELASTICSEARCH_HOSTS=http://search:9200 runfold index plan
    """
    with errors_told():
        found = assembly.elastic_generations(settings_for(config, quiet=True)).plan()
    _tell(found, as_json=as_json)


@app.command()
def apply(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """
    Put templates, new fields and aliases; exit code 1 if differences stay.

    Writers that a rebuild left waiting when it was killed are let in again.
    """
    with errors_told():
        generations = assembly.elastic_generations(settings_for(config, quiet=True))
        generations.apply()
        found = generations.plan()
    _tell(found, as_json=as_json)


@app.command()
def status(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show each index with its documents, size and generation, and how far the index is behind the log."""
    with errors_told():
        settings = settings_for(config, quiet=True)
        generations = assembly.elastic_generations(settings)
        rows = [
            {
                "index": state.month.index,
                "kind": str(state.month.kind),
                "generation": state.month.generation,
                "documents": state.documents,
                "sizeBytes": state.size_bytes,
                "state": "live" if state.is_live else "building",
                "fields": "current" if state.is_current else "of another version",
                "writers": "wait" if state.is_blocked else "write",
            }
            for state in generations.states()
        ]
        broker = assembly.kafka(settings)
        try:
            behind = lags(broker, generations.live())
        finally:
            broker.close()
    if as_json:
        out.print_json(data={"indices": rows, "behind": dict(behind)})
        return
    put(_table(rows))
    for topic, count in behind.items():
        said = "has all of it" if not count else f"has still to read {count:,} records"
        err.print(f"{topic}: the index {said}", highlight=False)


def _tell(problems: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        out.print_json(data=list(problems))
    else:
        for problem in problems or ("the index is as needed",):
            out.print(problem, markup=False, highlight=False)
    raise typer.Exit(1 if problems else 0)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    shown = Table(header_style="bold")
    shown.add_column("index", no_wrap=True)
    for name in ("generation", "documents", "size"):
        shown.add_column(name, justify="right")
    for name in ("state", "fields", "writers"):
        shown.add_column(name)
    for row in rows:
        last = (row["state"], row["fields"], row["writers"])
        shown.add_row(row["index"], str(row["generation"]), f"{row['documents']:,}", _size(row["sizeBytes"]), *last)
    return shown


def _size(size_bytes: float) -> str:
    for unit in SIZES[:-1]:
        if size_bytes < 1024:
            return f"{size_bytes:.4g} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.4g} {SIZES[-1]}"

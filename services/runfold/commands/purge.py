"""`runfold purge`: let go of what is too old, now; by the rules of the settings, or by one given here."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from runfold import assembly, embedded
from runfold.adapters.retention import Old, too_old
from runfold.commands.terminal import ConfigOption, JsonOption, errors_told, out, settings_for
from runfold.documents.model import Kind
from runfold.documents.query import Query
from runfold.errors import CallerError, Unavailable
from runfold.flows.duration import parse_duration
from runfold.indexer.sweeping import Sweep
from runfold.ports import Broker, Index
from runfold.runtime import Step
from runfold.settings import Retention, Settings

DONE_S: Final = 600.0
"""How long an engine in this process may take to carry out what was asked for."""

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class Place:
    """Where to purge. `steps`: of an engine in this process that carries it out; none: others do."""

    index: Index
    broker: Broker
    steps: Sequence[Step] = ()


@app.command()
def purge(  # noqa: PLR0913 - one for each option
    *,
    namespace: Annotated[str, typer.Option(help="Only this namespace and those below it.")] = "",
    older_than: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Executions that ended so long ago, e.g. P30D.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder of a standalone that does not run now. [default: the cluster]")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """
    Delete old executions with all that belongs to them, and old log lines and metrics.

    Without --older-than the rules in the setting `retention` say what is old.

    Example: runfold purge --namespace company.team --older-than P30D --dry-run
    """
    with errors_told():
        settings = settings_for(config, quiet=True)
        rules = _rules(settings, namespace, older_than)
        now = assembly.utc_now()
        with _place(settings, data) as place:
            rows = [_row(old, _go(place, old, dry_run=dry_run)) for old in too_old(rules, now)]
    if as_json:
        out.print_json(data={"dryRun": dry_run, "purged": rows})
    else:
        out.print(_table(rows, dry_run=dry_run))


def _rules(settings: Settings, namespace: str, older_than: str | None) -> Sequence[Retention]:
    if older_than is not None:
        try:
            return (Retention(namespace=namespace, executions=parse_duration(older_than)),)
        except ValueError as error:
            raise CallerError(f"{older_than!r} is no duration such as P30D") from error
    if namespace:
        raise CallerError("--namespace needs --older-than: the rules of the settings name their own namespaces")
    if not settings.retention:
        raise CallerError("Nothing says what is old: give --older-than, or rules in the setting `retention`")
    return settings.retention


@contextmanager
def _place(settings: Settings, data: Path | None) -> Iterator[Place]:
    with ExitStack() as closing:
        if data is not None:
            ours = closing.enter_context(embedded.standalone_engine(settings, data))
            yield Place(ours.index, ours.engine.core.broker, (ours.steps["executor"], ours.steps["indexer"]))
            return
        broker = assembly.kafka(settings)
        closing.callback(broker.close)
        index = assembly.elastic(settings)
        closing.callback(index.close)
        yield Place(index, broker)


def _go(place: Place, old: Old, *, dry_run: bool) -> int:
    """Let go of it, or only count it; return how much there was."""
    if dry_run:
        return _left(place, old)
    count = sum(Sweep(place.index, place.broker, (), lambda: old.before).let_go(old))
    deadline_s = time.monotonic() + DONE_S
    while place.steps and _left(place, old):
        if time.monotonic() > deadline_s:
            raise Unavailable(f"Not all was deleted in {DONE_S:.0f} s: purge again")
        for step in place.steps:
            step()
    return count


def _left(place: Place, old: Old) -> int:
    return place.index.search(Query(old.kind, old.wanted, size=1)).total


def _row(old: Old, count: int) -> dict[str, Any]:
    return {
        "namespace": old.rule.namespace or None,
        "kind": str(old.kind),
        "before": _instant(old.before),
        "count": count,
    }


def _instant(date: datetime) -> str:
    return date.isoformat(timespec="seconds")


def _table(rows: Sequence[dict[str, Any]], *, dry_run: bool) -> Table:
    shown = Table(title="what would go" if dry_run else "what is deleted", title_justify="left", header_style="bold")
    for name in ("namespace", "kind", "before"):
        shown.add_column(name, no_wrap=True)
    shown.add_column("count", justify="right")
    for row in rows:
        shown.add_row(row["namespace"] or "all", row["kind"], row["before"], str(row["count"]))
    if not any(row["kind"] == Kind.EXECUTIONS and row["count"] for row in rows):
        return shown
    shown.caption = "executions go with their task runs, log lines, metrics and files"
    return shown

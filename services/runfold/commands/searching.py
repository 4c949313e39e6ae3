"""
What `runfold taskruns` and `runfold executions` share: a search with pages, and an export.

Asks the API; writes tables, or JSON lines for programs. The rule: the filter is one text, in
the language of searches, and goes to the server as it is.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from runfold.commands.remote import Remote
from runfold.commands.showing import put, table
from runfold.commands.terminal import complain, err, out
from runfold.errors import QueryInvalid

PAGE_MAX: Final = 1000

QueryArgument = Annotated[str, typer.Argument(help="What to find, e.g. 'state:FAILED start:>-24h'.", metavar="[QUERY]")]
ColumnsOption = Annotated[str | None, typer.Option(help="Columns apart by commas, also labels.key.")]
SizeOption = Annotated[int, typer.Option(min=1, max=PAGE_MAX, help="How many to show.")]
SortOption = Annotated[str | None, typer.Option(help="A column, e.g. -durationMs for the longest first.")]
AllOption = Annotated[bool, typer.Option("--all", help="Page after page, to the end.")]
FileOption = Annotated[Path | None, typer.Option("-o", "--output", help="A file. [default: standard output]")]

Row = Mapping[str, Any]


class Search:
    """A search of one kind. `row`: of an entity's JSON, what stands in its columns."""

    def __init__(self, server: Remote, path: str, row: Callable[[Row, Sequence[str]], Row]) -> None:
        self._server = server
        self._path = path
        self._row = row

    def pages(self, parameters: Mapping[str, Any], *, everything: bool) -> Iterator[dict[str, Any]]:
        """Yield the answer of one page, or of all. Raises: RunfoldError."""
        cursor: str | None = None
        while True:
            answer = self._server.get(self._path, {**parameters, "cursor": cursor})
            yield answer
            cursor = answer.get("next")
            if not everything or cursor is None:
                return

    def tell(self, parameters: Mapping[str, Any], columns: Sequence[str], *, everything: bool, as_json: bool) -> None:
        """Write what is found. Raises: RunfoldError."""
        seen = 0
        for answer in self.pages(parameters, everything=everything):
            found = answer["results"]
            seen += len(found)
            if as_json:
                _lines(answer, everything=everything)
            elif found or not everything:
                put(table("", columns, (self._row(entity, columns) for entity in found)))
        if not as_json:
            total = f"{answer['total']:,}" + ("" if answer.get("totalIsExact", True) else " or more")
            err.print(f"{seen:,} of {total}{_lag(answer)}", highlight=False)


def told(error: QueryInvalid, query: str) -> typer.Exit:
    """Say what is wrong with a query, with a mark below the place; return how the command ends."""
    column = max(1, min(error.column, len(query) + 1))
    complain(f"{error} (column {error.column})")
    err.print(f"      {query}", markup=False, highlight=False)
    err.print(" " * (5 + column) + "^", markup=False, highlight=False)
    return typer.Exit(1)


def save(pieces: Iterator[bytes], file: Path | None) -> None:
    """Write what comes to a file, or to standard output."""
    if file is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    size_bytes = 0
    first = next(pieces, b"")  # an error comes before the file is made
    with file.open("wb") as target:
        target.write(first)
        size_bytes += len(first)
        for piece in pieces:
            size_bytes += target.write(piece)
    err.print(f"{file}: {size_bytes:,} bytes", highlight=False)


def names_of(columns: str | None, default: Sequence[str]) -> Sequence[str]:
    """Return the names of columns in a text."""
    return [name.strip() for name in columns.split(",") if name.strip()] if columns else default


def _lines(answer: Mapping[str, Any], *, everything: bool) -> None:
    """One page: the answer as it is; all pages: a line for each hit."""
    if not everything:
        out.print_json(data=answer)
        return
    for entity in answer["results"]:
        out.print_json(data=entity, indent=None)


def _lag(answer: Mapping[str, Any]) -> str:
    behind_ms = answer.get("asOf", {}).get("behindMs", 0)
    return f" (the index is {behind_ms / 1000:.1f} s behind)" if behind_ms else ""

"""
Exports: all that a search finds, as CSV or as a JSON object per line, sent while it is read.

Reads a thousand documents at a time by cursor, so the memory is the same for any number of them. The
rule: an export is whole or it breaks off with an error; nothing is left out quietly.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, Final

from runfold.documents.model import Document, Kind
from runfold.documents.query import PAGE_SIZE_MAX, Query
from runfold.errors import BadRequest
from runfold.webserver.answers import json_bytes
from runfold.webserver.export_columns import Column, cells, columns_of, needs_labels
from runfold.webserver.reading import EXPORT_PAGES_MAX, Reader

ROWS_MAX: Final = EXPORT_PAGES_MAX * PAGE_SIZE_MAX
"""Of one export; a search that finds more is refused before anything is sent."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""

GUARD: Final = "'"


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        return "text/csv; charset=utf-8; header=present" if self is Format.CSV else "application/x-ndjson"


def export(reader: Reader, query: Query, columns: str | None, form: Format) -> Iterator[bytes]:
    """
    Return the export in pieces; the first one is there already, so what is wrong is told before anything is sent.

    Raises:
        BadRequest: A column is unknown, or the search finds too much.
        Unavailable: The index is away. Later on, this breaks the export off.
    """
    shown = columns_of(query.kind, columns)
    if reader.count(query.kind, query.filter) > ROWS_MAX:
        raise BadRequest(f"The search finds more than {ROWS_MAX} documents: narrow it")
    write = csv_rows if form is Format.CSV else ndjson_rows
    pieces = (write(rows) for rows in _pages(reader, query, shown))
    header = csv_rows([{column.name: column.name for column in shown}]) if form is Format.CSV else b""
    return chain([header + next(pieces, b"")], pieces)


def _pages(reader: Reader, query: Query, columns: Sequence[Column]) -> Iterator[list[dict[str, Any]]]:
    wants_labels = needs_labels(query.kind, columns)
    for documents in reader.pages(query):
        labels = reader.labels(_executions(documents)) if wants_labels else {}
        yield [cells(document, columns, labels.get(document.body.get("executionId", ""), ())) for document in documents]


def _executions(documents: Iterable[Document]) -> set[str]:
    return {document.body["executionId"] for document in documents}


def csv_rows(rows: Iterable[dict[str, Any]]) -> bytes:
    """Return rows as CSV (RFC 4180); no cell is taken for a formula."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_csv_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def ndjson_rows(rows: Iterable[dict[str, Any]]) -> bytes:
    """Return rows as JSON objects, one per line; what is null is left out."""
    return b"".join(
        json_bytes({name: value for name, value in row.items() if value is not None}) + b"\n" for row in rows
    )


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json_bytes(value).decode("utf-8", "backslashreplace")
    return GUARD + text if text.startswith(FORMULA_STARTS) else text


def file_name(kind: Kind, form: Format, at: str) -> str:
    """Return a name for the file."""
    return f"{kind}-{at.replace(':', '').replace('-', '')}.{form}"

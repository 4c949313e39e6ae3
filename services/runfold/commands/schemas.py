"""
`runfold schemas`: the JSON Schemas of every public record and index document, as files.

Made from the very types that the wire uses, so they cannot say anything else; a test and
`make check` compare the printed files with them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from runfold.commands.terminal import complain, out
from runfold.documents.model import FIELDS, FieldType
from runfold.documents.view import View
from runfold.execution.claims import AnyClaim, Heartbeat, KillOrder, LogEntry, MetricEntry, Work
from runfold.execution.facts import Transition
from runfold.execution.model import Execution, TaskRun
from runfold.execution.request import ExecutionRequest
from runfold.flows.record import FlowRecord
from runfold.topology import TOPICS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

RECORDS: Final[Mapping[str, Any]] = {
    "request": ExecutionRequest,
    "claim": AnyClaim,
    "transition": Transition,
    "execution": Execution,
    "taskrun": TaskRun,
    "work": Work,
    "kill": KillOrder,
    "heartbeat": Heartbeat,
    "flow-record": FlowRecord,
    "template-record": FlowRecord,
    "view": View,
    "log": LogEntry,
    "metric": MetricEntry,
}

DEAD_LETTER: Final[Mapping[str, Any]] = {
    "title": "DeadLetter",
    "description": "A record that nobody could read, with its place and the error; its value is text, or in base 64.",
    "type": "object",
    "properties": {
        "topic": {"type": "string"},
        "partition": {"type": "integer"},
        "offset": {"type": "integer"},
        "key": {"type": ["string", "null"]},
        "error": {"type": "string"},
        "value": {"type": "string"},
        "valueBase64": {"type": "string", "contentEncoding": "base64"},
        "truncated": {"type": "boolean"},
    },
    "required": ["topic", "partition", "offset", "error"],
}

TYPES: Final[Mapping[FieldType, Mapping[str, Any]]] = {
    FieldType.KEYWORD: {"type": "string"},
    FieldType.TEXT: {"type": "string"},
    FieldType.DATE: {"type": "string", "format": "date-time"},
    FieldType.LONG: {"type": "integer"},
    FieldType.DOUBLE: {"type": "number"},
    FieldType.FLATTENED: {"type": "object"},
    FieldType.STORED: {"description": "given back as it is, never searched"},
}

FolderOption = Annotated[Path, typer.Option("--to", "--in", help="Folder of the printed schemas.")]

app = typer.Typer(help="Print the JSON Schemas of records and index documents.", no_args_is_help=True)


@app.command("print")
def print_(folder: FolderOption = Path("schemas")) -> None:
    """
    Write all schemas into a folder; files of schemas that are no more are removed.

    Example: runfold schemas print --to schemas
    """
    wanted = printed()
    for stale in _present(folder) - wanted.keys():
        (folder / stale).unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    out.print(f"{len(wanted)} schemas in {folder}", highlight=False)


@app.command()
def check(folder: FolderOption = Path("schemas")) -> None:
    """Say which printed schemas are not up to date; exit code 1 if any is."""
    wrong = differences(folder)
    for name in wrong:
        complain(f"{folder / name} is not up to date: runfold schemas print --to {folder}")
    raise typer.Exit(1 if wrong else 0)


def differences(folder: Path) -> list[str]:
    """Return the files of `folder` that are missing, stale or too much."""
    wanted, present = printed(), _present(folder)
    changed = {name for name in present & wanted.keys() if (folder / name).read_text(encoding="utf-8") != wanted[name]}
    return sorted(changed | (present ^ wanted.keys()))


def printed() -> Mapping[str, str]:
    """Return the text of each schema by the name of its file."""
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in _schemas()}


def _schemas() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for topic in TOPICS:
        if topic.schema is not None:
            record = RECORDS.get(topic.schema)
            schema = DEAD_LETTER if record is None else msgspec.json.schema(record)
            about = {"$schema": DIALECT, "$comment": f"topic {topic.name}, key {topic.key}: {topic.record}"}
            yield f"records/{topic.schema}.json", {**about, **schema}
    for kind, fields in FIELDS.items():
        properties = {name: {**TYPES[type_], "x-index": str(type_)} for name, type_ in fields.items()}
        body = {"title": kind, "type": "object", "properties": properties, "additionalProperties": False}
        yield f"indices/{kind}.json", {"$schema": DIALECT, **body}


def _present(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}

"""
The report on a flow that someone is writing: what is wrong, and what could be better.

Shape: as `POST /flows/validate` answers, one report for each document of the source.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, TypeAdapter, ValidationError

from runfold.errors import FlowInvalid, Violation
from runfold.flows.condition import CONDITION_TYPES
from runfold.flows.model import Flow, PluginDefault
from runfold.flows.parse import parse_flow, parse_raw, split_documents
from runfold.flows.report import violations as violations_of
from runfold.flows.task import Plugin, TaskTypes, choose
from runfold.flows.trigger import TRIGGER_TYPES, FlowTrigger, Trigger
from runfold.flows.validate import all_tasks
from runfold.flows.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class Report:
    """On one document. `violations` have the places of what `constraints` says in one text."""

    index: int
    flow: str | None = None
    namespace: str | None = None
    revision: int | None = None
    constraints: str | None = None
    violations: tuple[Violation, ...] = ()
    deprecation_paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


def validate_source(source: str, types: TaskTypes, defaults: Sequence[PluginDefault] = ()) -> list[Report]:
    """Return a report on each flow of `source`; never raises for what an author wrote."""
    documents = split_documents(source) or [source]
    return [_report(index, document, types, defaults) for index, document in enumerate(documents)]


def part_violations(source: str, kind: type[Plugin], types: TaskTypes) -> tuple[Violation, ...]:
    """Return all that is wrong with a text that is to be one task or one trigger (`kind`)."""
    try:
        found = read_yaml(source)
    except FlowInvalid as error:
        return error.violations
    known = TRIGGER_TYPES if issubclass(kind, Trigger) else types
    adapter: TypeAdapter[Plugin] = TypeAdapter(
        Annotated[Plugin, PlainValidator(lambda value, info: choose(value, info, kind, known))]
    )
    try:
        adapter.validate_python(found.value, context={"types": types}, by_alias=True, by_name=False)
    except ValidationError as error:
        return violations_of(error, found)
    return ()


def constraints(violations: Iterable[Violation]) -> str:
    """Return all violations as one text, a line each, as clients of the API know it."""
    return "\n".join(f"{violation.path}: {violation.message}" for violation in violations)


def _report(index: int, document: str, types: TaskTypes, defaults: Sequence[PluginDefault]) -> Report:
    raw: Mapping[str, Any] = {}
    try:
        raw = parse_raw(document)
        flow = parse_flow(document, types, defaults)
    except FlowInvalid as error:
        return Report(
            index,
            flow=_text(raw.get("id")),
            namespace=_text(raw.get("namespace")),
            constraints=constraints(error.violations),
            violations=error.violations,
        )
    return Report(
        index,
        flow=flow.id,
        namespace=flow.namespace,
        revision=flow.revision,
        deprecation_paths=tuple(deprecations(flow, raw, types)),
        warnings=tuple(warnings(flow)),
        infos=tuple(dict.fromkeys(_renamed(raw, types))),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def deprecations(flow: Flow, raw: Mapping[str, Any], types: TaskTypes) -> Iterator[str]:
    """Yield the path of all that still works but should be written another way."""
    for index, declared in enumerate(raw.get("inputs") or ()):
        if "name" in declared:
            yield f"inputs[{index}].name"
    for key in ("listeners", "taskDefaults"):
        if raw.get(key):
            yield key
    for task, loc in all_tasks(flow):
        model = types.find(task.type)
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")
        if model is not None and model.DEPRECATED:
            yield path
        for key in model.DEPRECATED_KEYS if model is not None else ():
            if key in _at(raw, loc):
                yield f"{path}.{key}"


def _at(value: Any, loc: Sequence[str | int]) -> Mapping[str, Any]:
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return {}
        if isinstance(step, int) and isinstance(value, Mapping) and isinstance(value.get("task"), Mapping):
            value = value["task"]
    return value if isinstance(value, Mapping) else {}


def warnings(flow: Flow) -> Iterator[str]:
    """Yield what is allowed but hardly meant."""
    for trigger in flow.triggers:
        if isinstance(trigger, FlowTrigger) and not trigger.conditions and trigger.preconditions is None:
            yield (
                "This flow will be triggered for EVERY execution of EVERY flow on your instance. "
                "We recommend adding the preconditions property to the Flow trigger "
                f"'{trigger.id}'."
            )


def _renamed(value: Any, types: TaskTypes) -> Iterator[str]:
    if isinstance(value, Mapping):
        written = value.get("type")
        if isinstance(written, str):
            yield from (
                f"{written} is replaced by {known.name(written)}"
                for known in (types, TRIGGER_TYPES, CONDITION_TYPES)
                if known.name(written) != written
            )
        for item in value.values():
            yield from _renamed(item, types)
    elif isinstance(value, list):
        for item in value:
            yield from _renamed(item, types)

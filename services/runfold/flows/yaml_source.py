"""
YAML to plain values, with the place of each, under limits.

Reads the events of libyaml rather than its trees: so a text that nests too deep or that
multiplies by aliases is refused while it is read, not after. Only JSON's types come out:
plain `true` and `false` are booleans, numbers are numbers, and all else (`yes`, `on`,
dates, `007`) stays the text that it is.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from runfold.errors import FlowInvalid, Violation

SOURCE_SIZE_MAX: Final = 1024 * 1024
"""Of a flow's source, in bytes."""
DEPTH_MAX: Final = 64
NODES_MAX: Final = 100_000
"""Aliases count as often as they are used."""
NUMBER_LENGTH_MAX: Final = 64
"""A longer run of digits stays text."""

INT_LIMIT: Final = 2**63
"""A larger integer stays text: JSON's readers would round it."""

Loc = tuple[str | int, ...]

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)


@dataclass(slots=True)
class Node:
    """A value and where it stands; lines and columns count from 1."""

    value: Any
    line: int
    column: int
    children: dict[str | int, "Node"] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    nodes: int = 1


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The values of one document, and where each stands."""

    root: Node

    @property
    def value(self) -> Any:
        return self.root.value

    def position(self, loc: Loc, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column of the value at `loc`, or of the closest one around it."""
        node = self.root
        for depth, step in enumerate(loc):
            if of_key and depth == len(loc) - 1 and step in node.keys:
                return node.keys[str(step)]
            child = node.children.get(step)
            if child is None:
                break
            node = child
        return node.line, node.column


def read_yaml(source: str) -> SourceMap:
    """Return the one document of `source`. Raises: FlowInvalid."""
    try:
        if len(source.encode()) > SOURCE_SIZE_MAX:
            raise _refusal(f"the source is larger than {SOURCE_SIZE_MAX} bytes")
    except UnicodeEncodeError as error:
        raise _refusal("the source is no valid text") from error
    try:
        return SourceMap(_Reader(source).document())
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _refusal(error.problem or "it cannot be read", *place) from error
    except yaml.YAMLError as error:
        raise _refusal(str(error).split("\n")[0]) from error


def _refusal(problem: str, line: int = 1, column: int = 1) -> FlowInvalid:
    return FlowInvalid((Violation(f"Illegal flow yaml: {problem}", line=line, column=column),))


_NODES: Final = (yaml.AliasEvent, yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent)


class _Reader:
    """One pass over the events of one source."""

    def __init__(self, source: str) -> None:
        self._events: Iterator[Any] = yaml.parse(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if event.__class__ in _NODES:
                if root is not None:
                    raise _at(event, "only one document is allowed here")
                root = self._node(event, 1)
        return root or Node(None, 1, 1)

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise _at(event, f"it is nested deeper than {DEPTH_MAX} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        node = Node(None, event.start_mark.line + 1, event.start_mark.column + 1)
        self._count(event, 1)
        if isinstance(event, yaml.ScalarEvent):
            node.value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, depth)
        else:
            self._mapping(node, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise _at(event, f"found undefined alias `{event.anchor}`")
        self._count(event, node.nodes)
        return node

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > NODES_MAX:
            raise _at(event, f"it has more than {NODES_MAX} values")

    def _sequence(self, node: Node, depth: int) -> None:
        node.value = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            child = self._node(event, depth + 1)
            node.children[len(node.value)] = child
            node.value.append(child.value)
            node.nodes += child.nodes

    def _mapping(self, node: Node, depth: int) -> None:
        node.value = {}
        merged: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _at(event, "a key must be a plain text")
            child = self._node(next(self._events), depth + 1)
            node.nodes += 1 + child.nodes
            if event.value == "<<" and not event.style:
                merged.append(child)
                continue
            if event.value in node.value:
                raise _at(event, f"Duplicate field '{event.value}'")
            node.children[event.value] = child
            mark: Any = event.start_mark
            node.keys[event.value] = (mark.line + 1, mark.column + 1)
            node.value[event.value] = child.value
        for child in merged:
            _merge(node, child)


def _merge(node: Node, merged: Node) -> None:
    """Add what `<<` names, a map or a list of maps, where the map does not say it itself."""
    sources = list(merged.children.values()) if isinstance(merged.value, list) else [merged]
    for source in sources:
        if not isinstance(source.value, dict):
            raise _refusal("`<<` needs a map", merged.line, merged.column)
        for key, child in source.children.items():
            if key not in node.value:
                node.children[key] = child
                node.value[key] = child.value


def _at(event: Any, problem: str) -> FlowInvalid:
    return _refusal(problem, event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(event: Any) -> object:
    text: str = event.value
    if event.style or (event.tag or "").endswith(":str") or text == "<<":
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > NUMBER_LENGTH_MAX or not any(digit in text for digit in "0123456789"):
        return text
    if _INT.fullmatch(text):
        number = int(text.replace("_", ""))
        return number if -INT_LIMIT <= number < INT_LIMIT else text
    if not _FLOAT.fullmatch(text):
        return text
    decimal = float(text)
    return decimal if math.isfinite(decimal) else text

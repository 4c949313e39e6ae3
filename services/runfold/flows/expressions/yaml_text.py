"""
YAML in templates: printing values, reading texts.

Printed as Kestra prints it: no leading `---`, list items one space in, plain texts where they read
back as themselves. Read without tags, dates or merge keys: plain data only.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.limits import Meter
from runfold.flows.expressions.printing import DEPTH_MAX, json_scalar, json_text, print_value

#: Longer texts would take too long to read.
READ_CHARS_MAX: Final = 100_000
_PLAIN = re.compile(r"[A-Za-z0-9_/.(+][^\x00-\x1f\x7f\u0085\u2028\u2029\ufeff]*")
_NUMBER = re.compile(r"[-+]?(?:\.?[0-9].*|0[xob].*|\.inf|\.nan)", re.IGNORECASE)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})


def dump(value: object, measure: Callable[[int], None]) -> str:
    """Return `value` as a YAML document; `measure` is told how long it gets, and may refuse."""
    writer = _Writer(measure)
    writer.document(value)
    return "".join(writer.pieces)


class _Writer:
    def __init__(self, measure: Callable[[int], None]) -> None:
        self.pieces: list[str] = []
        self._measure = measure
        self._chars = 0

    def _add(self, text: str) -> None:
        self._chars += len(text)
        self._measure(self._chars)
        self.pieces.append(text)

    def document(self, value: object) -> None:
        if _is_block(value):
            self._block(value, 0, first=False)
        else:
            self._add(f"{self._scalar(value, 0)}\n")

    def _block(self, value: Any, column: int, *, first: bool) -> None:
        """Write a map or list that is not empty; `first`: its first line is already indented."""
        if column > DEPTH_MAX:
            raise Refused("A value is nested too deep to be printed")
        for entry in value:
            if not first:
                self._add(" " * column)
            first = False
            if isinstance(value, Mapping):
                self._entry(entry, value[entry], column)
            else:
                self._item(entry, column)

    def _entry(self, key: object, item: object, column: int) -> None:
        self._add(f"{_text(print_value(key))}:")
        if not _is_block(item):
            self._add(f" {self._scalar(item, column + 2)}\n")
            return
        self._add("\n")
        self._block(item, column + 2 if isinstance(item, Mapping) else column, first=False)

    def _item(self, item: object, column: int) -> None:
        self._add(" - ")
        if _is_block(item):
            self._block(item, column + 3, first=True)
        else:
            self._add(f"{self._scalar(item, column + 3)}\n")

    def _scalar(self, value: object, column: int) -> str:
        if isinstance(value, str):
            return _lines(value, column) if "\n" in value and column else _text(value)
        if isinstance(value, Mapping):
            return "{}"
        if isinstance(value, list | tuple | set | frozenset):
            return "[]"
        return "null" if value is None else json_scalar(value).strip('"')


def _is_block(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset) and bool(value)


def _lines(text: str, column: int) -> str:
    """Return a text of several lines as a literal block, if it reads back as itself."""
    if not text[0].isspace() and _readable(text):
        mark = "|" if text.endswith("\n") and not text.endswith("\n\n") else "|+" if text.endswith("\n") else "|-"
        lines = text.removesuffix("\n").split("\n")
        return mark + "".join(f"\n{' ' * max(column, 1)}{line}" if line else "\n" for line in lines)
    return json_text(text)


def _readable(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in text)


def _text(text: str) -> str:
    """Return a text plain where that is safe, else quoted."""
    unsafe = ": " in text or " #" in text or text.endswith((":", " ")) or text.lower() in _WORDS
    if _PLAIN.fullmatch(text) is None or unsafe or _looks_like_number(text):
        return json_text(text)
    return text


def _looks_like_number(text: str) -> bool:
    """Tell whether a text could read back as a number (dates do not: they are read as texts)."""
    return _NUMBER.fullmatch(text) is not None and re.fullmatch(r"[-+0-9.eExobA-Fa-f_:]+|\.(inf|nan)", text) is not None


class _Loader(yaml.SafeLoader if not hasattr(yaml, "CSafeLoader") else yaml.CSafeLoader):  # type: ignore[misc]
    """Reads plain data: what YAML 1.1 would make a date or a merge stays a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if tag.rpartition(":")[2] not in ("timestamp", "merge")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load(text: str, meter: Meter) -> object:
    """Return the first document of `text`."""
    if len(text) > READ_CHARS_MAX:
        raise Refused("A text of YAML is too long")
    try:
        loaded: object = next(iter(yaml.load_all(text, Loader=_Loader)), None)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError):
        raise Refused("The function 'yaml' needs a text of valid YAML") from None
    meter.look()
    return loaded

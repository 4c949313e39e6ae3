"""
What a task was really given: its own properties, as they were rendered in this attempt.

Reads what the attempt rendered while it ran; nothing is rendered for this again, so functions with
effects are called once. The rule: it is for people only, so all of it is masked, then cut.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, Final

import msgspec
from pydantic import BaseModel, SecretStr

from runfold.execution.model import Json
from runfold.flows.duration import format_duration
from runfold.flows.task import Task

SIZE_MAX: Final = 16 * 1024
"""Of all inputs of one attempt, in characters; what comes beyond is left out."""

TEXT_LENGTH_MAX: Final = 1_000
DEPTH_MAX: Final = 8
NOTED_MAX: Final = 500
"""So many renderings are remembered; of what a loop renders the first ones are enough."""

CUT: Final = "..."
HIDDEN: Final = "*" * 9
_OF_ALL_TASKS: Final = frozenset({*Task.model_fields, "type"})

_MISSING: Final = object()


class AttemptInputs:
    """The renderings of one attempt. `note` is called by the attempt's thread, `collected` by any."""

    __slots__ = ("_texts", "_values")

    def __init__(self) -> None:
        self._texts: dict[str, Any] = {}
        self._values: dict[int, tuple[Any, Any]] = {}

    def note(self, written: Any, rendered: Any) -> None:
        """Remember what a text, or a map or list with texts in it, was rendered to."""
        if isinstance(written, str):
            if len(self._texts) < NOTED_MAX:
                self._texts[written] = rendered
        elif len(self._values) < NOTED_MAX:
            self._values[id(written)] = (written, rendered)  # held, so that no other object gets its id

    def collected(self, task: Task, mask: Callable[[str], str]) -> dict[str, Json] | None:
        """Return the task's own properties, as far as the author gave any; None: there are none."""
        view = _View(self._texts, self._values, mask)
        fields = type(task).model_fields
        own = (name for name in fields if name in task.model_fields_set and name not in _OF_ALL_TASKS)
        found: dict[str, Json] = {}
        for name in own:
            shown = view.shown(getattr(task, name))
            if shown is not _MISSING:
                found[fields[name].alias or name] = shown
        return found or None


class _View:
    """Values as people may see them, until there are too many."""

    __slots__ = ("_left", "_mask", "_texts", "_values")

    def __init__(
        self, texts: Mapping[str, Any], values: Mapping[int, tuple[Any, Any]], mask: Callable[[str], str]
    ) -> None:
        self._texts = texts
        self._values = values
        self._mask = mask
        self._left = SIZE_MAX

    def shown(self, value: Any, depth: int = 0) -> Any:
        """Return a property of the task as it was rendered; one that was not is as its author wrote it."""
        if isinstance(value, str):
            return self._plain(self._texts.get(value, value), depth)
        noted = self._values.get(id(value))
        return self._plain(value if noted is None else noted[1], depth, is_rendered=noted is not None)

    def _plain(self, value: Any, depth: int, *, is_rendered: bool = False) -> Any:
        if self._left <= 0 or depth > DEPTH_MAX:
            return _MISSING
        if value is None or isinstance(value, bool | int | float):
            self._left -= 8
            return value
        if isinstance(value, SecretStr):
            return HIDDEN
        if isinstance(value, BaseModel):
            fields = type(value).model_fields
            value = {
                fields[name].alias or name: getattr(value, name) for name in fields if name in value.model_fields_set
            }
        if isinstance(value, Mapping):
            return self._map(value, depth, is_rendered=is_rendered)
        if isinstance(value, list | tuple | set | frozenset):
            items = (self._below(item, depth, is_rendered=is_rendered) for item in value)
            return [item for item in items if item is not _MISSING]
        return self._text(_as_text(value))

    def _map(self, value: Mapping[Any, Any], depth: int, *, is_rendered: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            shown = self._below(item, depth, is_rendered=is_rendered)
            if shown is not _MISSING:
                found[self._text(str(key))] = shown
        return found

    def _below(self, item: Any, depth: int, *, is_rendered: bool) -> Any:
        return self._plain(item, depth + 1, is_rendered=True) if is_rendered else self.shown(item, depth + 1)

    def _text(self, text: str) -> str:
        """Return a text masked, then cut: of a secret that is cut first, a part could be read."""
        masked = self._mask(text)
        if len(masked) > TEXT_LENGTH_MAX:
            masked = masked[: TEXT_LENGTH_MAX - len(CUT)] + CUT
        self._left -= len(masked) + 4
        return masked if masked.isascii() else masked.encode("utf-8", "backslashreplace").decode()


def _as_text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, str):
        return value
    try:
        text = msgspec.to_builtins(value)
        return text if isinstance(text, str) else str(text)
    except TypeError:
        return type(value).__name__  # a plugin's own kind of value

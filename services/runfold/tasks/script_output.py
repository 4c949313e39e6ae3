"""
What a script says: lines for the log, and marked lines that carry outputs, metrics and log entries.

A marked line is `::{"outputs": {...}, "metrics": [...], "logs": [...]}::`, on standard output or
standard error. Rule: a line that is marked and can't be read is told, and is a line as any other.
"""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import orjson

from runfold.tasks.context import RunContext, TaskFailed

_MARKED: Final = re.compile(r"\s*::(\{.*\})::\s*", re.DOTALL)

OUTPUTS_SIZE_MAX_BYTES: Final = 8 * 1024 * 1024
"""Of all outputs that one script sets, as it wrote them."""

LEVELS: Final = frozenset({"TRACE", "DEBUG", "INFO", "WARN", "ERROR"})
NOT_TAGS: Final = frozenset({"name", "value", "seconds", "self"})


class ScriptOutput:
    """Takes the lines of one script, in order. `outputs`: what it set so far."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._size_left = OUTPUTS_SIZE_MAX_BYTES
        self.outputs: dict[str, Any] = {}
        self.stdout_lines = 0
        self.stderr_lines = 0

    def take(self, line: str, is_error: bool) -> None:  # noqa: FBT001 - as a process hands it on
        """Take a line. Raises: TaskFailed, the outputs are too large."""
        if is_error:
            self.stderr_lines += 1
        else:
            self.stdout_lines += 1
        found = _MARKED.fullmatch(line)
        said = self._parsed(found[1]) if found else None
        if said is None or "logs" not in said:
            self._context.logger.write("WARN" if is_error else "INFO", line)
        if said is not None:
            self._heed(said, len(line))

    def counted(self) -> dict[str, Any]:
        """Return what a task tells of its script's output."""
        return {
            "vars": self.outputs,
            "stdOutLineCount": self.stdout_lines,
            "stdErrLineCount": self.stderr_lines,
        }

    def _parsed(self, text: str) -> Mapping[str, Any] | None:
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._context.logger.write("WARN", f"A line between :: and :: can't be read as JSON: {error}")
            return None
        return said if isinstance(said, Mapping) else None

    def _heed(self, said: Mapping[str, Any], size_bytes: int) -> None:
        outputs = said.get("outputs")
        if isinstance(outputs, Mapping):
            self._size_left -= size_bytes
            if self._size_left < 0:
                raise TaskFailed(f"The outputs of the script have more than {OUTPUTS_SIZE_MAX_BYTES} bytes")
            self.outputs.update(outputs)
        for metric in _maps(said.get("metrics")):
            self._measure(metric)
        for entry in _maps(said.get("logs")):
            level = str(entry.get("level", "INFO")).upper()
            self._context.logger.write(level if level in LEVELS else "INFO", str(entry.get("message", "")))

    def _measure(self, metric: Mapping[str, Any]) -> None:
        name, value = metric.get("name"), metric.get("value")
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float):
            self._context.logger.write(
                "WARN", "A metric has a `name`, a `type` (counter or timer) and a number as its `value`"
            )
            return
        if not isfinite(value):
            return
        tags = metric.get("tags")
        tags = tags if isinstance(tags, Mapping) else {}
        kept = {str(key): str(tag) for key, tag in tags.items() if key not in NOT_TAGS}
        measure = self._context.metrics.timer if metric.get("type") == "timer" else self._context.metrics.counter
        measure(name, value, **kept)


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

"""
One attempt's log: lines become messages as they are written, keyed by the execution.

Rule: nothing a task writes gets around the mask, the level or the named limits.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from runfold import topology
from runfold.execution.claims import LogEntry, Work
from runfold.flows.temporal import format_instant
from runfold.ports import Message, slot_of

LEVELS: Final = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4}

LINE_LENGTH_MAX: Final = 10_240
"""Longer messages are cut into consecutive entries."""

LINES_MAX: Final = 10_000
"""Log entries of one attempt; then one warning, then nothing but the attempt's own failure."""

LOG_LENGTH_MAX: Final = 8 * 1024 * 1024
"""Characters of all log entries of one attempt."""

FULL: Final = f"The log of this attempt is full: {LINES_MAX} lines or {LOG_LENGTH_MAX} characters at most"

NEXT_PART: Final = timedelta(milliseconds=1)
TICK: Final = timedelta(microseconds=1)

Clock = Callable[[], datetime]
Mask = Callable[[str], str]

_encode: Final = msgspec.json.Encoder().encode


class AttemptLog:
    """
    One attempt's log: lines wait here as messages until the worker takes them.

    The task's thread writes, the worker's thread takes. `level`: lower ones are dropped.
    `thread`: the name that entries carry. `to_file`: lines are for a file, there is nothing to take.
    """

    __slots__ = (
        "_clock",
        "_file",
        "_is_full",
        "_last",
        "_length_left",
        "_lines",
        "_lines_left",
        "_mask",
        "_minimum",
        "_slot",
        "_work",
        "thread",
    )

    def __init__(self, work: Work, level: str, clock: Clock, mask: Mask, *, to_file: bool = False) -> None:
        self._work = work
        self._minimum = LEVELS[level]
        self._clock = clock
        self._mask = mask
        self._slot = slot_of(work.execution_id)
        self.thread = ""
        self._last: datetime | None = None
        self._lines: deque[Message] = deque()
        self._file: list[str] | None = [] if to_file else None
        self._lines_left = LINES_MAX
        self._length_left = LOG_LENGTH_MAX
        self._is_full = False

    def trace(self, message: str) -> None:
        self.write("TRACE", message)

    def debug(self, message: str) -> None:
        self.write("DEBUG", message)

    def info(self, message: str) -> None:
        self.write("INFO", message)

    def warn(self, message: str) -> None:
        self.write("WARN", message)

    def error(self, message: str) -> None:
        self.write("ERROR", message)

    def write(self, level: str, message: str) -> None:
        """Write one entry, or several if `message` is long."""
        if LEVELS[level] < self._minimum or self._is_full:
            return
        text = self._mask(message)
        if len(text) > self._length_left or self._lines_left <= len(text) // LINE_LENGTH_MAX:
            self._is_full = True
            self._append("WARN", FULL)
            return
        self._length_left -= len(text)
        self._append(level, text[:LINE_LENGTH_MAX])
        for start in range(LINE_LENGTH_MAX, len(text), LINE_LENGTH_MAX):
            self._append(level, text[start : start + LINE_LENGTH_MAX], NEXT_PART)

    def conclude(self, level: str, message: str) -> None:
        """Write how the attempt ended: also when the log is full."""
        if self.keeps(level):
            self._append(level, self._mask(message)[:LINE_LENGTH_MAX])

    def keeps(self, level: str) -> bool:
        """Return whether entries of that level are kept."""
        return LEVELS[level] >= self._minimum

    def take(self) -> Iterator[Message]:
        """Yield what was written since the last call."""
        lines = self._lines
        while lines:
            yield lines.popleft()

    def text(self) -> str | None:
        """Return all that was written so far, one entry a line; None: it is not for a file."""
        return None if self._file is None else "".join(self._file.copy())

    def _append(self, level: str, message: str, after: timedelta | None = None) -> None:
        last = self._last
        if last is not None and after is not None:
            at = last + after
        else:
            at = self._clock()
            if last is not None and at <= last:
                at = last + TICK  # the order of lines is the order of their dates
        self._last = at
        self._lines_left -= 1
        work = self._work
        if self._file is not None:
            self._file.append(f"{format_instant(at)} {level} {message}\n")
            return
        entry = LogEntry(
            namespace=work.namespace,
            flow_id=work.flow_id,
            execution_id=work.execution_id,
            timestamp=at,
            level=level,
            message=message if message.isascii() else readable(message),
            task_id=work.task_id,
            taskrun_id=work.taskrun_id,
            attempt_number=work.attempts_before,
            thread=self.thread,
        )
        self._lines.append(Message(topology.LOGS, work.execution_id, _encode(entry), slot=self._slot))


def readable(text: str) -> str:
    """Return `text` with what is no character (half a surrogate pair) written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()

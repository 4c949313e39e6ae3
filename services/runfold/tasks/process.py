"""
One local process and all that it starts, from its begin to its last line.

It has a session of its own, limits, a small environment and no file of ours; its output comes
line by line. Rule: nothing outlives the call. Whoever is left in its group is killed, whether
the process ended, the attempt was stopped, or the worker goes.
"""

import atexit
import logging
import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from runfold.tasks.context import RunContext, TaskFailed
from runfold.tasks.process_rules import ScriptRules

GATE: Final = ("/bin/sh", "-c", 'read -r go || exit 125; exec "$@" </dev/null', "sh")
"""Waits for a line, then becomes the command: so the limits are there before it begins."""

LOOK_EACH_S: Final = 0.05
"""How often a process is looked at that says nothing."""

DRAIN_S: Final = 1.0
"""How long what was written is read after the end: who left the group may hold a pipe open."""

CHUNK_SIZE_BYTES: Final = 64 * 1024
LINE_SIZE_MAX_BYTES: Final = 1024 * 1024
"""Longer lines are cut."""

logger = logging.getLogger(__name__)

OnLine = Callable[[str, bool], None]
"""Takes a line, and whether it came from standard error."""


@dataclass(frozen=True, slots=True)
class Command:
    """What runs where: the arguments, the whole environment, the folder."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


def run_process(context: RunContext, command: Command, rules: ScriptRules, on_line: OnLine) -> int:
    """
    Run a command to its end; return its exit code, 128 and the signal's number if one ended it.

    Raises:
        TaskFailed: It can't begin.
        Stopped: The attempt was told to end; the process has ended too.
    """
    child = _Child(context, command, on_line)
    try:
        child.begin(rules)
        child.follow()
    except BaseException:
        child.ask_to_end(rules.grace_s)
        raise
    finally:
        code = child.end()
    return code if code >= 0 else 128 - code


class _Groups:
    """The groups under way, killed when this process ends: its threads are not waited for then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leaders: set[int] = set()
        atexit.register(self._kill_all)

    def add(self, leader: int) -> None:
        with self._lock:
            self._leaders.add(leader)

    def remove(self, leader: int) -> None:
        with self._lock:
            self._leaders.discard(leader)

    def _kill_all(self) -> None:
        with self._lock:
            for leader in self._leaders:
                _signal(leader, signal.SIGKILL)


_groups: Final = _Groups()


class _Child:
    """See `run_process`. Its leader is reaped last, so that its number stays its own."""

    def __init__(self, context: RunContext, command: Command, on_line: OnLine) -> None:
        self._context = context
        self._on_line = on_line
        try:
            self._process = subprocess.Popen(  # noqa: S603 - running what the author wrote is the task
                [*GATE, *command.arguments],
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                close_fds=True,
            )
        except (OSError, ValueError) as error:
            raise TaskFailed(f"The process can't begin: {error}") from error
        _groups.add(self._process.pid)
        self._selector = selectors.DefaultSelector()
        for pipe, is_error in ((self._process.stdout, False), (self._process.stderr, True)):
            assert pipe is not None  # noqa: S101 - asked for above
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, _Lines(is_error=is_error))

    def begin(self, rules: ScriptRules) -> None:
        """Set the limits, then let the command begin."""
        pid = self._process.pid
        limit(pid, resource.RLIMIT_CPU, rules.cpu_s)
        limit(pid, resource.RLIMIT_AS, rules.memory_bytes)
        limit(pid, resource.RLIMIT_NPROC, rules.processes)
        limit(pid, resource.RLIMIT_FSIZE, rules.file_bytes)
        limit(pid, resource.RLIMIT_CORE, 0)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        with suppress(BrokenPipeError), self._process.stdin as gate:
            gate.write(b"go\n")

    def follow(self) -> None:
        """Hand on what the process writes until it has ended. Raises: Stopped."""
        while not self._has_ended():
            self._read(LOOK_EACH_S)
            if self._context.is_stopped:
                self._context.wait(0)

    def ask_to_end(self, grace_s: float) -> None:
        """Tell the group to end, and wait until it has, for so long."""
        _signal(self._process.pid, signal.SIGTERM)
        until_s = time.monotonic() + grace_s
        while time.monotonic() < until_s and (self._selector.get_map() or not self._has_ended()):
            self._read(LOOK_EACH_S, is_heard=False)

    def end(self) -> int:
        """Kill who is left, read what is left; return how the process ended."""
        _signal(self._process.pid, signal.SIGKILL)
        until_s = time.monotonic() + DRAIN_S
        try:
            while self._selector.get_map() and time.monotonic() < until_s:
                self._read(LOOK_EACH_S)
        finally:
            _groups.remove(self._process.pid)
            code = self._process.wait()
            self._selector.close()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        return code

    def _has_ended(self) -> bool:
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, look) is not None

    def _read(self, timeout_s: float, *, is_heard: bool = True) -> None:
        if not self._selector.get_map():
            time.sleep(timeout_s / 10)  # its pipes are closed, only its end is waited for; nothing tells of that
            return
        for key, _ in self._selector.select(timeout_s):
            pipe: IO[bytes] = key.fileobj  # type: ignore[assignment] # a pipe is what was registered
            lines: _Lines = key.data
            chunk = _chunk(pipe)
            if not chunk:
                self._selector.unregister(pipe)
            if is_heard:
                for line in lines.add(chunk):
                    self._on_line(line, lines.is_error)


class _Lines:
    """Puts chunks together to lines."""

    def __init__(self, *, is_error: bool) -> None:
        self.is_error = is_error
        self._rest = bytearray()

    def add(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that `chunk` ends; an empty one ends the last."""
        self._rest += chunk
        start = 0
        while (end := self._rest.find(b"\n", start)) >= 0:
            yield from _cut(self._rest[start:end])
            start = end + 1
        del self._rest[:start]
        while len(self._rest) >= LINE_SIZE_MAX_BYTES or (not chunk and self._rest):
            yield from _cut(self._rest[:LINE_SIZE_MAX_BYTES])
            del self._rest[:LINE_SIZE_MAX_BYTES]


def _cut(line: bytearray) -> Iterator[str]:
    text = bytes(line.removesuffix(b"\r"))
    for start in range(0, max(len(text), 1), LINE_SIZE_MAX_BYTES):
        yield text[start : start + LINE_SIZE_MAX_BYTES].decode(errors="replace")


def _chunk(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), CHUNK_SIZE_BYTES)
    except OSError:
        return b""


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def limit(pid: int, kind: int, wanted: int) -> None:
    """Set a limit of a process, never above the one that there is."""
    with suppress(ProcessLookupError):
        _, highest = resource.prlimit(pid, kind)
        found = wanted if highest == resource.RLIM_INFINITY else min(wanted, highest)
        resource.prlimit(pid, kind, (found, found))

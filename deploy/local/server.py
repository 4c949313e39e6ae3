"""
One server process that outlives who starts it, and is stopped by its pid file.

A server is all in its folder: configuration, data, log and `server.json`, which names the
process. Rule: only a process that this file names, born when the file says, is ever
signalled; its group is its own, so its children end with it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from deploy.local import processes
from deploy.local.failures import LocalServiceFailed
from deploy.local.ports import free_port, is_free

START_S: Final = 300.0
STOP_S: Final = 60.0
KILL_S: Final = 15.0
BRIEF_JAVA: Final = "-XX:TieredStopAtLevel=1"
POLL_S: Final = 0.1
LOG_LINES: Final = 20


class Server(ABC):
    """
    A server in `folder` on `port` of 127.0.0.1 (0: a free one).

    brief: it lives as long as the thread that starts it at most (where `setpriv` is), so its
    Java compiles quickly rather than well: half the time of a start.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path, port: int = 0, *, brief: bool = False) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.log = self.folder / "server.log"
        self._record = self.folder / "server.json"
        self._brief = brief
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """What clients are given."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether clients can work with it now."""

    @abstractmethod
    def _prepare(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """Write what the server needs; return its command and further variables of its environment."""

    def _as_whom(self) -> Sequence[str]:
        """Return the command that runs the server's as another user, nothing if this one will do."""
        return ()

    def start(self, timeout_s: float = START_S) -> None:
        """Start it and wait until it answers; one that runs already is left as it is."""
        self.launch()
        self.wait(timeout_s)

    def launch(self) -> None:
        """Start it if it does not run, without waiting."""
        recorded = self._recorded()
        if recorded:
            if recorded["port"] != self.port:
                raise LocalServiceFailed(f"{self.name} runs on port {recorded['port']} already, not on {self.port}")
            return
        if not is_free(self.port):
            raise LocalServiceFailed(f"{self.name}: another program listens on port {self.port}")
        self.folder.mkdir(parents=True, exist_ok=True)
        command, variables = self._prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_whom(), *self._until_parent_ends(), *command],
                cwd=self.folder,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pid = self._process.pid
        record = {"pid": pid, "born": processes.born(pid), "port": self.port}
        draft = self._record.with_suffix(".draft")
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(self._record)

    def wait(self, timeout_s: float = START_S) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + timeout_s
        while not self.answers():
            if self.pid is None:
                raise LocalServiceFailed(f"{self.name} ended while it started:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise LocalServiceFailed(f"{self.name} does not answer after {timeout_s:.0f} s:\n{self._last_words()}")
            time.sleep(POLL_S)

    def stop(self) -> bool:
        """Let it end in order, by force if it takes too long. Return whether it ran."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does to a process: `kill -9`, no goodbye."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it, if it runs, and start it on the same data and port."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int | None:
        """The process, None if it does not run."""
        recorded = self._recorded()
        return int(recorded["pid"]) if recorded else None

    def _until_parent_ends(self) -> Sequence[str]:
        # After the change of user, with which the kernel forgets it.
        bound = self._brief and sys.platform == "linux" and shutil.which("setpriv")
        return ("setpriv", "--pdeathsig", "TERM") if bound else ()

    def _recorded(self) -> dict[str, int] | None:
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if self._process is not None:
            self._process.poll()  # collects it if it is dead
        return record if processes.born(record["pid"]) == record["born"] else None

    def _end(self, how: signal.Signals) -> bool:
        pid = self.pid
        if pid is None:
            self._record.unlink(missing_ok=True)
            return False
        if how is signal.SIGTERM:
            os.kill(pid, signal.SIGTERM)
            self._ended(pid, STOP_S)
        if processes.group_runs(pid):
            os.killpg(pid, signal.SIGKILL)
        if not self._ended(pid, KILL_S):
            raise LocalServiceFailed(f"{self.name} (process {pid}) cannot be ended")
        self._record.unlink(missing_ok=True)
        return True

    def _ended(self, pid: int, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while processes.group_runs(pid):
            if self._process is not None:
                self._process.poll()
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        if self._process is not None:
            self._process.poll()
        return True

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join((*lines[-LOG_LINES:], f"(all of it: {self.log})"))

"""
The engine as it runs in earnest: one process per service, on a real Kafka and a real Elasticsearch.

A process that ends unasked is started again by `tend`, as its supervisor would do; how
it ended is kept in `fallen`. Each has a log file; the last lines of all are printed when
the cluster closes, and pytest shows them of tests that failed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

READY_S: Final = 90.0
END_S: Final = 30.0
PAUSE_S: Final = 0.1
LOG_LINES: Final = 40
FALLS_MAX: Final = 12
"""So often services may fall by themselves before the cluster is given up: a fault makes one or two do so."""


URL: Final = re.compile(r"webserver ready on (http://[\w.:\[\]]+)")


class Refused(AssertionError):
    """The cluster is not what it should be."""


@dataclass
class Process:
    """One start of a service."""

    log: Path
    popen: "subprocess.Popen[bytes]"
    begin: int
    """Where in the log this start's lines begin."""

    def said(self) -> str:
        return self.log.read_bytes()[self.begin :].decode(errors="replace")


@dataclass
class Cluster:
    """
    Services by name; `executor-2` runs `runfold executor`.

    `url` is where the webserver answers, once it was started.
    """

    folder: Path
    environment: Mapping[str, str]
    url: str = ""
    fallen: list[tuple[str, int]] = field(default_factory=list)
    """Who ended unasked, and with which exit code."""

    def __post_init__(self) -> None:
        self._processes: dict[str, Process] = {}
        self._arguments: dict[str, Sequence[str]] = {}

    def start_as(self, name: str, arguments: Sequence[str]) -> None:
        """Start a service with these arguments instead of ours; later starts are alike."""
        self._arguments[name] = arguments
        self.start(name)

    def start(self, *names: str) -> None:
        """Start services side by side and wait until they are ready."""
        for name in names:
            self._launch(name)
        for name in names:
            self.await_ready(name)

    def kill(self, name: str) -> None:
        """`kill -9`: no goodbye."""
        process = self._processes.pop(name)
        process.popen.kill()
        process.popen.wait(END_S)

    def stop(self, name: str) -> int:
        """SIGTERM; return the exit code once it has ended."""
        process = self._processes.pop(name)
        process.popen.terminate()
        return process.popen.wait(END_S)

    def restart(self, name: str) -> None:
        """Kill it, and start it as it was started before."""
        self.kill(name)
        self.start(name)

    def tend(self) -> None:
        """Start again what ended unasked."""
        for name, process in list(self._processes.items()):
            code = process.popen.poll()
            if code is not None:
                self.fallen.append((name, code))
                if len(self.fallen) > FALLS_MAX:
                    raise Refused(f"Services fall again and again: {self.fallen}")
                self._launch(name)

    def until(self, holds: Callable[[], bool], limit_s: float, what: str) -> None:
        """Tend the services until `holds`."""
        deadline_s = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > deadline_s:
                raise Refused(f"Not within {limit_s:.0f} s: {what}")
            self.tend()
            time.sleep(PAUSE_S)

    def await_ready(self, name: str) -> None:
        """Return once the service has said that it is ready, and answers if it is the webserver."""
        service = _service(name)
        self.until(lambda: f"{service} ready" in self._processes[name].said(), READY_S, f"{name} ready")
        if service == "webserver":
            found = URL.search(self._processes[name].said())
            assert found is not None
            self.url = found[1].replace("0.0.0.0", "127.0.0.1")
            self.until(lambda: answers(f"{self.url}/health"), READY_S, f"{name} answers")

    def said(self, name: str) -> str:
        """Return what the service logged since its last start."""
        return self._processes[name].said()

    def close(self) -> None:
        """End all, and print how their logs end."""
        for process in self._processes.values():
            process.popen.terminate()
        for process in self._processes.values():
            _end(process.popen)
        self._processes.clear()
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            lines = [line for line in lines if "Connection refused" not in line]
            print(f"--- {log.name}, the last of {len(lines)} lines", *lines[-LOG_LINES:], sep="\n")  # noqa: T201
        if self.fallen:
            print(f"--- fallen: {self.fallen}")  # noqa: T201

    def _launch(self, name: str) -> None:
        service = _service(name)
        own = {"webserver": ("--port", "0"), "worker": ()}.get(service, ("--member", name))
        arguments = self._arguments.get(name, own)
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            begin = output.tell()
            popen = subprocess.Popen(
                [sys.executable, "-m", "runfold", service, *arguments],
                env={**_bare_environment(), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._processes[name] = Process(log, popen, begin)


def cluster_environment(bootstrap: str, elasticsearch_url: str, prefix: str) -> dict[str, str]:
    """Return the settings of services that share servers with others, under a prefix of their own."""
    return {
        "RUNFOLD_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "RUNFOLD_ELASTICSEARCH_HOSTS": elasticsearch_url,
        "RUNFOLD_TOPIC_PREFIX": prefix,
        "RUNFOLD_INDEX_PREFIX": prefix,
        "RUNFOLD_TOPIC_PARTITIONS": "4",
    }


def answers(url: str) -> bool:
    """Return whether a GET of `url` succeeds."""
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def _end(popen: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was told to end; one that hangs says where in its log."""
    for last in (signal.SIGABRT, signal.SIGKILL):
        try:
            popen.wait(END_S)
        except subprocess.TimeoutExpired:
            popen.send_signal(last)
        else:
            return
    popen.wait(END_S)


def _service(name: str) -> str:
    return name.partition("-")[0]


def _bare_environment() -> dict[str, str]:
    """Return our environment without settings that would change what is tested; who is aborted shows its stacks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNFOLD_")}
    return {**kept, "PYTHONFAULTHANDLER": "1"}

"""Runfold's own commands as processes, stopped at the end whatever happens."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

READY_S: Final = 60.0
STOP_S: Final = 15.0
POLL_S: Final = 0.05


@contextmanager
def runfold(arguments: list[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run `runfold ...`; yield its process id."""
    line = [sys.executable, "-m", "runfold", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            line, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def await_answer(url: str, log: Path) -> None:
    """Return once a server answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline_s = time.monotonic() + READY_S
    while True:
        try:
            with direct.open(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline_s:
                raise AssertionError(f"{url} does not answer:\n{log.read_text(errors='replace')[-2000:]}") from None
        time.sleep(POLL_S)

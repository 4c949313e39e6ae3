"""A server of one's own with the examples in it, as `runfold standalone` starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

EXAMPLES = Path(__file__).parents[2] / "examples"
READY_S = 60.0
END_S = 30.0
RUN_S = 60.0
ENDED = {"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"}


class Server:
    """`url`: of the server, without the page's path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.api = httpx.Client(base_url=f"{url}/api/v1", timeout=RUN_S)

    def start(self, flow_id: str, namespace: str = "company.team") -> str:
        """Start a flow and return the execution's id."""
        answer = self.api.post(f"/executions/{namespace}/{flow_id}")
        answer.raise_for_status()
        return str(answer.json()["id"])

    def run(self, flow_id: str, namespace: str = "company.team") -> dict[str, Any]:
        """Run a flow to its end."""
        execution_id = self.start(flow_id, namespace)
        until = time.monotonic() + RUN_S
        while time.monotonic() < until:
            execution: dict[str, Any] = self.api.get(f"/executions/{execution_id}").json()
            if execution.get("state", {}).get("current") in ENDED:
                return execution
            time.sleep(0.05)
        raise AssertionError(f"{flow_id} does not end")


@contextmanager
def standalone(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve from `folder` on a free port; `environment` comes on top of this process's."""
    log = folder / "server.log"
    command = (sys.executable, "-m", "runfold", "standalone", "--port", "0", "--flows", str(EXAMPLES))
    line = [*command, "--data", str(folder / "data")]
    around = {**os.environ, **(environment or {})}
    with log.open("w") as said, subprocess.Popen(line, stderr=said, env=around) as process:
        try:
            server = Server(_url(log, process))
            with server.api:
                yield server
        finally:
            process.terminate()
            process.wait(END_S)


def _url(log: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text().splitlines():
            if "standalone ready" in line:
                return next(word for word in line.split() if word.endswith("/api/v1,")).removesuffix("/api/v1,")
        time.sleep(0.05)
    raise AssertionError(f"the server is not ready:\n{log.read_text()}")

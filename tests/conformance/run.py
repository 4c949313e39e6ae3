"""
The conformance cases against `runfold standalone`, configured as the runner's page asks.

    run.py serve --port N            the server in the foreground, on a folder that is thrown away
    run.py check CASES [-- ARGS]     a server on a free port, the runner of CASES against it, and the floor

The floor (file `floor`) is how many cases passed once; fewer are an error. With ARGS that
choose cases the floor is not held.
"""

import argparse
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
FLOOR = HERE / "floor"
HAS = "encryptionKey,env,globals,templates,testDoubles"
READY_S = 60.0
END_S = 20.0
RUNNER_S = 3_000.0

SECRETS = {
    "SECRET_MY_SECRET": base64.b64encode(b'{"secretKey":"secretValue"}').decode(),
    "SECRET_NEW_LINE": base64.encodebytes(b"passwordveryveryveryverylong" * 4).decode(),
}

ENVIRONMENT = {
    **SECRETS,
    "KESTRA_TEST1": "true",
    "KESTRA_TEST2": "Pass by env",
    "RUNFOLD_ENCRYPTION_KEY": base64.b64encode(b"conformance-key-of-32-bytes-long").decode(),
    "RUNFOLD_TEMPLATES_ENABLED": "true",
    "RUNFOLD_SCRIPTS_ENABLED": "true",
    "RUNFOLD_HTTP_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
    "RUNFOLD_VARIABLES": json.dumps({"globals": {"string": "string", "int": 1, "bool": True, "nested": {"int": 2}}}),
    "RUNFOLD_LOG_LEVEL": "WARNING",
    "RUNFOLD_PLUGINS": "tests.doubles:DOUBLES",
    "PYTHONPATH": str(PROJECT),
}


def secrets_of(cases: Path) -> dict[str, str]:
    """Return the environment that the cases themselves name."""
    found: dict[str, str] = {}
    for path in sorted(cases.glob("*/*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        config = content.get("config") if isinstance(content, dict) else None
        for name, value in ((config or {}).get("env") or {}).items():
            found[name] = base64.b64encode(_encoded(value)).decode() if isinstance(value, dict) else str(value)
    return found


def _encoded(value: dict[str, str]) -> bytes:
    return value["$base64"].encode()


def cases_in(root: Path) -> list[str]:
    """Return the names of the cases: not every JSON file beside them is one (recorded executions are not)."""
    found = []
    for path in sorted(root.glob("*/*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and "kind" in content:
            found.append(str(path.relative_to(root)))
    return found


def command(port: int, data: str) -> list[str]:
    return [sys.executable, "-m", "runfold", "standalone", "--port", str(port), "--data", data]


def serve(port: int) -> int:
    """Run a server until it is told to end."""
    with tempfile.TemporaryDirectory(prefix="runfold-conformance-") as data:
        process = subprocess.Popen(command(port, data), env={**ENVIRONMENT, **os.environ})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: process.send_signal(signal.SIGTERM))
        return process.wait()


@contextmanager
def server(environment: dict[str, str]) -> Iterator[str]:
    """Yield the address of a server that answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="runfold-conformance-") as data:
        process = subprocess.Popen(command(port, data), env={**os.environ, **ENVIRONMENT, **environment})
        try:
            url = f"http://127.0.0.1:{port}"
            _await_health(url, process)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"The server does not answer (exit code {process.poll()})")


def check(cases: Path, arguments: list[str]) -> int:
    """Run the cases; return 0 if as many passed as ever did."""
    runner = cases / "runner" / "run.py"
    with server(secrets_of(cases)) as url, tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
        chosen.write("\n".join(cases_in(cases)))
        chosen.flush()
        line = [sys.executable, str(runner), "--url", url, "--has", HAS, "--cases", str(cases), "--list", chosen.name]
        passed = _run([*line, *arguments])
    if arguments:
        return 0
    floor = int(FLOOR.read_text(encoding="utf-8"))
    print(f"{passed} cases pass, the floor is {floor}")
    if passed > floor:
        print(f"Raise the floor: echo {passed} > {FLOOR.relative_to(Path.cwd())}")
    return 0 if passed >= floor else 1


def _run(line: list[str]) -> int:
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = ""
    for output in process.stdout:
        sys.stdout.write(output)
        sys.stdout.flush()
        last = output if output.strip() else last
    process.wait(RUNNER_S)
    counted = re.match(r"(\d+) passed", last)
    if counted is None:
        raise SystemExit("The runner did not come to its end")
    return int(counted[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve")
    serving.add_argument("--port", type=int, default=8080)
    checking = commands.add_parser("check")
    checking.add_argument("cases", type=Path)
    checking.add_argument("arguments", nargs="*", metavar="ARGS")
    given = parser.parse_args()
    return serve(given.port) if given.command == "serve" else check(given.cases.resolve(), given.arguments)


if __name__ == "__main__":
    raise SystemExit(main())

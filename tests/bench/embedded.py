"""The embedded engine: in this process for loads, as `runfold standalone` for the API."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port

from runfold.embedded import standalone_engine
from runfold.runtime import Services, settle
from runfold.settings import Settings
from tests.bench.api import Api
from tests.bench.loads import Bench
from tests.bench.processes import await_answer, runfold

NAME: Final = "embedded"


@contextmanager
def in_this_process() -> Iterator[Bench]:
    """Yield an engine on SQLite files, its index and the tail of its API included."""
    with tempfile.TemporaryDirectory(prefix="runfold-bench-") as folder:
        stop = threading.Event()
        with standalone_engine(Settings(), Path(folder)) as ours:
            services = Services(ours.steps, stop)
            settle()
            services.start()
            try:
                yield Bench(NAME, ours.engine.core, ours.engine.flows, os.getpid())
            finally:
                stop.set()
                services.join()


@contextmanager
def served() -> Iterator[Api]:
    """Yield a client of `runfold standalone`, a process of its own."""
    with tempfile.TemporaryDirectory(prefix="runfold-bench-") as folder:
        port = free_port()
        log = Path(folder) / "standalone.log"
        arguments = ["standalone", "--port", str(port), "--data", str(Path(folder) / "data")]
        with runfold(arguments, log, {"RUNFOLD_LOG_LEVEL": "WARNING"}):
            await_answer(f"http://127.0.0.1:{port}/health", log)
            api = Api(port)
            try:
                yield api
            finally:
                api.close()

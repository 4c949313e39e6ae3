"""The embedded engine: in this process for loads, as `runfold standalone` for the API."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runfold.assembly import standalone_engine
from runfold.runtime import Services, settle
from runfold.settings import Settings
from tests.bench.loads import Bench

NAME = "embedded"


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

"""A whole engine with its API, in this process, for requests that nobody should send."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from runfold.embedded import standalone_engine
from runfold.runtime import Services
from runfold.settings import Settings

TIMEOUT_S = 20.0
START_S = 20.0


@contextmanager
def served(folder: Path) -> Iterator[httpx.Client]:
    """Yield a client of an engine on SQLite in `folder`."""
    stop = threading.Event()
    with standalone_engine(Settings(), folder) as ours:
        services = Services(ours.steps, stop)
        services.start()
        server = uvicorn.Server(uvicorn.Config(ours.app, port=0, ws="none", lifespan="off", log_level="error"))
        serving = threading.Thread(target=server.run)
        serving.start()
        try:
            deadline_s = time.monotonic() + START_S
            while not server.started:
                assert time.monotonic() < deadline_s, "it never serves"
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S) as client:
                yield client
        finally:
            server.should_exit = True
            server.force_exit = True
            serving.join()
            stop.set()
            services.join()

"""
Serving the web application in the main thread, while services of the same process run in theirs.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final

import typer
import uvicorn
from fastapi import FastAPI

from runfold.errors import RunfoldError
from runfold.runtime import Services, Step, settle, stop_on_signals

GOODBYE_S: Final = 5
"""How long open requests may take once the server was told to stop."""

KEPT_S: Final = 75
"""
How long a connection without requests stays open: longer than those who keep it, browsers and proxies, use it again
(60 s). After 5 s, as is usual, a request would meet its end now and then, and be answered by nobody.
"""

BACKLOG: Final = 512

HostOption = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
PortOption = Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65_535)]


class AddressTaken(RunfoldError):
    """Nothing can listen there: choose another host or port."""


class Listener:
    """A socket that listens before anything else starts, so that a wrong address is told at once."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self.socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise AddressTaken(f"Cannot listen on {host}:{port}: {error.strerror or error}") from error
        # Answers leave at once. The event loop asks for this only of sockets that name their protocol; ours does not,
        # and each answer would wait 40 ms for the client's acknowledgement of its head.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        self.url = f"http://{shown}:{self.socket.getsockname()[1]}"


class _Server(uvicorn.Server):
    """Leaves signals to `stop_on_signals`: services have to hear of them too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    app: FastAPI,
    listener: Listener,
    steps: Mapping[str, Step],
    beside: Callable[[threading.Event], None] | None = None,
) -> None:
    """
    Serve until a signal comes, a service dies or `beside` sets the event that it is given.

    `beside` runs in a thread of its own once requests are answered.

    Raises: The error of the service that died.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_keep_alive=KEPT_S, timeout_graceful_shutdown=GOODBYE_S
    )
    server = _Server(config)

    with stop_on_signals() as stop:
        services = Services(steps, stop)

        def leave() -> None:
            stop.wait()
            server.handle_exit(signal.SIGTERM, None)

        settle()
        services.start()
        threading.Thread(target=leave, name="goodbye", daemon=True).start()
        if beside is not None:
            threading.Thread(target=_once_started, args=(server, beside, stop), name="beside", daemon=True).start()
        try:
            server.run(sockets=[listener.socket])
        finally:
            stop.set()
            services.join()


def _once_started(server: uvicorn.Server, beside: Callable[[threading.Event], None], stop: threading.Event) -> None:
    while not server.started:
        if stop.wait(0.02):
            return
    beside(stop)

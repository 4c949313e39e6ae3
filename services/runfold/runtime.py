"""
The loop of every service, and how it ends.

`run` calls a step again and again; `run_all` does so for several services of one process,
each in a thread. Rule: only `Unavailable` is waited out; everything else ends the process,
and its supervisor starts it again from the last commit.
"""

import faulthandler
import gc
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Final, TypeVar

from runfold.errors import Unavailable

RETRY_FIRST_S: Final = 0.1
RETRY_LONGEST_S: Final = 10.0

JOIN_S: Final = 30.0
"""How long a service may take to finish its step once it was told to stop."""

GC_THRESHOLDS: Final = (500_000, 50, 1_000)
"""
An engine's live state is large, tree-shaped and long-lived: looking through it for cycles finds none. Nor are there any
in the batches of an indexer, of which some 300,000 objects live at a time: at 100,000 a fifth of its time went there.
"""

SWITCH_S: Final = 0.0005
"""How long a thread computes before another one's turn: whoever waits for a commit goes on soon after it."""

FROZEN_S: Final = 60.0
LOOKED_EACH_S: Final = 5.0
STDERR: Final = 2

Step = Callable[[], None]
T = TypeVar("T")

logger = logging.getLogger(__name__)


def run(step: Step, stop: threading.Event) -> None:
    """
    Call `step` until `stop` is set.

    A step polls, decides and commits; it either happened whole or did not happen, so
    stopping between two steps loses nothing. `Unavailable` is waited out, twice as
    long each time. Any other error ends the service: its supervisor restarts it from
    the last commit.
    """
    patience = _Patience(stop)
    while not stop.is_set():
        try:
            step()
        except Unavailable as error:
            patience.wait(error)
        else:
            patience.renew()


def settle() -> None:
    """Prepare a process that serves for long: call it once all is set up. What is there by now is never collected."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)


def until_available(action: Callable[[], T], stop: threading.Event) -> T | None:
    """Return what `action` gives once no backend is away any more; None: `stop` was set before."""
    patience = _Patience(stop)
    while not stop.is_set():
        try:
            return action()
        except Unavailable as error:
            patience.wait(error)
    return None


class _Patience:
    """Pauses that grow, until something went well."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._pause_s = RETRY_FIRST_S

    def wait(self, error: Unavailable) -> None:
        logger.warning("Backend away, retrying in %.1f s: %s", self._pause_s, error)
        self._stop.wait(self._pause_s)
        self._pause_s = min(2 * self._pause_s, RETRY_LONGEST_S)

    def renew(self) -> None:
        self._pause_s = RETRY_FIRST_S


class Services:
    """Some services of one process, each with a thread of its own."""

    def __init__(self, steps: Mapping[str, Step], stop: threading.Event) -> None:
        self._stop = stop
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(name, step), name=name, daemon=True)
            for name, step in steps.items()
        ]

    def start(self) -> None:
        """Let all services run."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """
        Return once all have ended.

        Raises: The error of the first that died; it has stopped the others.
        """
        self._stop.wait()
        for thread in self._threads:
            thread.join(JOIN_S)
            if thread.is_alive():
                logger.error("Service %s did not end within %.0f s", thread.name, JOIN_S)
        if self._error is not None:
            raise self._error

    def _run(self, name: str, step: Step) -> None:
        try:
            run(step, self._stop)
        except BaseException as error:  # not swallowed: `join` raises it in the main thread
            with self._lock:
                if self._error is None:
                    self._error = error
                else:
                    logger.error("Service %s died too", name, exc_info=error)  # noqa: TRY400
            self._stop.set()


def run_all(steps: Mapping[str, Step], stop: threading.Event) -> None:
    """
    Run several services side by side until `stop` is set or one of them dies.

    Raises: The error of the first that died; it has stopped the others.
    """
    services = Services(steps, stop)
    services.start()
    services.join()


@contextmanager
def end_when_frozen(frozen_s: float = FROZEN_S, looked_each_s: float = LOOKED_EACH_S) -> Iterator[None]:
    """
    End the process, with all stacks on standard error, if none of its threads runs for so long.

    So it is when a call of a library keeps the interpreter for itself and never returns: no
    signal, no timeout of ours gets through. The supervisor starts the process again.
    """
    over = threading.Event()

    def stay() -> None:
        while not over.wait(looked_each_s):
            # The clock is no thread of the interpreter: it goes on where this one is not let.
            faulthandler.dump_traceback_later(frozen_s, exit=True, file=STDERR)

    thread = threading.Thread(target=stay, name="awake", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def stop_on_signals(wake: Callable[[], None] | None = None) -> Iterator[threading.Event]:
    """
    Yield an event that SIGTERM and SIGINT set; `wake` is called then. The second one of them kills as usual.

    For the main thread only. The handlers that were there come back at the end.
    """
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        stop.set()
        signal.signal(number, before[signal.Signals(number)])
        if wake is not None:
            wake()

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(*, as_json: bool, level: str = "INFO") -> None:
    """Send what all parts log to standard error, for a program or for people."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)-7s %(threadName)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("elastic_transport", "httpx", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

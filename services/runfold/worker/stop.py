"""How the worker interrupts an attempt that may be waiting in another thread."""

import threading
from typing import Final

from runfold.tasks.context import Stopped

WAIT_MAX_S: Final = threading.TIMEOUT_MAX


class StopSignal:
    """Set once, by the worker; the task meets it at its next look or wait."""

    __slots__ = ("_event", "_reason")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason: type[Stopped] = Stopped

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def set(self, reason: type[Stopped]) -> None:
        """Interrupt the attempt."""
        if not self._event.is_set():
            self._reason = reason
            self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait that long. Raises: Stopped, of the kind that `set` was given."""
        if self._event.wait(min(max(seconds, 0.0), WAIT_MAX_S)):
            raise self._reason


class NeverStop:
    """For brief attempts: they run on the worker's own thread, which can't interrupt itself."""

    is_set = False

    def wait(self, seconds: float) -> None:
        """Refuse. Raises: RuntimeError, always."""
        raise RuntimeError(f"A brief task may not wait ({seconds} s): declare it with BRIEF = False")


NEVER: Final = NeverStop()

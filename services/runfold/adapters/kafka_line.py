"""
A thread for calls of the client that may never return.

After an outage some calls hang, whatever timeout they were given. Such calls are made by a thread that
holds the client; if it does not come back in time, both are left behind, and the caller
goes on with a new client. The cluster fences the old one.
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from runfold.errors import Unavailable

HUNG_S: Final = 20.0
"""A call that takes longer than all its timeouts together never returns."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Hung(Unavailable):
    """The client does not return: take another one."""


class Line(Generic[T]):
    """See the module. The client is made, used and thrown away by the line's thread."""

    def __init__(self, name: str, make: Callable[[], T]) -> None:
        self._name = name
        self._calls: SimpleQueue[tuple[Callable[[T], Any], _Answer]] = SimpleQueue()
        self._is_left = False
        # A daemon: one that hangs must not keep the process from ending.
        threading.Thread(target=self._serve, args=(make,), name=name, daemon=True).start()

    def call(self, call: Callable[[T], Any]) -> Any:
        """
        Return what `call` gives with the client, or raise what it raises.

        Raises:
            Hung: It does not return. This line is of no use any more.
        """
        answer = _Answer()
        self._calls.put((call, answer))
        if not answer.done.wait(HUNG_S):
            logger.error("%s: a call does not return since %.0f s, its client is left behind", self._name, HUNG_S)
            raise Hung(f"{self._name}: the client does not return")
        if answer.error is not None:
            raise answer.error
        return answer.value

    def leave(self, farewell: Callable[[T], Any]) -> None:
        """Make a last call as soon as the client is free, without waiting for it; then let it go."""
        self._is_left = True
        self._calls.put((farewell, _Answer()))

    def _serve(self, make: Callable[[], T]) -> None:
        client = make()
        while not (self._is_left and self._calls.empty()):
            call, answer = self._calls.get()
            try:
                answer.value = call(client)
            except BaseException as error:  # noqa: BLE001 -- not swallowed: the caller raises it
                answer.error = error
            answer.done.set()
            del call, answer  # they may hold what belongs to the caller


def abandon(client: object) -> None:
    """Never touch a client again: even to close or forget it may hang, and the whole process with it."""
    Line("kafka-left-behind", lambda: client)  # its thread holds the client, for ever


class _Answer:
    """How a call ended."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None

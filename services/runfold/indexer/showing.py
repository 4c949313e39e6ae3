"""
When what was stored is made searchable.

Elasticsearch would do so each second by itself, whatever happens: at the end of a quiet second for
nothing, a second late for who waits, and far too often for an indexer that has hours to catch up
with, as each time makes segments that are merged later. So the indexer says when. The rule: what is stored is
searchable after `every_s` at the latest, while there is much to catch up with after `busy_every_s`.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from runfold.errors import Unavailable
from runfold.ports import Index

EVERY_S: Final = 1.0
BUSY_EVERY_S: Final = 10.0


class Showing:
    """Makes searchable what some indexers of one process store in `index`; for their threads."""

    def __init__(
        self,
        index: Index,
        every_s: float = EVERY_S,
        busy_every_s: float = BUSY_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._every_s = every_s
        self._busy_every_s = busy_every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._is_stored = False
        self._is_calm = False
        self._shown_s = float("-inf")

    def stored(self, *, is_busy: bool) -> None:
        """Note that something was stored. `is_busy`: there is much more to come."""
        with self._lock:
            self._is_stored = True
            self._is_calm = self._is_calm or not is_busy

    def left_s(self) -> float:
        """Return after how many seconds `show` has something to do, as far as is known; infinite: nothing was stored."""
        with self._lock:
            return self._left_s()

    def show(self) -> None:
        """Make searchable what was stored, if it is time. Raises: Unavailable: it is tried again the next time."""
        with self._lock:
            if self._left_s() > 0:
                return
            was_calm = self._is_calm
            # What is stored from here on may miss this turn, so it is not said to be shown.
            self._is_stored = self._is_calm = False
            self._shown_s = self._clock()
        try:
            self._index.refresh()
        except Unavailable:
            self.stored(is_busy=not was_calm)
            raise

    def _left_s(self) -> float:
        if not self._is_stored:
            return float("inf")
        every_s = self._every_s if self._is_calm else self._busy_every_s
        return max(0.0, self._shown_s + every_s - self._clock())

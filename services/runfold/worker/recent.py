"""What happened not long ago, in bounded memory."""

from collections import OrderedDict
from typing import Final

DONE_MAX: Final = 50_000
"""Attempts that a worker remembers to have run."""

KILLED_MAX: Final = 10_000
"""Killed executions that a worker remembers."""

KILLED_FOR_S: Final = 3600.0
"""For so long: work that was dispatched before a kill comes within minutes."""

FOREVER_S: Final = float("inf")


class Recent:
    """The last `most` names added within `for_s` seconds."""

    __slots__ = ("_added", "_for_s", "_most")

    def __init__(self, most: int, for_s: float = FOREVER_S) -> None:
        self._most = most
        self._for_s = for_s
        self._added: OrderedDict[str, float] = OrderedDict()

    def add(self, name: str, now_s: float) -> None:
        """Remember `name` from now on."""
        self._added[name] = now_s
        self._added.move_to_end(name)
        if len(self._added) > self._most:
            self._added.popitem(last=False)

    def has(self, name: str, now_s: float) -> bool:
        """Return whether `name` is remembered."""
        added_s = self._added.get(name)
        return added_s is not None and now_s - added_s <= self._for_s

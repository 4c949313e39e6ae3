"""Generations of an index: one counts, another may be in the making."""

from contextlib import AbstractContextManager
from typing import Protocol

from runfold.ports import Index


class Generations(Protocol):
    """What a rebuild wants of an index's adapter."""

    def live(self) -> Index:
        """Return the generation that counts."""
        ...

    def building(self) -> tuple[Index, bool]:
        """
        Return the generation to build, and whether a rebuild that was cut off began it.

        One that an other version began, with other fields, is thrown away.
        """
        ...

    def writers_wait(self) -> AbstractContextManager[None]:
        """Let nobody write into the generation that counts meanwhile; what is under way ends first."""
        ...

    def swap(self, built: Index) -> None:
        """Make `built` the one that counts, at one moment."""
        ...

    def drop_others(self) -> None:
        """Throw away what does not count."""
        ...

"""
The sweep: now and then, what is older than its namespace's rule says is let go of.

Reads the index; claims the deletion of executions, takes log lines and measurements out itself.
One step does one bounded piece, so the indexer goes on with its records in between; doing a
piece again is harmless.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from runfold.adapters.purging import OLDEST_FIRST, PAGE_MAX, Reach, delete_claim, publish_claims
from runfold.adapters.retention import Old, too_old
from runfold.documents.model import Kind
from runfold.documents.query import Between, Query, Sort, all_of
from runfold.ports import Broker, Index, Partitions
from runfold.settings import Retention

PERIOD: Final = timedelta(minutes=10)
SLICE: Final = timedelta(hours=1)
"""Log lines, and measurements, of so long a time are removed in one piece."""

FIRST: Final = 0
"""Of several indexers the one that holds this partition sweeps."""

ACTOR: Final = "retention"

logger = logging.getLogger(__name__)


class Turn:
    """Whether it is this indexer's turn: told by its log which partitions come and go."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def assigned(self, partitions: Partitions) -> None:
        """Take partitions that came."""
        self._held.update(partitions)

    def revoked(self, partitions: Partitions) -> None:
        """Let partitions go."""
        self._held.difference_update(partitions)

    def is_ours(self) -> bool:
        """Return whether this indexer sweeps."""
        return FIRST in self._held


class Sweep:
    """Lets go of what is too old."""

    def __init__(self, index: Index, broker: Broker, rules: Sequence[Retention], clock: Callable[[], datetime]) -> None:
        self._index = index
        self._broker = broker
        self._rules = rules
        self._clock = clock
        self._next = clock()
        self._pieces: Iterator[int] | None = None

    def step(self) -> None:
        """Do the next piece, if it is time for one. Raises: Unavailable: the sweep begins anew at the next step."""
        if not self._rules or (self._pieces is None and self._clock() < self._next):
            return
        pieces = self._pieces or self._sweep(self._clock())
        self._pieces = None
        if next(pieces, None) is None:
            self._next = self._clock() + PERIOD
        else:
            self._pieces = pieces

    def _sweep(self, now: datetime) -> Iterator[int]:
        """Yield, piece by piece, how much was let go of."""
        for old in too_old(self._rules, now):
            count = 0
            for removed in self.let_go(old):
                count += removed
                yield removed
            if count:
                logger.info("Retention of %s: %d %s", old.rule.namespace or "all namespaces", count, old.kind)

    def let_go(self, old: Old) -> Iterator[int]:
        """Yield, piece by piece, how much of it was let go of. Raises: Unavailable."""
        return self._executions(old) if old.kind is Kind.EXECUTIONS else self._lines(old)

    def _executions(self, old: Old) -> Iterator[int]:
        after = None
        while True:
            query = Query(old.kind, old.wanted, OLDEST_FIRST, size=PAGE_MAX, after=after, exact_total=False)
            page = self._index.search(query)
            claims = [
                delete_claim(each, f"{each.id}.old.{each.version}", Reach(), actor=ACTOR) for each in page.documents
            ]
            if claims:
                publish_claims(self._broker, claims)
                yield len(claims)
            after = page.next
            if after is None:
                return

    def _lines(self, old: Old) -> Iterator[int]:
        while True:
            oldest = self._index.search(Query(old.kind, old.wanted, (Sort(old.date),), size=1, exact_total=False))
            if not oldest.documents:
                return
            first: datetime = oldest.documents[0].body[old.date]
            part = Between(old.date, high=min(first + SLICE, old.before))
            removed = self._index.delete_where(old.kind, all_of((old.wanted, part)))
            self._index.refresh()
            if not removed:
                return  # it is being changed just now: the next sweep finds it again
            yield removed

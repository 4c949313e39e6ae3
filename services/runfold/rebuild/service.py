"""
The rebuild of an index: a new generation from the facts, while the old one is read and written.

Reads the topics facts, logs and metrics, and the old generation's log lines; writes the new
generation. It goes in rounds, each telling what came since the last one. Before the last round
writers are made to wait, so that nothing is told to the old generation alone; then the new one
takes its place at one moment. Searches never wait. All progress lies in the new generation: who
is cut off begins again, and goes on.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from runfold.documents.model import Kind
from runfold.documents.progress import Place, Progress, furthest, progress_document
from runfold.documents.query import All
from runfold.errors import Conflict
from runfold.ports import Broker, Index
from runfold.rebuild.generations import Generations
from runfold.rebuild.lines import TOPIC_OF, LinesTelling
from runfold.rebuild.telling import FactsTelling, Told, stored_progress
from runfold.topology import EXECUTIONS, FACTS, TASKRUNS

ROUNDS_MAX: Final = 10
CALM_MAX: Final = 2_000
"""After a round that told no more documents, writers are made to wait for the last one."""

GAPS_NAMED: Final = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """
    How to rebuild.

    `lines_from_topics`: read log lines and measurements from their topics, don't copy them.
    `accepts_gaps`: go on without executions whose beginning the log has no longer.
    """

    lines_from_topics: bool = False
    accepts_gaps: bool = False


@dataclass(slots=True)
class Report:
    """What a rebuild did."""

    goes_on: bool = False
    rounds: int = 0
    executions: int = 0
    taskruns: int = 0
    facts: int = 0
    documents: int = 0
    lines: int = 0
    refused: int = 0
    seconds: float = 0.0
    waited_s: float = 0.0
    """How long writers had to wait."""
    without_beginning: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """Take in what came of a partition."""
        self.executions += told.summary.executions
        self.taskruns += told.summary.taskruns
        self.facts += told.summary.facts
        self.documents += told.documents
        self.refused += told.refused
        self.without_beginning += told.summary.without_beginning


class Watch:
    """What someone who looks on is told; here: nothing."""

    def phase(self, name: str, total: int | None) -> None:
        """Another phase begins, of so many steps."""

    def step(self) -> None:
        """One step of the phase is done."""

    def stored(self, count: int) -> None:
        """So many documents more are stored. Called from several threads."""


Side = Callable[[Index, Index, Sequence[int], Watch], Iterator[Told]]
"""How the facts of partitions are told, from the old generation and to the new one: here, or in other processes."""


def beside(broker: Broker) -> Side:
    """Return the way to tell partitions in this process, one after the other."""

    def tell(old: Index, new: Index, partitions: Sequence[int], watch: Watch) -> Iterator[Told]:
        telling = FactsTelling(broker, old, new, watch.stored)
        for partition in partitions:
            yield telling.run(partition)

    return tell


class Rebuild:
    """One rebuild."""

    def __init__(self, broker: Broker, generations: Generations, side: Side, watch: Watch | None = None) -> None:
        self._broker = broker
        self._generations = generations
        self._side = side
        self._watch = watch or Watch()

    def run(self, wish: Wish = Wish()) -> Report:
        """
        Build a generation and put it in the old one's place.

        Raises:
            Conflict: The log has not all that is needed; the old generation stays.
            Unavailable: Run again, and it goes on from where it was.
        """
        begun_s = time.monotonic()
        new, goes_on = self._generations.building()
        old = self._generations.live()
        report = Report(goes_on)
        lines = LinesTelling(self._broker, old, new, self._watch.stored)
        self._facts(old, new, report)
        if report.without_beginning and not wish.accepts_gaps:
            new.close()
            self._generations.drop_others()  # begun anew they are met again, not passed over
            raise _gaps(report.without_beginning)
        self._lines(lines, report, wish)
        self._catch_up(old, new, lines, report)
        waited_from_s = time.monotonic()
        with self._generations.writers_wait():
            self._round(old, new, lines, report)
            lost = 0 if wish.accepts_gaps else _lost(old, new)
            if not lost:
                self._take_over_progress(old, new)
                self._generations.swap(new)
        if lost:
            new.close()
            self._generations.drop_others()
            raise _forgotten(lost)
        report.waited_s = time.monotonic() - waited_from_s
        self._generations.drop_others()
        report.seconds = time.monotonic() - begun_s
        return report

    def _catch_up(self, old: Index, new: Index, lines: LinesTelling, report: Report) -> None:
        for _ in range(ROUNDS_MAX):
            before = report.documents + report.lines
            self._round(old, new, lines, report)
            if report.documents + report.lines - before <= CALM_MAX:
                return
        logger.warning("The log grows about as fast as it is told: writers will wait a little longer")

    def _round(self, old: Index, new: Index, lines: LinesTelling, report: Report) -> None:
        self._facts(old, new, report)
        for kind in TOPIC_OF:
            report.lines += lines.read(kind)

    def _facts(self, old: Index, new: Index, report: Report) -> None:
        report.rounds += 1
        partitions = range(self._broker.partitions(FACTS))
        self._watch.phase("facts" if report.rounds == 1 else "what came meanwhile", len(partitions))
        for told in self._side(old, new, partitions, self._watch):
            report.add(told)
            self._watch.step()
        new.refresh()

    def _lines(self, lines: LinesTelling, report: Report, wish: Wish) -> None:
        self._watch.phase("log lines and metrics", len(TOPIC_OF))
        for kind in TOPIC_OF:
            if not wish.lines_from_topics:
                report.lines += lines.copy(kind)
            self._watch.step()

    def _take_over_progress(self, old: Index, new: Index) -> None:
        """Say how far the new generation is, in the topics that the indexer reads: as far as the old one at least."""
        for topic in (EXECUTIONS, TASKRUNS):
            places = [(topic, partition) for partition in range(self._broker.partitions(topic))]
            known = stored_progress(old, places)
            documents = [
                progress_document(progress)
                for place in places
                for progress in ([known[place]] if place in known else _to_the_end(self._broker, place))
            ]
            new.put(documents)


def _to_the_end(broker: Broker, place: Place) -> list[Progress]:
    """Return the progress of who has read all: the facts tell no less than the snapshots."""
    records = broker.history(*place)
    return furthest((place, record.offset, record.timestamp_ms) for record in records)


def _lost(old: Index, new: Index) -> int:
    """Return how many executions the old generation has more than the new one."""
    old.refresh()
    return max(0, old.count(Kind.EXECUTIONS, All()).total - new.count(Kind.EXECUTIONS, All()).total)


def _forgotten(count: int) -> Conflict:
    executions = "1 execution" if count == 1 else f"{count} executions"
    return Conflict(
        f"The index has {executions} that the log tells nothing of any more: they would be gone. "
        "The index stays as it is; --accept-gaps goes on without them"
    )


def _gaps(execution_ids: Sequence[str]) -> Conflict:
    named = ", ".join(execution_ids[:GAPS_NAMED])
    return Conflict(
        f"The facts of {len(execution_ids)} executions begin before the log does ({named}): they would be gone. "
        "The index stays as it is; --accept-gaps goes on without them"
    )

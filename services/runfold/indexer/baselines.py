"""
The baselines that an indexer knows, and when it asks the index for them again.

Reads the index, writes nothing. The rule: time is that of the task runs, not the clock's, so
an old log that is indexed anew is compared with its own time; see docs/decisions/0012.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from runfold.documents.baseline import SAMPLES_MIN, TaskKey, compared, is_sample, samples_question, task_key
from runfold.documents.model import Document, Kind
from runfold.documents.storable import EARLIEST
from runfold.ports import Index

TASKS_MAX: Final = 10_000
"""Tasks whose baselines are remembered; the one not seen for longest is asked for again."""

ASKED_MIN: Final = 1
ASKED_PER: Final = 2_000
"""
A batch asks for one task in so many documents, for `ASKED_MIN` at least; the others go on with what is known until
the next batch. An answer costs the index about as much as a hundred documents do.
"""

WINDOW_MAX: Final = timedelta(days=30)
WINDOW_MIN: Final = timedelta(hours=1)
"""Run times older than this do not count. It shrinks for a task that runs often."""

SAMPLES_ENOUGH: Final = 2_000
SAMPLES_SCARCE: Final = 500
"""With more samples the window shrinks, with fewer it grows."""

AGE_MAX: Final = timedelta(hours=1)
"""After so long a hundredth more samples are enough to ask again, one at least; else it takes a tenth more."""


@dataclass(slots=True)
class _Known:
    """What was answered, for which moment, and how many samples passed by since."""

    baseline_ms: int | None = None
    samples: int = 0
    asked_for: datetime | None = None
    window: timedelta = WINDOW_MAX
    passed: int = 0

    def is_due(self, latest: datetime) -> bool:
        if self.asked_for is None:
            return True
        tenth = SAMPLES_MIN - self.samples if self.samples < SAMPLES_MIN else max(SAMPLES_MIN, self.samples // 10)
        is_old = latest - self.asked_for > AGE_MAX
        return self.passed >= (max(1, tenth // 10) if is_old else tenth)

    def learn(self, samples: int, p95: float | None, asked_for: datetime) -> None:
        self.baseline_ms = None if p95 is None or samples < SAMPLES_MIN else round(p95)
        self.samples, self.asked_for, self.passed = samples, asked_for, 0
        if samples > SAMPLES_ENOUGH:
            self.window = max(self.window * SAMPLES_ENOUGH / samples, WINDOW_MIN)
        elif samples < SAMPLES_SCARCE:
            self.window = min(self.window * 2, WINDOW_MAX)


class Baselines:
    """Compares task runs with those before them."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: OrderedDict[TaskKey, _Known] = OrderedDict()

    def compare(self, documents: Iterable[Document]) -> list[Document]:
        """Return `documents`, task runs with what they say beside their baselines. Raises: Unavailable."""
        given = list(documents)
        latest: dict[TaskKey, datetime] = {}
        for document in given:
            if document.kind is Kind.TASKRUNS:
                key, began = task_key(document), document.body["startDate"]
                latest[key] = max(began, latest.get(key, began))
        self._ask(latest, max(ASKED_MIN, len(given) // ASKED_PER))
        return [self._compared(document) if document.kind is Kind.TASKRUNS else document for document in given]

    def _ask(self, latest: dict[TaskKey, datetime], asked_max: int) -> None:
        known = {key: self._remembered(key) for key in latest}
        due = [key for key, moment in latest.items() if known[key].is_due(moment)]
        due.sort(key=lambda key: known[key].asked_for is not None)  # of some, nothing is known yet
        for key in due[:asked_max]:
            moment, window = latest[key], known[key].window
            since = max(moment, EARLIEST + window) - window
            figures = self._index.statistics(samples_question(key, since)).total.figures["runMs"]
            known[key].learn(figures.count, figures.p95, moment)

    def _remembered(self, key: TaskKey) -> _Known:
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known()
            if len(self._known) > TASKS_MAX:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known

    def _compared(self, document: Document) -> Document:
        known = self._known.get(task_key(document))
        if known is None:
            return document
        known.passed += is_sample(document)
        return document if known.baseline_ms is None else compared(document, known.baseline_ms)

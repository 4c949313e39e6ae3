"""An engine, its live index, and a rebuild of that index that a test looks into."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from tests.engine import Engine, Outcome

from runfold.adapters.sqlite_index import SqliteIndex
from runfold.documents.digest import stored_digest
from runfold.documents.model import Document, Kind
from runfold.documents.query import Query
from runfold.errors import Unavailable
from runfold.indexer.service import TOPICS, Indexer, Pace
from runfold.ports import Index, Reading
from runfold.rebuild.service import Rebuild, Report, Wish, beside
from runfold.rebuild.verifying import Result, Scope, Verification

NOW = datetime(2030, 1, 1, tzinfo=UTC)
STEPS = 3

STEPS_FLOW = """
id: steps
namespace: company.team
inputs: [{id: text, type: STRING, defaults: hello}]
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.text }}"}
  - {id: b, type: io.kestra.plugin.core.log.Log, message: "says {{ outputs.a.value }}"}
"""

FAILS = """
id: fails
namespace: company.team
tasks:
  - {id: before, type: io.kestra.plugin.core.debug.Return, format: x}
  - {id: broken, type: io.kestra.plugin.core.execution.Fail}
"""

LOOP = """
id: loop
namespace: company.team
tasks:
  - id: until
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "{{ outputs.until.iterationCount >= 3 }}"
    checkFrequency: {interval: PT1S, maxIterations: 5}
    tasks:
      - {id: round, type: io.kestra.plugin.core.debug.Return, format: x}
"""

FAN = """
id: fan
namespace: company.team
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    concurrencyLimit: 0
    values: [1, 2, 3, 4, 5, 6]
    tasks:
      - {id: work, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
"""


Before = Callable[[Sequence[Document]], None]


class Kept:
    """Two generations in memory; the built one stays when a rebuild is cut off."""

    def __init__(self, live: SqliteIndex) -> None:
        self.counts: Index = live
        self.before: Before | None = None
        self._built: SqliteIndex | None = None
        self.waits = 0

    def live(self) -> Index:
        return self.counts

    def building(self) -> tuple[Index, bool]:
        goes_on = self._built is not None
        self._built = self._built or SqliteIndex()
        return self._built if self.before is None else Around(self._built, self.before), goes_on

    @contextmanager
    def writers_wait(self) -> Iterator[None]:
        self.waits += 1
        yield

    def swap(self, built: Index) -> None:
        del built
        assert self._built is not None
        self.counts = self._built

    def drop_others(self) -> None:
        if self._built is not None and self._built is not self.counts:
            self._built.close()
            self._built = None

    def close(self) -> None:
        if self._built is not None:
            self._built.close()


class Around(SqliteIndex):
    """An index that does something else before each put."""

    def __init__(self, index: SqliteIndex, before: Before) -> None:
        self.__dict__ = index.__dict__
        self._before = before

    def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
        self._before(documents)
        return super().put(documents)


class Rig:
    """`live`: the index that an indexer keeps."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._runs = 0
        self.live = SqliteIndex()
        log = self.engine.broker.log(Reading(TOPICS, group="indexer"))
        self._indexer = Indexer(log, self.live, Pace(idle_s=0))
        self.generations = Kept(self.live)

    def run(self, source: str, inputs: dict[str, str] | None = None) -> Outcome:
        """Run a flow to its end, each time as another flow."""
        self._runs += 1
        head, _, rest = source.strip().partition("\n")
        return self.engine.run(f"{head}_{self._runs}\n{rest}", inputs)

    def index(self) -> None:
        """Let the indexer come to the log's end."""
        for _ in range(STEPS):
            self._indexer.step()

    def forget_built(self) -> None:
        """Let the live index count again."""
        self.generations.close()
        self.generations = Kept(self.live)

    def rebuild(self, before: Before | None = None, wish: Wish | None = None) -> Report:
        """Rebuild; `before` is called with what is to be put, before it is."""
        self.generations.before = before
        return Rebuild(self.engine.broker, self.generations, beside(self.engine.broker)).run(wish or Wish())

    def verify(self, sample: float = 1.0) -> Result:
        scope = Scope(sample, patience_s=0.0)
        verification = Verification(self.engine.broker, self.generations.live(), scope, NOW)
        assert list(verification.run()) == [0]
        return verification.result

    def close(self) -> None:
        self.generations.close()
        self._indexer.close()
        self.live.close()
        self.engine.close()


def contents(index: Index) -> dict[tuple[Kind, str], tuple[int, str]]:
    """Return version and digest of all documents but those of the index's own progress."""
    return {
        (kind, document.id): (document.version, stored_digest(document))
        for kind in Kind
        if kind is not Kind.PROGRESS
        for document in index.search(Query(kind, size=1000)).documents
    }


def cut_off_after(puts: int) -> Before:
    """Return what makes the index go away after so many puts."""
    left = iter(range(puts))

    def before(_documents: Sequence[Document]) -> None:
        if next(left, None) is None:
            raise Unavailable("cut off")

    return before

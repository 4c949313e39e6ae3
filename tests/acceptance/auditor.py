"""
Who checks a cluster from outside: reads only its topics and its index.

The tail of `facts` says when something has happened; the invariants are computed from
the whole log, once all is quiet.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec
from elasticsearch import Elasticsearch as ElasticsearchClient

from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.kafka_broker import KafkaBroker
from runfold.errors import Unavailable
from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.claims import AnyClaim, TaskEnded, TaskStarted
from runfold.execution.facts import AttemptEnded, AttemptStarted, Transition
from runfold.execution.state import State
from runfold.ports import Reading
from runfold.topology import CLAIMS, DEAD_LETTERS, FACTS
from tests.acceptance.cluster import Cluster, Refused
from tests.simulation import audit

READ_MAX: Final = 5_000
SETTLED_S: Final = 60.0

_transition: Final = msgspec.json.Decoder(Transition)
_claim: Final = msgspec.json.Decoder(AnyClaim)

Starts = dict[tuple[str, int], set[str]]
"""Task run and attempt token to the workers that said to have begun it."""


class Auditor:
    """`live`: each execution as its facts fold, as far as they were read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        settings = cluster.environment
        prefix = settings["RUNFOLD_TOPIC_PREFIX"]
        self.broker = KafkaBroker({"bootstrap.servers": settings["RUNFOLD_KAFKA_BOOTSTRAP_SERVERS"]}, prefix)
        client = ElasticsearchClient(settings["RUNFOLD_ELASTICSEARCH_HOSTS"], request_timeout=30)
        self.index = ElasticIndex(client, settings["RUNFOLD_INDEX_PREFIX"])
        self.live: dict[str, Aggregate] = {}
        self._tail = self.broker.log(Reading((FACTS,)))

    def close(self) -> None:
        self._tail.close()
        self.broker.close()
        self.index.close()

    def until(self, holds: Callable[[], bool], limit_s: float, what: str) -> None:
        """Read facts, and tend the cluster, until `holds`."""

        def read_and_holds() -> bool:
            self._read()
            return holds()

        self._cluster.until(read_and_holds, limit_s, what)

    def _read(self) -> None:
        try:
            records = self._tail.poll(READ_MAX, 0)
        except Unavailable:
            return  # a test took the broker away; the tail goes on by itself
        for record in records:
            transition = _transition.decode(record.value or b"")
            known = self.live.get(transition.aggregate)
            self.live[transition.aggregate] = apply_transition(known, transition)

    def ended(self, ids: Iterable[str]) -> int:
        """Return how many of these have ended."""
        return sum(self._state(execution_id).is_terminal for execution_id in ids)

    def running(self, ids: Iterable[str]) -> int:
        """Return how many task runs of these are known to run in a worker."""
        aggregates = (self.live[execution_id] for execution_id in ids if execution_id in self.live)
        return sum(
            run.worker_id is not None and run.state is State.RUNNING
            for aggregate in aggregates
            for run in aggregate.taskruns.values()
        )

    def _state(self, execution_id: str) -> State:
        known = self.live.get(execution_id)
        return State.CREATED if known is None else known.execution.state

    def check(self, ids: Iterable[str], faults: int) -> None:
        """Hold the whole log, and the index, against what we promise; all of `ids`, and no others, ended well."""
        logs = audit.transitions(self.broker)
        assert set(logs) == set(ids)
        live = {execution_id: audit.fold(log) for execution_id, log in logs.items()}
        for execution_id, log in logs.items():
            audit.check_sequence(log)
            audit.check_histories(live[execution_id])
            audit.check_attempts(log)
            check_results(log)
            assert live[execution_id].execution.state is State.SUCCESS, execution_id
            assert max(run.dispatches for run in live[execution_id].taskruns.values()) <= 1 + faults
        assert live == self.live
        audit.check_snapshots(self.broker, live)
        self._await_index(live)
        assert list(self.broker.history(DEAD_LETTERS)) == []

    def _await_index(self, live: dict[str, Aggregate]) -> None:
        def agrees() -> bool:
            try:
                audit.check_index(self.index, live)
            except (AssertionError, Unavailable):
                return False
            return True

        try:
            self._cluster.until(agrees, SETTLED_S, "the index says what the log says")
        except Refused:
            audit.check_index(self.index, live)  # says how they differ
            raise

    def lost(self) -> int:
        """Return how many attempts went with a worker, as far as the facts were read."""
        return sum(
            attempt.error is not None and "was lost" in attempt.error
            for aggregate in self.live.values()
            for run in aggregate.taskruns.values()
            for attempt in run.attempts
        )

    def workers(self) -> set[str]:
        """Return the workers that have answered an attempt, as far as the facts were read."""
        return {
            attempt.worker_id
            for aggregate in self.live.values()
            for run in aggregate.taskruns.values()
            for attempt in run.attempts
            if attempt.worker_id is not None
        }

    def starts(self, ids: Collection[str]) -> Starts:
        """Return who began which attempt of these executions, by the workers' own word."""
        found: Starts = defaultdict(set)
        for record in self.broker.history(CLAIMS):
            claim = _claim.decode(record.value or b"")
            if isinstance(claim, TaskStarted | TaskEnded) and claim.execution_id in ids:
                found[claim.taskrun_id, claim.token].add(claim.worker_id)
        return found


def check_results(log: list[Transition]) -> None:
    """I6: no attempt's result is applied twice, and none is started after its end."""
    ends = Counter(
        (fact.id, fact.attempt.histories[0].date, fact.attempt.worker_id)
        for fact in _facts(log)
        if isinstance(fact, AttemptEnded)
    )
    assert all(count == 1 for count in ends.values()), ends
    starts = Counter((fact.id, fact.token) for fact in _facts(log) if isinstance(fact, AttemptStarted))
    assert all(count == 1 for count in starts.values()), starts


def _facts(log: list[Transition]) -> Iterable[object]:
    return itertools.chain.from_iterable(transition.facts for transition in log)

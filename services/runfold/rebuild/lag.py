"""How far an index is behind the log: the records that it has not stored yet."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from runfold.indexer.service import TOPICS
from runfold.ports import Broker, Index
from runfold.rebuild.telling import stored_progress

COUNTED_MAX: Final = 100_000
"""Of one partition."""


def lags(broker: Broker, index: Index) -> Mapping[str, int]:
    """Return how many records of each topic are to come; of a topic that was never read, all."""
    return {topic: _of_topic(broker, index, topic) for topic in TOPICS}


def _of_topic(broker: Broker, index: Index, topic: str) -> int:
    places = [(topic, partition) for partition in range(broker.partitions(topic))]
    known = stored_progress(index, places)
    return sum(
        sum(1 for _ in islice(broker.history(*place, since=known[place].next if place in known else 0), COUNTED_MAX))
        for place in places
    )

"""
One attempt's measurements: they travel with its result, and one by one for the search.

Rule: names, tags and their number are bounded; a task can't make a record too large.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Final

import msgspec

from runfold import topology
from runfold.execution.claims import MetricEntry, Work
from runfold.execution.model import Metric
from runfold.ports import Message, slot_of

METRICS_MAX: Final = 1_000
"""Measurements of one attempt; more are dropped."""

TAGS_MAX: Final = 16
NAME_LENGTH_MAX: Final = 256
TAG_LENGTH_MAX: Final = 1_024

COUNTER: Final = "counter"
TIMER: Final = "timer"

_encode: Final = msgspec.json.Encoder().encode


class AttemptMetrics:
    """Collects until the attempt ends. The task's thread writes, the worker's reads when that is done."""

    __slots__ = ("_collected",)

    def __init__(self) -> None:
        self._collected: list[Metric] = []

    def counter(self, name: str, value: float, **tags: str) -> None:
        """Keep a number of things."""
        self._keep(Metric(name[:NAME_LENGTH_MAX], COUNTER, float(value), _bounded(tags)))

    def timer(self, name: str, seconds: float, **tags: str) -> None:
        """Keep a duration."""
        self._keep(Metric(name[:NAME_LENGTH_MAX], TIMER, float(seconds), _bounded(tags)))

    def collected(self) -> tuple[Metric, ...]:
        """Return all of them, as an attempt carries them."""
        return tuple(self._collected)

    def _keep(self, metric: Metric) -> None:
        if not isfinite(metric.value):
            raise ValueError(f"The metric `{metric.name}` is no number: JSON has none for {metric.value}")
        if len(self._collected) < METRICS_MAX:
            self._collected.append(metric)


def metric_messages(work: Work, metrics: tuple[Metric, ...], at: datetime) -> Iterator[Message]:
    """Yield the metrics of an attempt that ended `at`, as the topic has them: timers in milliseconds."""
    slot = slot_of(work.execution_id)
    for metric in metrics:
        entry = MetricEntry(
            namespace=work.namespace,
            flow_id=work.flow_id,
            execution_id=work.execution_id,
            task_id=work.task_id,
            taskrun_id=work.taskrun_id,
            type=metric.type,
            name=metric.name,
            value=metric.value * 1000 if metric.type == TIMER else metric.value,
            timestamp=at,
            tags=metric.tags,
        )
        yield Message(topology.METRICS, work.execution_id, _encode(entry), slot=slot)


def _bounded(tags: Mapping[str, str]) -> dict[str, str]:
    return {name[:NAME_LENGTH_MAX]: tags[name][:TAG_LENGTH_MAX] for name in list(tags)[:TAGS_MAX]}

"""
An execution's events as readers see them, and what changed between two moments of it.

Pure: made from transitions, the claims that led to them, and folded aggregates.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from runfold.documents.instants import instant_text
from runfold.execution.aggregate import Aggregate
from runfold.execution.facts import Transition
from runfold.execution.model import TaskRun, label_map

ApiJson = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of an execution's history: a transition's number, or an instant."""

    seq: int | None = None
    at: datetime | None = None

    def includes(self, transition: Transition) -> bool:
        """Return whether a transition had happened by then."""
        if self.at is not None:
            return transition.at <= self.at
        return self.seq is None or transition.seq <= self.seq


NOW: Final = Moment()
"""The end of what is known."""


class Cause(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What an event says of the claim that led to it: those of a claim's fields that tell who wanted what."""

    id: str
    type: str
    taskrun_id: str | None = msgspec.field(default=None, name="taskRunId")
    actor: str | None = None
    worker_id: str | None = None
    note: str | None = None


def event_json(transition: Transition, cause: Cause | None) -> ApiJson:
    """Return a transition; `cause` says which claim led to it, its kind only while the log still has it."""
    return {
        "seq": transition.seq,
        "at": instant_text(transition.at),
        "cause": {"id": transition.cause} | ({} if cause is None else _cause(cause)),
        "facts": [msgspec.to_builtins(fact) for fact in transition.facts],
    }


def _cause(cause: Cause) -> ApiJson:
    said = {"taskRunId": cause.taskrun_id, "by": cause.actor or cause.worker_id, "note": cause.note}
    return {"type": cause.type} | {name: value for name, value in said.items() if value is not None}


def difference(before: Aggregate, after: Aggregate) -> ApiJson:
    """
    Return what differs between two moments of one execution, or between two executions of a flow.

    Task runs are paired by their task and loop values, so that two executions can be compared; those
    that are the same in both, down to their ids, are out of it at once.
    """
    json: ApiJson = {"from": _point(before), "to": _point(after), "taskRuns": list(_taskruns(before, after))}
    labels = (dict(label_map(before.execution.labels)), dict(label_map(after.execution.labels)))
    for name, old, new in (
        ("labels", *labels),
        ("inputs", before.execution.inputs, after.execution.inputs),
        ("outputs", before.execution.outputs, after.execution.outputs),
    ):
        if old != new:
            json[name] = {"before": old, "after": new}
    return json


def _point(aggregate: Aggregate) -> ApiJson:
    execution = aggregate.execution
    last = max((run.histories[-1].date for run in aggregate.taskruns.values()), default=execution.histories[-1].date)
    at = max(last, execution.histories[-1].date)
    return {
        "executionId": execution.id,
        "seq": aggregate.seq,
        "at": instant_text(at),
        "state": str(execution.state),
        "flowRevision": execution.flow_revision,
        "taskRunCount": len(aggregate.taskruns),
    }


def _taskruns(before: Aggregate, after: Aggregate) -> Iterator[ApiJson]:
    same = {id_ for id_, run in after.taskruns.items() if before.taskruns.get(id_) == run}
    olds, news = _by_place(before, same), _by_place(after, same)
    for place in sorted(olds.keys() | news.keys(), key=lambda place: _ordinal(news.get(place) or olds.get(place))):
        old, new = olds.get(place), news.get(place)
        if old is None or new is None or _look(old) != _look(new):
            task_id, values = place[0], list(place[1:-1])
            pair = {"before": _look(old) if old else None, "after": _look(new) if new else None}
            yield {"taskId": task_id, "values": values, **pair}


def _by_place(aggregate: Aggregate, same: Collection[str]) -> dict[tuple[Any, ...], TaskRun]:
    """Return task runs, but for the same ones, by task, loop values and, where several have the same, which it is."""
    found: dict[tuple[Any, ...], TaskRun] = {}
    counts: dict[tuple[str, ...], int] = {}
    for run in sorted((run for run in aggregate.taskruns.values() if run.id not in same), key=_ordinal):
        path = (run.task_id, *aggregate.values(run))
        counts[path] = number = counts.get(path, -1) + 1
        found[*path, number] = run
    return found


def _ordinal(run: TaskRun | None) -> int:
    return -1 if run is None else run.ordinal


def _look(run: TaskRun) -> ApiJson:
    began, ended = run.histories[0].date, run.histories[-1].date
    look: ApiJson = {
        "id": run.id,
        "state": str(run.state),
        "attempts": len(run.attempts),
        "durationMs": round((ended - began).total_seconds() * 1000),
        "outputs": run.outputs,
    }
    return look if run.error is None else look | {"error": run.error}

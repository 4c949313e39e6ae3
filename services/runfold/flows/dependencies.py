"""Which flows start which: by their tasks, and by triggers that wait for others' executions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runfold.flows.condition import Condition, ExecutionFlow
from runfold.flows.model import Flow
from runfold.flows.task import StartsFlow
from runfold.flows.trigger import FlowTrigger
from runfold.flows.validate import all_tasks

FlowName = tuple[str, str]
"""Namespace and id."""

REACH_MAX: Final = 100
"""So many steps from the flow asked for are looked at; longer chains are cut."""


class Relation(StrEnum):
    """How one flow leads to another."""

    FLOW_TASK = "FLOW_TASK"
    FLOW_TRIGGER = "FLOW_TRIGGER"


@dataclass(frozen=True, slots=True)
class Dependency:
    """`source` leads to executions of `target`."""

    source: FlowName
    target: FlowName
    relation: Relation


def dependencies(flows: Iterable[Flow]) -> list[Dependency]:
    """Return all that these flows say of each other; a flow named by a template is not known."""
    return list(dict.fromkeys(found for flow in flows for found in _of(flow)))


def _of(flow: Flow) -> Iterator[Dependency]:
    own = (flow.namespace, flow.id)
    for task, _ in all_tasks(flow):
        if isinstance(task, StartsFlow) and "{{" not in task.namespace + task.flow_id:
            yield Dependency(own, (task.namespace, task.flow_id), Relation.FLOW_TASK)
    for trigger in flow.triggers:
        if isinstance(trigger, FlowTrigger):
            for source in _awaited(trigger):
                yield Dependency(source, own, Relation.FLOW_TRIGGER)


def _awaited(trigger: FlowTrigger) -> Iterator[FlowName]:
    for condition in trigger.conditions:
        yield from _named(condition)
    if trigger.preconditions is not None:
        for upstream in trigger.preconditions.flows:
            if upstream.flow_id is not None:
                yield upstream.namespace, upstream.flow_id


def _named(condition: Condition) -> Iterator[FlowName]:
    if isinstance(condition, ExecutionFlow):
        yield condition.namespace, condition.flow_id
    inner = getattr(condition, "conditions", ())
    for one in inner.values() if isinstance(inner, dict) else inner:
        yield from _named(one)


def around(found: Iterable[Dependency], flow: FlowName, *, only_from: bool = False) -> list[Dependency]:
    """Return the dependencies of one flow, and of those it is joined to; `only_from`: just those that it leads to."""
    known = list(found)
    if only_from:
        return [each for each in known if each.source == flow]
    reached, new = {flow}, {flow}
    for _ in range(REACH_MAX):
        new = {
            name for each in known if each.source in new or each.target in new for name in (each.source, each.target)
        } - reached
        if not new:
            break
        reached |= new
    return [each for each in known if each.source in reached]

"""
An execution as the engine sees it: what an action on it is checked against, and previewed with.

From the live tail while it is there whole; else folded again from the facts.
"""

from runfold.adapters.fact_fold import Life
from runfold.documents.events import NOW, Moment
from runfold.errors import Conflict, NotFound
from runfold.execution.aggregate import Aggregate
from runfold.flows.plan import Host, Plan
from runfold.webserver.parts import Parts


def aggregate_of(parts: Parts, execution_id: str) -> Aggregate:
    """Return an execution with its task runs. Raises: NotFound."""
    seen = parts.tail.get(execution_id)
    if (
        seen is not None
        and seen.execution is not None
        and seen.execution.seq > 0
        and seen.is_complete
        and not seen.is_deleted
    ):
        return Aggregate.rebuild(seen.execution, seen.shown)
    return aggregate_at(parts, execution_id, NOW)


def aggregate_at(parts: Parts, execution_id: str, moment: Moment) -> Aggregate:
    """Return an execution as it was at that moment, or as its last transition before left it. Raises: NotFound."""
    return aggregates_at(parts, execution_id, moment)[0]


def aggregates_at(parts: Parts, execution_id: str, *moments: Moment) -> list[Aggregate]:
    """Return an execution as it was at several moments. Raises: NotFound."""
    life = life_of(parts, execution_id)
    with parts.pasts.of(execution_id, life) as past:
        found = [past.at(moment, life.last_seq) for moment in moments]
    if None in found:
        raise NotFound(f"There is no execution {execution_id}, there was none yet, or its facts are kept no more")
    return [aggregate for aggregate in found if aggregate is not None]


def life_of(parts: Parts, execution_id: str) -> Life:
    """Return which part of the log concerns an execution. Raises: NotFound."""
    span = parts.reader.span(execution_id)
    if span is None:
        raise NotFound(f"There is no execution {execution_id}")
    began, newest_seq = span
    return Life(began, newest_seq)


def plan_of(parts: Parts, aggregate: Aggregate, revision: int | None = None) -> Plan:
    """
    Return the compiled flow of an execution, or that of another revision.

    Raises:
        NotFound: There is no such revision.
        Conflict: It is no flow any more.
    """
    execution = aggregate.execution
    wanted = execution.flow_revision if revision is None else revision
    stored = parts.flows.get(execution.namespace, execution.flow_id, wanted, allow_deleted=True)
    if stored is None:
        raise NotFound(f"Flow {execution.namespace}.{execution.flow_id} has no revision {wanted}")
    if stored.flow is None:
        raise Conflict(f"Flow {execution.namespace}.{execution.flow_id} is not valid: {stored.exception}")
    host = Host(parts.expressions, parts.surroundings, parts.flows.runnable, parts.encrypt, parts.flows.template)
    templates = (execution.templates or {}) if revision is None else None
    return Plan(stored.flow, wanted, host, templates)

"""
Retention: how long what belongs to a namespace is kept, and what is too old by now.

Of all rules the one with the longest namespace that is the flow's own or above it counts, as a
whole; without a rule, and where a rule names no duration, everything is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from runfold.documents.model import Kind
from runfold.documents.query import Between, Exists, Filter, Is, Not, Under, all_of
from runfold.execution.state import TERMINAL
from runfold.settings import Retention

ENDED: Final = Is("state", tuple(sorted(map(str, TERMINAL))))


@dataclass(frozen=True, slots=True)
class Old:
    """What a rule lets go of: documents of one kind that fit. `date`: the field that says how old they are."""

    rule: Retention
    kind: Kind
    wanted: Filter
    date: str
    before: datetime


def too_old(rules: Sequence[Retention], now: datetime) -> Iterator[Old]:
    """Yield what the rules let go of at `now`; each document fits one of them at most."""
    for rule in rules:
        scope = _scope(rule, rules)
        if rule.executions is not None:
            before = now - rule.executions
            wanted = all_of((*scope, ENDED, Between("endDate", high=before)))
            yield Old(rule, Kind.EXECUTIONS, wanted, "endDate", before)
        for kind, kept in ((Kind.LOGS, rule.logs), (Kind.METRICS, rule.metrics)):
            if kept is not None:
                wanted = all_of((*scope, Between("timestamp", high=now - kept)))
                yield Old(rule, kind, wanted, "timestamp", now - kept)


def _scope(rule: Retention, rules: Sequence[Retention]) -> tuple[Filter, ...]:
    own = Under("namespace", rule.namespace) if rule.namespace else Exists("namespace")
    closer = [
        Not(Under("namespace", other.namespace))
        for other in rules
        if other.namespace != rule.namespace
        and (not rule.namespace or other.namespace.startswith(f"{rule.namespace}."))
    ]
    return (own, *closer)

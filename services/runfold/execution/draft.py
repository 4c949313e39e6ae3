"""
A decision in the making: facts gathered so far, each already applied.

Lives for one call of `decide` and is seen by nobody else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from runfold.execution.aggregate import ROOT, Aggregate
from runfold.execution.apply import apply
from runfold.execution.claims import LogEntry
from runfold.execution.context import Variables, variables_of
from runfold.execution.facts import ExecutionFact, StartAsked, TaskRunCreated, TaskRunMarked, TaskRunMoved, Transition
from runfold.execution.model import TaskRun
from runfold.flows.plan import Plan

CHILDREN_MAX: Final = 500
"""Children that one transition creates at most; the rest follows in the next ones."""

FACTS_MAX: Final = 4_000
"""Facts of one transition at most: with `CHILDREN_MAX` small ones it stays far below a record's limit."""


STARTS_SIZE_MAX: Final = 256 * 1024
"""Bytes of the executions that one transition asks for: they are in its record, inputs and all."""

NOTHING: Final[Mapping[str, Any]] = {}

_encode: Final = msgspec.json.Encoder().encode


class Decision(msgspec.Struct, frozen=True):
    """
    What follows from a claim: a transition (None: nothing does) and the aggregate after it.

    `unfinished`: parents that have more to do than fits; a `Continue` claim goes on with them.
    """

    aggregate: Aggregate | None
    transition: Transition | None = None
    logs: tuple[LogEntry, ...] = ()
    unfinished: tuple[str, ...] = ()


class Draft:
    """Facts gathered so far, the aggregate that they lead to, and the parents to look at next."""

    def __init__(self, plan: Plan, aggregate: Aggregate | None, frame: Transition, *, is_preview: bool = False) -> None:
        self.plan = plan
        self.is_preview = is_preview
        """Only what a claim itself changes is asked for: nothing goes on."""
        self.now: datetime = frame.at
        self._frame = frame
        self._aggregate = aggregate
        self.facts: list[ExecutionFact] = []
        self.logs: list[LogEntry] = []
        self._agenda: dict[str, None] = {}
        self._created = 0
        self._starts_size = 0
        self.unfinished: dict[str, None] = {}

    @property
    def aggregate(self) -> Aggregate:
        assert self._aggregate is not None  # noqa: S101 - the first fact is its creation
        return self._aggregate

    @property
    def is_new(self) -> bool:
        return self._aggregate is None

    @property
    def has_room(self) -> bool:
        return self._created < CHILDREN_MAX and len(self.facts) < FACTS_MAX and self._starts_size < STARTS_SIZE_MAX

    def run(self, taskrun_id: str) -> TaskRun:
        return self.aggregate.taskruns[taskrun_id]

    def add(self, fact: ExecutionFact) -> None:
        """Take a fact and apply it; the parent of a task run that moved is looked at again."""
        self._aggregate = apply(self._aggregate, fact, self._frame)
        self.facts.append(fact)
        if isinstance(fact, TaskRunCreated):
            self._created += 1
        elif isinstance(fact, StartAsked):
            self._created += 1
            self._starts_size += len(_encode(fact))
        elif isinstance(fact, TaskRunMoved | TaskRunMarked):
            self.look_at(self.run(fact.id).parent_taskrun_id or ROOT)

    def look_at(self, parent: str) -> None:
        """Ask again what follows for the children of `parent`; the newest wish is served first."""
        self._agenda.pop(parent, None)
        self._agenda[parent] = None

    def look_at_all(self) -> None:
        """Ask again what follows, for the flow and for each open flowable."""
        self.look_at(ROOT)
        for run in self.aggregate.taskruns.values():
            if not run.state.is_terminal and self.plan.nodes[run.task_id].goes_on:
                self.look_at(run.id)

    def next(self) -> str | None:
        """Return the parent to look at next, and forget the wish."""
        if not self._agenda:
            return None
        return self._agenda.popitem()[0]

    def render(self, run: TaskRun | None, template: object, more: Mapping[str, Any] = NOTHING) -> Any:
        """
        Return a template's text in the context of a task run. `more`: what `taskrun` holds besides.

        Raises:
            ExpressionFailed: It can't be rendered.
        """
        return self.plan.expressions.render(template, self._variables(run, template, more))

    def evaluate(self, run: TaskRun | None, template: object, more: Mapping[str, Any] = NOTHING) -> Any:
        """Do as `render`, but return the typed value of a template that is one expression."""
        return self.plan.expressions.evaluate(template, self._variables(run, template, more))

    def _variables(self, run: TaskRun | None, template: object, more: Mapping[str, Any]) -> Variables:
        variables = variables_of(self.plan, self.aggregate, run, self.plan.expressions.references(template))
        if more:
            variables["taskrun"] = {**variables.get("taskrun", {}), **more}
        return variables

    def log(self, level: str, message: str, run: TaskRun | None = None) -> None:
        """Say something to the people who read the execution's logs."""
        execution = self.aggregate.execution
        self.logs.append(
            LogEntry(
                namespace=execution.namespace,
                flow_id=execution.flow_id,
                execution_id=execution.id,
                timestamp=self.now,
                level=level,
                message=message,
                task_id=run.task_id if run else None,
                taskrun_id=run.id if run else None,
                attempt_number=max(len(run.attempts) - 1, 0) if run else None,
                thread="executor",
            )
        )

    def decision(self) -> Decision:
        """Return what was decided."""
        if not self.facts:
            return Decision(self._aggregate, unfinished=tuple(self.unfinished))
        transition = replace(self._frame, facts=tuple(self.facts))
        aggregate = replace(self.aggregate, seq=transition.seq)
        return Decision(aggregate, transition, tuple(self.logs), tuple(self.unfinished))

"""If and Switch: which tasks run is decided once, at the start, and kept as outputs."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import AliasChoices, Field, model_validator

from runfold.flows.lanes import one_lane
from runfold.flows.schema import NonBlank, NotEmpty, Text, rule
from runfold.flows.task import Children, Entry, Evaluate, FlowableTask, Lanes, Tasks
from runfold.flows.values import text_of


class If(FlowableTask):
    """Run `then` or `else`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.If"

    condition: NonBlank
    then: Annotated[Tasks, NotEmpty]
    else_: Tasks = Field(default=(), validation_alias=AliasChoices("else"), serialization_alias="else")

    def enter(self, evaluate: Evaluate) -> Entry:
        from runfold.flows.expressions import is_truthy  # noqa: PLC0415 - flows are read without their engine

        return Entry(outputs={"evaluationResult": is_truthy(text_of(evaluate(self.condition)))})

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - no loop
        return self._branches[None if outputs is None else bool(outputs.get("evaluationResult"))]

    @cached_property
    def _branches(self) -> dict[bool | None, Lanes]:
        return {True: one_lane(self.then), False: one_lane(self.else_), None: one_lane(())}

    def children(self) -> Children:
        branches = {"then": self.then, "else": self.else_}
        return {**{name: tasks for name, tasks in branches.items() if tasks}, **super().children()}


class Switch(FlowableTask):
    """Run the case that equals the value, else `defaults`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Switch"

    value: NonBlank
    cases: dict[Text, Tasks] = Field(default_factory=dict)
    defaults: Tasks = ()

    @model_validator(mode="after")
    def _has_tasks(self) -> Self:
        if not self.cases and not self.defaults:
            raise rule("No task defined, neither cases or default have any tasks")
        return self

    def enter(self, evaluate: Evaluate) -> Entry:
        value = text_of(evaluate(self.value))
        return Entry(outputs={"value": value, "defaults": value not in self.cases})

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes | None:  # noqa: ARG002 - no loop
        value = "" if outputs is None else str(outputs.get("value"))
        return self._branches.get(value, self._default)

    @cached_property
    def _branches(self) -> dict[str, Lanes]:
        return {value: one_lane(tasks) for value, tasks in self.cases.items()}

    @cached_property
    def _default(self) -> Lanes | None:
        return one_lane(self.defaults) if self.defaults else None

    def children(self) -> Children:
        cases = {f"cases.{name}": tasks for name, tasks in self.cases.items()}
        defaults = {"defaults": self.defaults} if self.defaults else {}
        return {**cases, **defaults, **super().children()}

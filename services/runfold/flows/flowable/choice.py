"""If and Switch: which tasks run is decided once, at the start, and kept as outputs."""

from collections.abc import Mapping, Sequence
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
        if outputs is None:
            return one_lane(())
        return one_lane(self.then if outputs.get("evaluationResult") else self.else_)

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
        if value in self.cases:
            return one_lane(self.cases[value])
        return one_lane(self.defaults) if self.defaults else None

    def children(self) -> Children:
        cases = {f"cases.{name}": tasks for name, tasks in self.cases.items()}
        defaults = {"defaults": self.defaults} if self.defaults else {}
        return {**cases, **defaults, **super().children()}

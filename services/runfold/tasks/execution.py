"""Tasks that act on the execution they are in, or on others."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import model_validator

from runfold.adapters.execution_access import ExecutionsWanted, ResumeWanted
from runfold.execution.state import State
from runfold.flows.schema import Model, NotEmpty, Text, rule
from runfold.flows.task import RunnableTask
from runfold.flows.temporal import parse_instant
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.purge import PurgeExecutions


class Fail(RunnableTask):
    """Fail: always, or if `condition` is true."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.execution.Fail"
    BRIEF: ClassVar[bool] = True

    condition: Text | None = None
    error_message: Text = "Task failure"

    def run(self, context: RunContext) -> Outputs:
        if self.condition is None:
            raise TaskFailed(context.render(self.error_message) or "")
        if context.is_true(self.condition):
            context.logger.error(context.render(self.error_message) or "")
            raise TaskFailed("Fail on a condition")
        return None


class Resume(RunnableTask):
    """Let a paused execution go on. `inputs`: what its Pause task asks for."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.execution.Resume"

    namespace: Text | None = None
    flow_id: Text | None = None
    execution_id: Text | None = None
    inputs: dict[str, Any] | None = None

    def run(self, context: RunContext) -> Outputs:
        own: str = context.variables["execution"]["id"]
        context.storage.executions.resume(
            ResumeWanted(
                execution_id=context.render(self.execution_id) or own,
                claim_id=f"{context.storage.claim_id}.resume",
                namespace=context.render(self.namespace),
                flow_id=context.render(self.flow_id),
                inputs=context.evaluate(self.inputs or {}),
            )
        )
        return None


class NamedFlow(Model):
    """A flow whose executions are counted."""

    namespace: Text
    flow_id: Text


class Count(RunnableTask):
    """
    Count executions, by flow or by namespace, and keep those counts of which `expression` holds.

    Gives `results` (namespace, flowId, count each) and their `total`.
    """

    TYPE: ClassVar[str] = "io.kestra.plugin.core.execution.Count"

    flows: Annotated[tuple[NamedFlow, ...], NotEmpty] | None = None
    namespaces: Annotated[tuple[Text, ...], NotEmpty] | None = None
    states: tuple[State, ...] = ()
    start_date: Text | None = None
    end_date: Text | None = None
    expression: Text

    @model_validator(mode="after")
    def _is_of_something(self) -> Self:
        if self.flows is None and self.namespaces is None:
            raise rule("must have `flows` or `namespaces`")
        return self

    def run(self, context: RunContext) -> Outputs:
        began = (_date(context, self.start_date), _date(context, self.end_date))
        named = [(flow.namespace, flow.flow_id) for flow in self.flows or ()]
        named += [(namespace, "") for namespace in self.namespaces or ()]
        results: list[dict[str, Any]] = []
        for namespace, flow_id in named:
            wanted = ExecutionsWanted(
                context.render(namespace) or "", context.render(flow_id) or None, self.states, *began
            )
            count = context.storage.executions.count(wanted)
            if context.with_variables({"count": count}).is_true(self.expression):
                flow = {} if wanted.flow_id is None else {"flowId": wanted.flow_id}
                results.append({"namespace": wanted.namespace, **flow, "count": count})
        return {"results": results, "total": sum(result["count"] for result in results)}


def _date(context: RunContext, text: str | None) -> datetime | None:
    rendered = context.render(text)
    if not rendered:
        return None
    try:
        return parse_instant(rendered)
    except ValueError as error:
        raise TaskFailed(f"No date: {error}") from error


EXECUTION_TASKS: Final = (Fail, Resume, Count, PurgeExecutions)

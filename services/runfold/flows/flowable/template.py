"""
Template: a task whose children are those of a stored template; deprecated, subflows do more.

A flow names the template; its tasks come in when the flow is made ready to run (`filled`), so
the flow itself never holds them. One template may be used many times in a flow.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from runfold.errors import ExpressionFailed
from runfold.flows.lanes import one_lane
from runfold.flows.schema import NonBlank, Text, as_text
from runfold.flows.task import Children, Entry, Evaluate, FlowableTask, Lanes, Tasks
from runfold.flows.values import text_of


class Template(FlowableTask):
    """Run the tasks of a stored template; `args` are its `parent.outputs.args`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Template"
    DEPRECATED: ClassVar[bool] = True

    namespace: NonBlank
    template_id: NonBlank
    args: dict[Text, Annotated[Any, BeforeValidator(as_text)]] | None = None

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - the tasks are not known here
        return one_lane(())

    def filled(self, tasks: Tasks, errors: Tasks) -> "FilledTemplate":
        """Return the task with the children that its template has."""
        own = {**dict(self), "tasks": tasks, "errors": (*errors, *self.errors)}
        return FilledTemplate.model_construct(**own)

    def unusable(self, problem: str) -> "FilledTemplate":
        """Return the task as one that fails for that reason."""
        return FilledTemplate.model_construct(**dict(self), problem=problem)


class FilledTemplate(Template):
    """A Template with the tasks of the template that it names, or with the reason why it has none."""

    tasks: Tasks = ()
    problem: str | None = None

    def enter(self, evaluate: Evaluate) -> Entry:
        if self.problem is not None:
            raise ExpressionFailed(self.problem)
        args = {key: text_of(evaluate(value)) for key, value in (self.args or {}).items()}
        return Entry(outputs={"args": args} if args else None)

    def lanes(self, outputs: Mapping[str, Any] | None, values: Sequence[str] | None) -> Lanes:  # noqa: ARG002 - always the same
        return one_lane(self.tasks)

    def children(self) -> Children:
        return {**({"tasks": self.tasks} if self.tasks else {}), **super().children()}

"""The task whose definition is made by a template."""

from collections.abc import Callable
from typing import ClassVar, Final

from pydantic import ValidationError

from runfold.errors import FlowInvalid
from runfold.flows.report import violations
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.flows.yaml_source import read_yaml
from runfold.tasks.context import Outputs, RunContext, TaskFailed


class TemplatedTask(RunnableTask):
    """Render `spec`, read it as the YAML of a task, and run that; its outputs are this task's own."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.templating.TemplatedTask"
    READS_EVERYTHING: ClassVar[bool] = True
    """What the rendered text holds is a template again, and nobody knows before what it reads."""

    spec: Text

    def run(self, context: RunContext) -> Outputs:
        task = self._task(context)
        run: Callable[[RunnableTask, RunContext], Outputs] | None = getattr(type(task), "run", None)
        if run is None:
            raise TaskFailed(f"The templated task of type '{task.type}' can't run by itself")
        return run(task, context)

    def _task(self, context: RunContext) -> RunnableTask:
        """Return the task that the rendered spec describes. Raises: TaskFailed."""
        try:
            source = read_yaml(context.render(self.spec) or "")
        except FlowInvalid as error:
            raise TaskFailed(f"The templated task is no YAML: {error}") from error
        if not isinstance(source.value, dict):
            raise TaskFailed("The templated task must be a map")
        written = source.value.get("type")
        model = context.types.find(written) if isinstance(written, str) else None
        if model is TemplatedTask:
            raise TaskFailed(f"The templated task cannot be of type '{self.TYPE}'")
        if model is None:
            raise TaskFailed(f"Invalid type: {written}")
        if not issubclass(model, RunnableTask):
            raise TaskFailed("The templated task must be a runnable task")
        try:
            given = {"id": self.id, **source.value}
            return model.model_validate(given, context={"types": context.types}, by_alias=True, by_name=False)
        except ValidationError as error:
            wrong = FlowInvalid(violations(error, source))
            raise TaskFailed(f"The templated task is not valid: {wrong}") from error


TEMPLATING_TASKS: Final = (TemplatedTask,)

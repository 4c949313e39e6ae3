"""Tasks that act on the execution they are in."""

from typing import ClassVar, Final

from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext, TaskFailed


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


EXECUTION_TASKS: Final = (Fail,)

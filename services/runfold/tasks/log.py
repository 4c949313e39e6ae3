"""The task that writes to the log."""

from typing import ClassVar

from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext
from runfold.tasks.levels import level_of


class Log(RunnableTask):
    """Write one log entry, or one for each item of a list."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.log.Log"
    BRIEF: ClassVar[bool] = True

    message: Text | tuple[Text, ...]
    level: Text = "INFO"

    def run(self, context: RunContext) -> Outputs:
        level = level_of(context, self.level)
        messages = (self.message,) if isinstance(self.message, str) else self.message
        for message in messages:
            context.logger.write(level, context.render(message) or "")
        return None

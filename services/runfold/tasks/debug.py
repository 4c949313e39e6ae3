"""Tasks that show what a template becomes."""

from typing import ClassVar, Final

from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext
from runfold.tasks.levels import level_of


class Return(RunnableTask):
    """Give the rendered `format` as the output `value`, and log it at DEBUG."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.debug.Return"
    BRIEF: ClassVar[bool] = True

    format: Text | None = None

    def run(self, context: RunContext) -> Outputs:
        begun = context.monotonic()
        value = context.render(self.format)
        if value is not None:
            context.logger.debug(value)
        tags = {} if self.format is None else {"format": self.format}
        context.metrics.counter("length", len(value or ""), **tags)
        context.metrics.timer("duration", context.monotonic() - begun, **tags)
        return {"value": value}


class Echo(RunnableTask):
    """Log the rendered `format`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.debug.Echo"
    BRIEF: ClassVar[bool] = True
    DEPRECATED: ClassVar[bool] = True

    format: Text | None = None
    level: Text = "INFO"

    def run(self, context: RunContext) -> Outputs:
        text = context.render(self.format)
        if text is not None:
            context.logger.write(level_of(context, self.level), text)
        return None


DEBUG_TASKS: Final = (Return, Echo)

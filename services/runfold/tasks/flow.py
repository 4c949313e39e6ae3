"""Tasks that steer when a flow goes on."""

from datetime import timedelta
from typing import ClassVar, Final

from runfold.flows.duration import format_duration
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext, TaskFailed


class Sleep(RunnableTask):
    """Wait for `duration`: ISO text or seconds."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.flow.Sleep"

    duration: Text

    def run(self, context: RunContext) -> Outputs:
        duration = context.duration(self.duration)
        if duration < timedelta(0):
            raise TaskFailed(f"The duration `{format_duration(duration)}` is negative")
        message = f"Waiting for {format_duration(duration)}"
        context.logger.info(message)
        context.wait(duration.total_seconds())
        return None


FLOW_TASKS: Final = (Sleep,)

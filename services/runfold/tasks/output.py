"""Tasks that hand values on."""

from typing import Any, ClassVar, Final

from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext


class OutputValues(RunnableTask):
    """Give `values`, each text in it rendered, as the output `values`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.output.OutputValues"
    BRIEF: ClassVar[bool] = True

    values: dict[str, Any] | None = None

    def run(self, context: RunContext) -> Outputs:
        return {"values": context.render_deep(self.values or {})}


OUTPUT_TASKS: Final = (OutputValues,)

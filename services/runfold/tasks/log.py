"""Tasks that write to the log, and read it."""

import tempfile
from typing import Any, ClassVar, Final

import orjson

from runfold.adapters.log_search import LogsWanted
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext
from runfold.tasks.levels import level_of
from runfold.tasks.purge import PurgeLogs
from runfold.tasks.values import text_list


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


class Fetch(RunnableTask):
    """Store an execution's log entries of `level` and graver, one a row."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.log.Fetch"

    namespace: Text | None = None
    flow_id: Text | None = None
    execution_id: Text | None = None
    tasks_id: Any = None
    level: Text = "INFO"

    def run(self, context: RunContext) -> Outputs:
        own: str = context.variables["execution"]["id"]
        task_ids = () if self.tasks_id is None else tuple(text_list(context, self.tasks_id, "tasksId"))
        wanted = LogsWanted(context.render(self.execution_id) or own, level_of(context, self.level), task_ids)
        entries = context.storage.find_logs(wanted)
        with tempfile.TemporaryFile() as lines:
            for entry in entries:
                lines.write(orjson.dumps(entry, default=str) + b"\n")
            lines.seek(0)
            return {"uri": context.storage.files.store(lines, ".ion"), "size": len(entries)}


LOG_TASKS: Final = (Fetch, Log, PurgeLogs)

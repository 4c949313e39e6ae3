"""Tasks that let go of what is old: executions with all that belongs to them, and log lines."""

from datetime import datetime
from typing import Any, ClassVar, Final, Self

from pydantic import model_validator

from runfold.adapters.purging import Purge, Purged, Reach
from runfold.documents.query import Between, Filter, Is, Under, all_of
from runfold.execution.state import TERMINAL, State
from runfold.flows.schema import Text, rule
from runfold.flows.task import Level, RunnableTask
from runfold.flows.temporal import parse_instant
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.values import flag

LOOKS_MAX: Final = 12
LOOKED_EACH_S: Final = 0.25
"""What has just ended may be found a moment later: while nothing is found it is looked for again, so often."""


class PurgeExecutions(RunnableTask):
    """
    Delete ended executions, with their log lines, measurements and files as wanted.

    Of a flow if `flowId` is given, else of the namespace and those below it; without both, of all.
    """

    TYPE: ClassVar[str] = "io.kestra.plugin.core.execution.PurgeExecutions"

    namespace: Text | None = None
    flow_id: Text | None = None
    start_date: Text | None = None
    end_date: Text
    states: tuple[State, ...] | None = None
    purge_execution: Any = True
    purge_log: Any = True
    purge_metric: Any = True
    purge_storage: Any = True

    @model_validator(mode="after")
    def _only_ended_ones(self) -> Self:
        if self.states is not None and not TERMINAL.issuperset(self.states):
            raise rule("`states` must be terminated ones")
        return self

    def run(self, context: RunContext) -> Outputs:
        purge = purge_of(context)
        wanted = all_of(
            (
                *_of_flow(context, self.namespace, self.flow_id),
                Is("state", tuple(map(str, self.states or sorted(TERMINAL)))),
                _between("startDate", date_of(context, self.start_date), None),
                _between("endDate", None, date_of(context, self.end_date)),
            )
        )
        reach = Reach(
            executions=flag(context, self.purge_execution),
            logs=flag(context, self.purge_log),
            metrics=flag(context, self.purge_metric),
            files=flag(context, self.purge_storage),
        )
        found = self._purged(context, purge, wanted, reach)
        return {
            "executionsCount": found.executions,
            "logsCount": found.logs,
            "metricsCount": found.metrics,
            "storagesCount": found.files,
        }

    def _purged(self, context: RunContext, purge: Purge, wanted: Filter, reach: Reach) -> Purged:
        actor = f"execution {context.variables['execution']['id']}"
        for _ in range(LOOKS_MAX):
            found = purge.executions(wanted, reach, actor)
            if found != Purged():
                return found
            context.wait(LOOKED_EACH_S)
        return Purged()


class PurgeLogs(RunnableTask):
    """Delete log lines from the index. Gives their `count`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.log.PurgeLogs"

    namespace: Text | None = None
    flow_id: Text | None = None
    log_levels: tuple[Level, ...] | None = None
    start_date: Text | None = None
    end_date: Text

    def run(self, context: RunContext) -> Outputs:
        levels = None if self.log_levels is None else Is("level", tuple(map(str, self.log_levels)))
        wanted = all_of(
            (
                *_of_flow(context, self.namespace, self.flow_id),
                levels,
                _between("timestamp", date_of(context, self.start_date), date_of(context, self.end_date)),
            )
        )
        return {"count": purge_of(context).logs(wanted)}


def purge_of(context: RunContext) -> Purge:
    """Return what purges here. Raises: TaskFailed."""
    if context.storage.purge is None:
        raise TaskFailed("This engine keeps no index: there is nothing to purge")
    return context.storage.purge


def date_of(context: RunContext, text: str | None) -> datetime | None:
    """Return the instant that `text` renders to; None: not given. Raises: TaskFailed."""
    rendered = context.render(text)
    if not rendered:
        return None
    try:
        return parse_instant(rendered)
    except ValueError as error:
        raise TaskFailed(f"No date: {error}") from error


def _of_flow(context: RunContext, namespace: str | None, flow_id: str | None) -> tuple[Filter | None, ...]:
    namespace, flow_id = context.render(namespace), context.render(flow_id)
    if not flow_id:
        return (Under("namespace", namespace) if namespace else None,)
    return (Is("namespace", (namespace,)) if namespace else None, Is("flowId", (flow_id,)))


def _between(field: str, low: datetime | None, high: datetime | None) -> Filter | None:
    return None if low is None and high is None else Between(field, low, high)

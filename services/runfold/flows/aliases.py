"""Old type names and what they are called now. Flows keep the name their author wrote."""

from collections.abc import Mapping
from typing import Final

_GROUPS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "io.kestra.core.models.conditions.types",
        "io.kestra.plugin.core.condition",
        (
            "DateTimeBetweenCondition DateTimeBetween",
            "DayWeekCondition DayWeek",
            "DayWeekInMonthCondition DayWeekInMonth",
            "ExecutionFlowCondition ExecutionFlow",
            "ExecutionLabelsCondition ExecutionLabels",
            "ExecutionNamespaceCondition ExecutionNamespace",
            "ExecutionOutputsCondition ExecutionOutputs",
            "ExecutionStatusCondition ExecutionStatus",
            "FlowCondition",
            "FlowNamespaceCondition",
            "HasRetryAttemptCondition HasRetryAttempt",
            "MultipleCondition",
            "NotCondition Not",
            "OrCondition Or",
            "PublicHolidayCondition PublicHoliday",
            "TimeBetweenCondition TimeBetween",
            "VariableCondition Expression",
            "WeekendCondition Weekend",
        ),
    ),
    (
        "io.kestra.core.models.triggers.types",
        "io.kestra.plugin.core.trigger",
        (
            "Flow",
            "Schedule",
            "Webhook",
        ),
    ),
    (
        "io.kestra.core.tasks.debugs",
        "io.kestra.plugin.core.debug",
        (
            "Echo",
            "Return",
        ),
    ),
    (
        "io.kestra.core.tasks.executions",
        "io.kestra.plugin.core.execution",
        (
            "Counts Count",
            "Fail",
            "Labels",
        ),
    ),
    (
        "io.kestra.core.tasks.flows",
        "io.kestra.plugin.core.flow",
        (
            "AllowFailure",
            "Dag",
            "EachParallel",
            "EachSequential",
            "Flow Subflow",
            "ForEachItem",
            "If",
            "Parallel",
            "Pause",
            "Sequential",
            "Subflow",
            "Switch",
            "Template",
            "Worker WorkingDirectory",
            "WorkingDirectory",
        ),
    ),
    (
        "io.kestra.core.tasks.log",
        "io.kestra.plugin.core.log",
        (
            "Fetch",
            "Log",
        ),
    ),
    (
        "io.kestra.core.tasks.states",
        "io.kestra.plugin.core.state",
        (
            "Delete",
            "Get",
            "Set",
        ),
    ),
    (
        "io.kestra.core.tasks.storages",
        "io.kestra.plugin.core.storage",
        (
            "Concat",
            "DeduplicateItems",
            "Delete",
            "FilterItems",
            "LocalFiles",
            "PurgeExecution PurgeCurrentExecutionFiles",
            "Reverse",
            "Size",
            "Split",
        ),
    ),
    ("io.kestra.core.tasks.storages", "io.kestra.plugin.core.execution", ("Purge PurgeExecutions",)),
    ("io.kestra.core.tasks.templating", "io.kestra.plugin.core.templating", ("TemplatedTask",)),
    ("io.kestra.core.tasks.trigger", "io.kestra.plugin.core.trigger", ("Toggle",)),
    (
        "io.kestra.plugin.core.condition",
        "io.kestra.plugin.core.condition",
        (
            "DateTimeBetweenCondition DateTimeBetween",
            "DayWeekCondition DayWeek",
            "DayWeekInMonthCondition DayWeekInMonth",
            "ExecutionFlowCondition ExecutionFlow",
            "ExecutionLabelsCondition ExecutionLabels",
            "ExecutionNamespaceCondition ExecutionNamespace",
            "ExecutionOutputsCondition ExecutionOutputs",
            "ExecutionStatusCondition ExecutionStatus",
            "ExpressionCondition Expression",
            "HasRetryAttemptCondition HasRetryAttempt",
            "NotCondition Not",
            "OrCondition Or",
            "PublicHolidayCondition PublicHoliday",
            "TimeBetweenCondition TimeBetween",
            "WeekendCondition Weekend",
        ),
    ),
    ("io.kestra.plugin.core.storage", "io.kestra.plugin.core.execution", ("Purge PurgeExecutions",)),
    ("io.kestra.plugin.core.storage", "io.kestra.plugin.core.storage", ("PurgeExecution PurgeCurrentExecutionFiles",)),
    (
        "io.kestra.plugin.fs.http",
        "io.kestra.plugin.core.http",
        (
            "Download",
            "Request",
            "Trigger",
        ),
    ),
)
"""Old package, new package, and names: one where it is the same in both, else old and new."""

ALIASES: Final[Mapping[str, str]] = {
    f"{old}.{names.split()[0]}": f"{new}.{names.split()[-1]}" for old, new, group in _GROUPS for names in group
}
"""Old type name to new."""

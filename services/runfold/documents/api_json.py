"""
The JSON that the REST API answers with; `source.source_of` says which documents keep it.

Made from snapshots and log records only. The rule: what is null is left out, except a
task run's `outputs`; a lone state has lasted "PT0S", because no clock is read here.

Source:
    The Task Run object example of Kestra's page "Task Runs"; docs/reference semantics 9.4.
"""

from collections.abc import Iterable
from typing import Any

from runfold.documents.instants import duration_text, instant_text, seconds_text
from runfold.execution.claims import LogEntry, MetricEntry
from runfold.execution.model import Attempt, Branch, Execution, Metric, TaskRun, Trigger
from runfold.execution.state import History, State

ApiJson = dict[str, Any]


def taskrun_json(taskrun: TaskRun) -> ApiJson:
    """Return a task run; key by key in the order of the documented example."""
    json: ApiJson = {
        "id": taskrun.id,
        "executionId": taskrun.execution_id,
        "namespace": taskrun.namespace,
        "flowId": taskrun.flow_id,
        "taskId": taskrun.task_id,
    }
    if taskrun.parent_taskrun_id is not None:
        json["parentTaskRunId"] = taskrun.parent_taskrun_id
    if taskrun.value is not None:
        json["value"] = taskrun.value
    if taskrun.attempts:
        json["attempts"] = [_attempt_json(attempt) for attempt in taskrun.attempts]
    json["outputs"] = taskrun.outputs
    json["state"] = state_json(taskrun.histories)
    if taskrun.iteration is not None:
        json["iteration"] = taskrun.iteration
    if taskrun.place.branch is Branch.DYNAMIC:
        json["dynamic"] = True
    return json


def execution_json(execution: Execution, taskruns: Iterable[TaskRun]) -> ApiJson:
    """Return an execution with `taskruns` in their order; without any, it has no `taskRunList`."""
    created = execution.original_created_date or execution.histories[0].date
    listed = [taskrun_json(taskrun) for taskrun in taskruns]
    json: dict[str, Any] = {
        "id": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.flow_revision,
        "taskRunList": listed or None,
        "inputs": execution.inputs or None,
        "outputs": execution.outputs or None,
        "labels": [{"key": label.key, "value": label.value} for label in execution.labels] or None,
        "variables": execution.variables,
        "state": state_json(execution.histories),
        "parentId": execution.parent_id,
        "originalId": execution.original_id or execution.id,
        "trigger": _trigger_json(execution.trigger),
        "deleted": False,
        "metadata": {"attemptNumber": execution.attempt_number, "originalCreatedDate": instant_text(created)},
        "scheduleDate": execution.schedule_date and instant_text(execution.schedule_date),
    }
    return _without_nulls(json)


def log_json(entry: LogEntry) -> ApiJson:
    """Return a log line."""
    return _without_nulls(
        {
            "namespace": entry.namespace,
            "flowId": entry.flow_id,
            "taskId": entry.task_id,
            "executionId": entry.execution_id,
            "taskRunId": entry.taskrun_id,
            "attemptNumber": entry.attempt_number,
            "triggerId": entry.trigger_id,
            "timestamp": instant_text(entry.timestamp),
            "level": entry.level,
            "thread": entry.thread,
            "message": entry.message,
        }
    )


def metric_json(entry: MetricEntry) -> ApiJson:
    """Return a measurement; timers are in milliseconds."""
    return _without_nulls(
        {
            "namespace": entry.namespace,
            "flowId": entry.flow_id,
            "taskId": entry.task_id,
            "executionId": entry.execution_id,
            "taskRunId": entry.taskrun_id,
            "type": entry.type,
            "name": entry.name,
            "value": entry.value,
            "timestamp": instant_text(entry.timestamp),
            "tags": dict(entry.tags) or None,
        }
    )


def state_json(histories: History) -> ApiJson:
    """Return a state with its history and what follows from it."""
    last = histories[-1]
    moves = [{"state": str(entry.state), "date": instant_text(entry.date)} for entry in histories]
    json: ApiJson = {
        "current": str(last.state),
        "histories": moves,
        "duration": duration_text(last.date - histories[0].date),
    }
    if has_ended(histories):
        json["endDate"] = moves[-1]["date"]
    json["startDate"] = moves[0]["date"]
    return json


def has_ended(histories: History) -> bool:
    """Return whether the last entry is an end date; a pause counts as one."""
    return histories[-1].state.is_terminal or histories[-1].state is State.PAUSED


def _attempt_json(attempt: Attempt) -> ApiJson:
    json: ApiJson = {}
    if attempt.metrics:
        json["metrics"] = [measured_json(metric) for metric in attempt.metrics]
    json["state"] = state_json(attempt.histories)
    if attempt.log_file is not None:
        json["logFile"] = attempt.log_file
    return json


def measured_json(metric: Metric) -> ApiJson:
    """Return a counter with a number, or a timer with an ISO duration; the example orders their keys so."""
    head: ApiJson = {"name": metric.name, "tags": dict(metric.tags)}
    if metric.type == "timer":
        return head | {"type": metric.type, "value": seconds_text(metric.value)}
    return head | {"value": metric.value, "type": metric.type}


def _trigger_json(trigger: Trigger | None) -> ApiJson | None:
    if trigger is None:
        return None
    return {"id": trigger.id, "type": trigger.type, "variables": trigger.variables}


def _without_nulls(json: ApiJson) -> ApiJson:
    return {key: value for key, value in json.items() if value is not None}

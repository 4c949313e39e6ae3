"""
The Labels task: merged into the execution's labels by the executor itself.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from runfold.errors import ExpressionFailed
from runfold.execution.draft import Draft
from runfold.execution.facts import AttemptEnded, LabelsSet, TaskRunMoved
from runfold.execution.failing import fail
from runfold.execution.model import Attempt, Label, TaskRun
from runfold.execution.state import Entry, State
from runfold.flows.labels_task import SetsLabels


def set_labels(draft: Draft, run: TaskRun, task: SetsLabels) -> None:
    """Merge the task's labels over those of the execution; of a key given again the new value counts."""
    try:
        wanted = _wanted(draft, run, task.labels)
    except ExpressionFailed as error:
        fail(draft, run, str(error))
        return
    labels = {label.key: label.value for label in reversed(draft.aggregate.execution.labels)}
    merged = {label.key: labels[label.key] for label in draft.aggregate.execution.labels} | wanted
    draft.add(TaskRunMoved(run.id, State.RUNNING))
    draft.add(LabelsSet(tuple(Label(key, value) for key, value in merged.items())))
    history = (Entry(State.CREATED, draft.now), Entry(State.RUNNING, draft.now), Entry(State.SUCCESS, draft.now))
    draft.add(AttemptEnded(run.id, Attempt(history)))
    draft.add(TaskRunMoved(run.id, State.SUCCESS))


def _wanted(draft: Draft, run: TaskRun, given: Any) -> dict[str, str]:
    rendered = draft.render(run, given)
    if isinstance(rendered, str):
        try:
            rendered = msgspec.json.decode(rendered)
        except msgspec.DecodeError as error:
            raise ExpressionFailed(f"labels must be a map, a list, or JSON of either: {error}") from error
    if isinstance(rendered, list) and all(isinstance(entry, Mapping) for entry in rendered):
        pairs = [(entry.get("key"), entry.get("value")) for entry in rendered]
    elif isinstance(rendered, Mapping):
        pairs = list(rendered.items())
    else:
        raise ExpressionFailed("labels must be a map, a list, or JSON of either")
    found: dict[str, str] = {}
    for key, value in pairs:
        if not key or value is None:
            raise ExpressionFailed("labels need a key and a value")
        if isinstance(value, Mapping | list):
            raise ExpressionFailed(f"the value of label `{key}` must be a text, a number or a boolean")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if str(key).startswith("system."):
            raise ExpressionFailed(f"System labels can only be set by Kestra itself, offending label: {key}={text}.")
        found[str(key)] = text
    return found

"""
For tests of task types: run a flow to its end, in an engine of its own, in memory.

    from runfold.testing import run_flow

    def test_it_greets() -> None:
        ended = run_flow(FLOW, {"name": "Ada"})
        assert ended.state == "SUCCESS"
        assert ended.outputs_of("greet") == {"value": "Hello Ada"}

Types of installed packages are there; `plugins` names those that are not installed.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runfold.commands.running import has_ended, start, watch
from runfold.embedded import engine
from runfold.execution.claims import LogEntry
from runfold.execution.model import TaskRun
from runfold.flows.parse import parse_flow
from runfold.runtime import Services
from runfold.settings import Settings
from runfold.webserver.view import Seen

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How an execution ended; task runs in the order of their creation, log lines in that of their coming."""

    state: str
    outputs: Mapping[str, Any]
    taskruns: tuple[TaskRun, ...] = field(repr=False)
    logs: tuple[LogEntry, ...] = field(repr=False)

    def taskrun(self, task_id: str) -> TaskRun:
        """Return the first task run of a task. Raises: LookupError, there is none."""
        for taskrun in self.taskruns:
            if taskrun.task_id == task_id:
                return taskrun
        raise LookupError(f"The task {task_id} did not run; there are: {[each.task_id for each in self.taskruns]}")

    def outputs_of(self, task_id: str) -> Mapping[str, Any]:
        """Return the outputs of a task. Raises: LookupError, it did not run."""
        return self.taskrun(task_id).outputs or {}

    def messages(self, task_id: str | None = None) -> list[str]:
        """Return what was logged; `task_id`: by that task."""
        return [entry.message for entry in self.logs if task_id is None or entry.task_id == task_id]


def run_flow(
    source: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    plugins: Sequence[str] = (),
    timeout_s: float = TIMEOUT_S,
) -> Ended:
    """
    Run the flow in `source` (YAML) to its end.

    `plugins`: types besides those of installed packages, each `module:NAME`.

    Raises:
        FlowInvalid: Says what is wrong with it.
        InputsInvalid: The inputs are not those that it declares.
        TimeoutError: It has not ended in time.
    """
    stop = threading.Event()
    with engine(Settings(plugins=tuple(plugins)), None) as ours:
        parse_flow(source, ours.core.types)
        flow = ours.flows.create(source).flow
        assert flow is not None  # noqa: S101 - it has just been read
        services = Services(ours.steps, stop)
        services.start()
        timer = threading.Timer(timeout_s, stop.set)
        timer.start()
        try:
            seen = watch(ours, flow.id, start(ours, flow, inputs or {}), stop, shown=False)
        finally:
            timer.cancel()
            stop.set()
            services.join()
    if seen is None or not has_ended(seen):
        raise TimeoutError(f"The flow {flow.id} has not ended within {timeout_s} s: {_where(seen)}")
    return _ended(seen)


def _ended(seen: Seen) -> Ended:
    assert seen.execution is not None  # noqa: S101 - it has ended
    logs = tuple(line.entry for line in seen.logs)
    return Ended(str(seen.execution.state), seen.execution.outputs or {}, tuple(seen.shown), logs)


def _where(seen: Seen | None) -> str:
    runs = seen.taskruns if seen is not None else ()
    return ", ".join(f"{run.task_id} {run.state}" for run in runs) or "nothing ran"

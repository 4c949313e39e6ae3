"""
The attempt of a WorkingDirectory: its tasks one after another, in one folder, on one thread.

Each inner task is an attempt of its own, with its own log, metrics, files and report; what they
leave waits here until the worker's thread takes it, in order. Rule: the worker reports, the
engine decides; here only what must be known at once is decided: whether to go on with the next task.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import msgspec

from runfold.errors import RunfoldError
from runfold.execution.claims import Work
from runfold.execution.context import instant
from runfold.execution.directory import inner_id
from runfold.execution.ids import fraction_of
from runfold.execution.state import State
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.retry import Behavior, next_attempt
from runfold.flows.task import Task, enabled
from runfold.ports import Message
from runfold.tasks.context import Killed, Outputs, Result, TimedOut
from runfold.tasks.directory import collected, prepare
from runfold.worker import reports
from runfold.worker.attempt import Attempt, Given, Surroundings
from runfold.worker.attempt_metrics import metric_messages
from runfold.worker.definitions import Definition, definition_of
from runfold.worker.directory_cache import DirectoryCache
from runfold.worker.reports import InnerReport, Outcome, Span
from runfold.worker.stop import StopSignal
from runfold.worker.storage import AttemptStorage, Outside

logger = logging.getLogger(__name__)

LOOK_EACH_S: Final = 0.05
"""How often a task with a timeout is looked at."""


class DirectoryAttempt(Attempt):
    """See the module. `run` belongs to the attempt's thread, `take` to the worker's."""

    __slots__ = ("_current", "_inner_outputs", "_lock", "_messages")

    def __init__(self, given: Given, definition: Definition, stop: StopSignal, around: Surroundings) -> None:
        super().__init__(given, definition, stop, around)
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._current: InnerAttempt | None = None
        self._inner_outputs: dict[str, Any] = dict(given.work.variables.get("outputs") or {})

    def take(self) -> Iterator[Message]:
        yield from super().take()
        with self._lock:
            found, self._messages = self._messages, []
            if self._current is not None:
                found += self._current.log.take()
                if not self._current.is_announced:
                    self._current.is_announced = True
                    found.append(self._current.report(State.RUNNING))
        yield from found

    def _perform(self) -> Outputs:
        task = self._definition.task
        assert isinstance(task, WorkingDirectory)  # noqa: S101 - the runner asked
        folder = self._storage.working_dir
        cache = DirectoryCache(self._around.outside.files, self.work, task.cache, self._around.clock(), self.log)
        cache.restore(folder)
        prepare(self._context, task)
        has_failed = any(self._stops_after(inner) for inner in enabled(task.tasks))
        outputs = collected(self._context, task)
        cache.save(folder)
        return Result(outputs, State.FAILED if has_failed else State.SUCCESS)

    def inputs(self) -> None:
        """Return nothing: each task in it tells its own."""

    def _ended_well(self, outputs: Outputs) -> Outcome:
        if isinstance(outputs, Result) and outputs.state is State.FAILED:
            return Outcome(State.FAILED, outputs.outputs)  # the task that failed has said why
        return super()._ended_well(outputs)

    def _stops_after(self, task: Task) -> bool:
        """Run a task, again as its own retry has it; return whether the next one must not run."""
        first = began = self._around.clock()
        for number in range(reports.ATTEMPTS_MAX):
            self.stop.wait(0)  # told to stop between two tasks: no other one begins
            inner = self._begin(task, number, first)
            began = began if number else inner.started_at
            outcome = inner.outcome(self.stop)
            again_at = _again_at(task, inner, number + 1, began) if outcome.state is State.FAILED else None
            self._conclude(inner, outcome, is_tried_again=again_at is not None)
            if again_at is None:
                return outcome.state is State.FAILED and not task.allow_failure
            self.stop.wait((again_at - self._around.clock()).total_seconds())
        return not task.allow_failure

    def _begin(self, task: Task, number: int, first: datetime) -> "InnerAttempt":
        work = msgspec.structs.replace(
            self.work,
            taskrun_id=inner_id(self.work.taskrun_id, self.work.token, task.id),
            task_id=task.id,
            task=msgspec.Raw(),
            variables=self._variables(first),
            attempts_before=number,
        )
        given = Given(self.places[0], work, self.key, self._definition)
        inner = InnerAttempt(given, definition_of(task), self, number)
        inner.log.thread = self.log.thread
        with self._lock:
            self._current = inner
        return inner

    def _variables(self, first: datetime) -> dict[str, Any]:
        sent = self.work.variables
        own = self._context.variables["taskrun"]
        taskrun = {"startDate": instant(first), "parentId": self.work.taskrun_id}
        if "value" in own:
            taskrun["value"] = own["value"]
        return {**sent, "outputs": self._inner_outputs, "taskrun": taskrun, "workerTaskrun": own}

    def _conclude(self, inner: "InnerAttempt", outcome: Outcome, *, is_tried_again: bool) -> None:
        """Put what an inner task leaves where the worker takes it: its log first."""
        try:
            claim = inner.report(outcome.state, outcome, is_tried_again=is_tried_again)
        except reports.Unreportable as fault:
            outcome = inner.failed(fault)
            claim = inner.report(outcome.state, outcome, is_tried_again=is_tried_again)
        with self._lock:
            self.stop.wait(0)  # told to stop: the worker has said how all of it ends
            self._messages += inner.log.take()
            self._messages += metric_messages(inner.work, outcome.metrics, self._around.clock())
            self._messages.append(claim)
            self._current = None
        if outcome.outputs:
            values = _values(self.work.variables)
            self._inner_outputs = _with(self._inner_outputs, (inner.work.task_id, *values), dict(outcome.outputs))


class InnerAttempt(Attempt):
    """One attempt of a task in a WorkingDirectory, whose folder it shares."""

    __slots__ = ("_number", "_outer")

    def __init__(self, given: Given, definition: Definition, outer: DirectoryAttempt, number: int) -> None:
        around = outer._around  # noqa: SLF001 - a part of it
        storage = SharedStorage(around.outside, given.work, outer)
        super().__init__(given, definition, StopSignal() if definition.task.timeout else outer.stop, around, storage)
        self._outer = outer
        self._number = number

    def outcome(self, stop: Any) -> Outcome:
        """Run the task if it is wanted; `stop` ends it with the whole."""
        task = self._definition.task
        try:
            if task.run_if != "true" and not self._context.is_true(task.run_if):
                return Outcome(State.SKIPPED)
        except RunfoldError as error:
            return self.failed(error)
        return self.run() if task.timeout is None else self._run_in_time(stop)

    def _run_in_time(self, stop: Any) -> Outcome:
        """Run the task on a thread of its own, which is left behind once its time is up."""
        ends: SimpleQueue[Outcome] = SimpleQueue()
        thread = threading.Thread(target=lambda: ends.put(self.run()), name=self.log.thread, daemon=True)
        thread.start()
        own = self.stop
        assert isinstance(own, StopSignal)  # noqa: S101 - made above
        while True:
            is_over = not thread.is_alive()
            outcome: Outcome | None = None
            try:
                outcome = ends.get(timeout=LOOK_EACH_S)
            except Empty:
                if is_over:
                    outcome = self.failed(RuntimeError("The task ended in no known way"))
            if self.deadline_s is not None and self._around.monotonic() > self.deadline_s:
                own.set(TimedOut)
                return self.timed_out()
            if outcome is not None:
                return outcome
            if stop.is_set:
                own.set(Killed)
                stop.wait(0)

    def report(self, state: State, outcome: Outcome | None = None, *, is_tried_again: bool = False) -> Message:
        """Return the claim on this attempt. Raises: Unreportable."""
        ended_at = None if outcome is None else self._around.clock()
        report = InnerReport(
            worker_id=self._around.worker_id,
            task_id=self.work.task_id,
            attempt=self._number,
            is_tried_again=is_tried_again,
            log_file=None if outcome is None else self._saved_log(),
        )
        span = Span(self.started_at, max(ended_at or self.started_at, self.started_at))
        told = Outcome(state) if outcome is None else replace(outcome, inputs=self.inputs())
        return reports.inner(self._outer.work, report, span, told)

    def _saved_log(self) -> str | None:
        try:
            return self.log_file()
        except RunfoldError as error:
            logger.error("The log file of task run %s is lost: %s", self.work.taskrun_id, error)  # noqa: TRY400 - no fault of ours
            return None


class SharedStorage(AttemptStorage):
    """The storage of an inner task: files of its own task run, the folder of the whole."""

    def __init__(self, outside: Outside, work: Work, outer: DirectoryAttempt) -> None:
        super().__init__(outside, work, outer._around.clock)  # noqa: SLF001 - a part of it
        self._outer = outer

    @property
    def working_dir(self) -> Path:
        return self._outer._storage.working_dir  # noqa: SLF001 - as above

    def close(self) -> None:
        """Leave the folder to the tasks that follow."""


def _again_at(task: Task, inner: Attempt, tried: int, began: datetime) -> datetime | None:
    """Return when a task that failed is tried again; by its own retry only, others are the engine's."""
    if task.retry is None or task.retry.behavior is Behavior.CREATE_NEW_EXECUTION or inner.stop.is_set:
        return None
    ended = inner._around.clock()  # noqa: SLF001 - a part of it
    return next_attempt(task.retry, tried, began, ended, fraction_of(inner.work.taskrun_id, tried))


def _values(variables: dict[str, Any]) -> tuple[str, ...]:
    """Return the loop values that lead to the task run, the outermost first."""
    taskruns = [parent.get("taskrun", {}) for parent in reversed(variables.get("parents") or [])]
    return tuple(found["value"] for found in (*taskruns, variables.get("taskrun", {})) if "value" in found)


def _with(tree: dict[str, Any], path: tuple[str, ...], outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a tree with `outputs` at `path`; the tree itself stays as it is."""
    key, *rest = path
    below = tree.get(key)
    return {**tree, key: _with(below if isinstance(below, dict) else {}, tuple(rest), outputs) if rest else outputs}


def attempt_for(given: Given, definition: Definition, stop: StopSignal, around: Surroundings) -> Attempt:
    """Return the attempt that runs a definition."""
    kind = DirectoryAttempt if isinstance(definition.task, WorkingDirectory) else Attempt
    return kind(given, definition, stop, around)

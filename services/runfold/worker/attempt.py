"""
One attempt: a task of one work record, run once.

Runs on whatever thread it is called on and never raises: each way to end is an
`Outcome`. Who watches it (kill, timeout, shutdown) does so from outside.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from runfold.execution.claims import DynamicRun, Work
from runfold.execution.model import Json
from runfold.execution.state import State
from runfold.flows.expressions import Expressions
from runfold.flows.task import NO_TYPES, TaskTypes
from runfold.ports import Message
from runfold.tasks.context import Outputs, Result, RunContext, Stop, Stopped, TaskFailed
from runfold.worker.attempt_inputs import AttemptInputs
from runfold.worker.attempt_log import AttemptLog, Clock, Mask
from runfold.worker.attempt_metrics import AttemptMetrics
from runfold.worker.definitions import Definition, Unusable
from runfold.worker.progress import Place
from runfold.worker.reports import Outcome
from runfold.worker.storage import AttemptStorage, Outside

TRACE_LENGTH_MAX: Final = 10_000
"""Characters of a stack trace; of a longer one the end is kept, where the error is."""

OWN_STATES: Final = frozenset({State.SUCCESS, State.WARNING})
"""What a task may name as its own end; to fail, it raises."""


LOWEST: Final = "TRACE"


@dataclass(frozen=True, slots=True)
class Given:
    """
    A work record as it was read, with its place; `key` tells this dispatch from all others.

    `definition`: the task to run, or why there is none.
    """

    place: Place
    work: Work
    key: str
    definition: Definition | Unusable

    @property
    def is_brief(self) -> bool:
        """Whether it is served without a thread of its own."""
        return isinstance(self.definition, Unusable) or self.definition.is_brief


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of a worker share. `roots`: `envs`, `globals`; `outside`: files, pairs, logs; `keeps_inputs`: see `attempt_inputs`."""

    expressions: Expressions
    clock: Clock
    monotonic: Callable[[], float]
    mask: Mask
    roots: Mapping[str, Json]
    outside: Outside
    worker_id: str = ""
    types: TaskTypes = NO_TYPES
    keeps_inputs: bool = True


class Attempt:
    """
    See the module. `deadline_s` (monotonic) is known once the timeout is rendered.

    `places`: of its record, several if it came again meanwhile. One report answers all.
    """

    __slots__ = (
        "_around",
        "_context",
        "_definition",
        "_inputs",
        "_storage",
        "deadline_s",
        "is_announced",
        "key",
        "log",
        "metrics",
        "places",
        "started_at",
        "started_s",
        "stop",
        "timeout_s",
        "work",
    )

    def __init__(
        self,
        given: Given,
        definition: Definition,
        stop: Stop,
        around: Surroundings,
        storage: AttemptStorage | None = None,
    ) -> None:
        work = given.work
        self.work = work
        self.places = [given.place]
        self.key = given.key
        self.stop = stop
        self.log = AttemptLog(
            work,
            definition.task.log_level or LOWEST,
            around.clock,
            around.mask,
            to_file=definition.task.log_to_file,
        )
        self.metrics = AttemptMetrics()
        self.started_at = around.clock()
        self.started_s = around.monotonic()
        self.timeout_s: float | None = None
        self.deadline_s: float | None = None
        self.is_announced = False
        self._definition = definition
        self._inputs = AttemptInputs() if around.keeps_inputs else None
        self._around = around
        self._storage = storage or AttemptStorage(around.outside, work, around.clock)
        self._context = RunContext(
            expressions=around.expressions,
            variables=around.outside.reveal(variables_of(work, definition, around.roots)),
            storage=self._storage,
            logger=self.log,
            metrics=self.metrics,
            stop=stop,
            monotonic=around.monotonic,
            types=around.types,
            note=None if self._inputs is None else self._inputs.note,
        )

    def run(self) -> Outcome:
        """Run the task to its end."""
        try:
            if self._definition.task.timeout is not None:
                self._set_deadline(self._definition.task.timeout)
            return self._ended_well(self._perform())
        except Stopped:
            # The worker has reported why; a task that stops itself has failed.
            return Outcome(State.FAILED, error="The task stopped itself")
        except TaskFailed as failure:
            return self.failed(failure, failure.outputs)
        # A task is others' code, and whatever it raises is its failure, not the worker's.
        except (Exception, SystemExit) as failure:  # noqa: BLE001
            return self.failed(failure)
        finally:
            self._storage.close()

    def take(self) -> Iterator[Message]:
        """Yield what it has to tell since the last call: the lines of its log."""
        return self.log.take()

    def inputs(self) -> dict[str, Json] | None:
        """Return the task's own properties as they were rendered so far, masked and cut; None: it has none."""
        return None if self._inputs is None else self._inputs.collected(self._definition.task, self._around.mask)

    def dynamic(self) -> tuple[DynamicRun, ...]:
        """Return the pieces of its work that it has told of as task runs so far."""
        return tuple(self._context.dynamic)

    def log_file(self) -> str | None:
        """
        Store the log of a task that logs to a file; return its address (None: it logs as others do).

        Raises:
            RunfoldError: The storage does not take it.
        """
        text = self.log.text()
        if text is None:
            return None
        name = f"attempt-{self.work.token}.log"
        return self._storage.files.store(BytesIO(text.encode("utf-8", "backslashreplace")), name=name)

    def failed(self, failure: BaseException, outputs: Mapping[str, Json] | None = None) -> Outcome:
        """Log how it failed, and return that."""
        message = _message_of(failure)
        self.log.conclude("ERROR", message)
        if self.log.keeps("TRACE"):
            # Masked before it is cut: half a secret would not be found.
            trace = self._around.mask("".join(traceback.format_exception(failure)))
            self.log.conclude("TRACE", trace[-TRACE_LENGTH_MAX:])
        return Outcome(State.FAILED, outputs, self._around.mask(message), self.metrics.collected())

    def timed_out(self) -> Outcome:
        """Log that it took too long, and return that."""
        message = f"Timeout after {clock_face(self.timeout_s or 0.0)}"
        self.log.conclude("ERROR", message)
        self.log.conclude("TRACE", f"TimedOut: {message}")
        return Outcome(State.FAILED, None, message, self.metrics.collected())

    def _set_deadline(self, written: str) -> None:
        # Written only once and in this order: the worker's thread reads the deadline meanwhile.
        self.timeout_s = self._context.duration(written).total_seconds()
        self.deadline_s = self.started_s + self.timeout_s

    def _perform(self) -> Outputs:
        return self._definition.run(self._context)

    def _ended_well(self, outputs: Outputs) -> Outcome:
        state = State.SUCCESS
        if isinstance(outputs, Result):
            state, outputs = outputs.state, outputs.outputs
        if state not in OWN_STATES:
            raise TaskFailed(f"The task named the state {state} as its end", outputs)
        return Outcome(state, outputs, None, self.metrics.collected())


def variables_of(work: Work, definition: Definition, roots: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the task's templates see: what the executor sent, and what only this attempt knows."""
    variables = {**roots, **work.variables}
    variables.setdefault("flow", {"id": work.flow_id, "namespace": work.namespace, "revision": work.flow_revision})
    variables["task"] = {"id": work.task_id, "type": definition.task.type}
    taskrun: dict[str, Json] = {"id": work.taskrun_id}
    sent = work.variables.get("taskrun", {})
    if "startDate" in sent:
        taskrun["startDate"] = sent["startDate"]
    # In this order, since `{{ taskrun }}` shows it.
    taskrun["attemptsCount"] = work.attempts_before
    variables["taskrun"] = {**taskrun, **{name: sent[name] for name in sent if name not in taskrun}}
    return variables


def clock_face(seconds: float) -> str:
    """Return a duration as HH:MM:SS.mmm."""
    whole_ms = round(seconds * 1000)
    minutes, rest_ms = divmod(whole_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"


def _message_of(failure: BaseException) -> str:
    try:
        return str(failure) or type(failure).__name__
    except Exception:  # noqa: BLE001 - others' code once more: an error that can't say what it is
        return type(failure).__name__

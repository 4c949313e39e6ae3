"""
What a worker claims about an attempt: started, ended, released.

Rule: a claim's id follows from the task run, the token and what is claimed, so that a
report made twice is one claim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from runfold import topology
from runfold.execution.claims import Claim, DynamicRun, InnerTaskRan, TaskEnded, TaskReleased, TaskStarted, Work
from runfold.execution.model import Json, Metric
from runfold.execution.state import State
from runfold.ports import RECORD_SIZE_MAX, Message, slot_of

OUTPUTS_SIZE_MAX: Final = 512 * 1024
"""Encoded outputs of one attempt, in bytes."""

ERROR_SIZE_MAX: Final = 4 * 1024
"""The error of an attempt, in bytes of UTF-8."""

CUT: Final = "..."

_encode: Final = msgspec.json.Encoder().encode


class Unreportable(Exception):
    """These outputs can't be put into a record, for the reason given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `error`, `inputs`: already masked."""

    state: State
    outputs: Mapping[str, Json] | None = None
    error: str | None = None
    metrics: tuple[Metric, ...] = ()
    inputs: dict[str, Json] | None = None
    dynamic: tuple[DynamicRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """When an attempt began and ended."""

    started_at: datetime
    ended_at: datetime


ATTEMPTS_MAX: Final = 1_000
"""Attempts of one task inside of one WorkingDirectory."""


@dataclass(frozen=True, slots=True)
class InnerReport:
    """What is told of a task in a WorkingDirectory besides its outcome."""

    worker_id: str
    task_id: str
    attempt: int
    is_tried_again: bool
    log_file: str | None


def attempt_key(work: Work) -> str:
    """Return what tells this dispatch from all others."""
    return f"{work.taskrun_id}.{work.token}"


def started(work: Work, worker_id: str, at: datetime) -> Message:
    """Say that the attempt runs since `at`."""
    return _message(
        TaskStarted(
            execution_id=work.execution_id,
            id=f"{attempt_key(work)}.started",
            taskrun_id=work.taskrun_id,
            token=work.token,
            worker_id=worker_id,
            at=at,
        )
    )


def released(work: Work, worker_id: str) -> Message:
    """Give the attempt back."""
    return _message(
        TaskReleased(
            execution_id=work.execution_id,
            id=f"{attempt_key(work)}.released",
            taskrun_id=work.taskrun_id,
            token=work.token,
            worker_id=worker_id,
        )
    )


def inner(outer: Work, report: InnerReport, span: Span, outcome: Outcome) -> Message:
    """
    Say how far a task in the WorkingDirectory `outer` is: it runs, or how its attempt ended.

    Raises:
        Unreportable: The outputs are no JSON, or too large.
    """
    said = "started" if outcome.state is State.RUNNING else "ended"
    claim = InnerTaskRan(
        execution_id=outer.execution_id,
        id=f"{attempt_key(outer)}.{report.task_id}.{report.attempt}.{said}",
        taskrun_id=outer.taskrun_id,
        token=outer.token,
        worker_id=report.worker_id,
        task_id=report.task_id,
        state=outcome.state,
        started_at=span.started_at,
        ended_at=None if outcome.state is State.RUNNING else span.ended_at,
        attempt=report.attempt,
        is_tried_again=report.is_tried_again,
        outputs=_outputs(outcome),
        metrics=outcome.metrics,
        error=None if outcome.error is None else _shortened(outcome.error),
        log_file=report.log_file,
        inputs=outcome.inputs,
    )
    return _bounded(claim)


def ended(work: Work, worker_id: str, span: Span, outcome: Outcome, log_file: str | None = None) -> Message:
    """
    Say how the attempt ended. `log_file`: where its log is, if not in the topic.

    Raises:
        Unreportable: The outputs are no JSON, or too large.
    """
    claim = TaskEnded(
        execution_id=work.execution_id,
        id=f"{attempt_key(work)}.ended",
        taskrun_id=work.taskrun_id,
        token=work.token,
        worker_id=worker_id,
        started_at=span.started_at,
        ended_at=span.ended_at,
        state=outcome.state,
        outputs=_outputs(outcome),
        metrics=outcome.metrics,
        error=None if outcome.error is None else _shortened(outcome.error),
        log_file=log_file,
        inputs=outcome.inputs,
        dynamic=outcome.dynamic,
    )
    return _bounded(claim)


def _outputs(outcome: Outcome) -> dict[str, Json] | None:
    try:
        return None if outcome.outputs is None else dict(outcome.outputs)
    except (TypeError, ValueError) as error:
        raise Unreportable(f"The outputs are no map that JSON can hold: {error}") from error


def _bounded(claim: TaskEnded | InnerTaskRan) -> Message:
    try:
        message = _message(claim)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unreportable(f"The outputs are no map that JSON can hold: {error}") from error
    assert message.value is not None  # noqa: S101 - a claim is no tombstone
    if len(message.value) > OUTPUTS_SIZE_MAX:
        _check_outputs(claim)
        if len(message.value) > RECORD_SIZE_MAX:
            # The metrics have a topic of their own, the inputs can be done without; the outputs can't.
            return _message(msgspec.structs.replace(claim, metrics=(), inputs=None))
    return message


def _check_outputs(claim: TaskEnded | InnerTaskRan) -> None:
    told = claim.dynamic if isinstance(claim, TaskEnded) else ()
    size_bytes = len(_encode(claim.outputs)) + (len(_encode(told)) if told else 0)
    if size_bytes > OUTPUTS_SIZE_MAX:
        raise Unreportable(f"The outputs are too large: {size_bytes} bytes, the limit is {OUTPUTS_SIZE_MAX} bytes")


def _shortened(error: str) -> str:
    encoded = error.encode("utf-8", "backslashreplace")
    if len(encoded) <= ERROR_SIZE_MAX:
        return encoded.decode()
    return encoded[: ERROR_SIZE_MAX - len(CUT)].decode("utf-8", "ignore") + CUT


def _message(claim: Claim) -> Message:
    return Message(topology.CLAIMS, claim.execution_id, _encode(claim), slot=slot_of(claim.execution_id))

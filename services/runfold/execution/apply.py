"""
The fold: an execution is nothing but its facts, applied in order.

Rule 1: everything that changes an execution is in this file.
Rule 2: nothing here looks outside its arguments (no clock, no randomness, no settings, no
rendering, not even the flow): the same facts are applied again on every restart, on every
machine, by every later version.
"""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from runfold.errors import BrokenInvariant, IllegalTransition
from runfold.execution import facts as f
from runfold.execution.aggregate import Aggregate
from runfold.execution.model import Deletion, Execution, TaskRun
from runfold.execution.state import MOVES_OF_EXECUTION, MOVES_OF_TASKRUN, Entry, State


def apply_transition(aggregate: Aggregate | None, transition: f.Transition) -> Aggregate:
    """
    Return the aggregate after one more transition.

    Raises:
        BrokenInvariant: Its `seq` is not the next one, or a fact can't follow: the log is
            corrupt or `decide` is wrong. The caller counts and ignores, or stops.
    """
    # Of a name that was deleted another execution may begin, long afterwards.
    present = aggregate.seq if aggregate is not None and aggregate.execution.deletion is None else 0
    is_end = isinstance(transition.facts[-1], f.ExecutionDeleted) if transition.facts else False
    if transition.seq != present + 1 and not is_end:
        raise BrokenInvariant(f"{transition.aggregate}: transition {transition.seq} after {present}")
    for fact in transition.facts:
        if isinstance(fact, f.SlotFact):
            raise BrokenInvariant(f"{transition.aggregate}: a fact of a queue in an execution")
        aggregate = apply(aggregate, fact, transition)
    if aggregate is None:
        raise BrokenInvariant(f"{transition.aggregate}: transition {transition.seq} creates nothing")
    return replace(aggregate, seq=transition.seq)


def apply(aggregate: Aggregate | None, fact: f.ExecutionFact, transition: f.Transition) -> Aggregate:
    """
    Return the aggregate as it stands after one more fact of `transition`.

    Raises:
        BrokenInvariant: The fact cannot follow what came before.
    """
    if isinstance(fact, f.ExecutionCreated):
        return Aggregate(_created(fact, transition))
    if isinstance(fact, f.ExecutionDeleted):
        return Aggregate(_deleted(fact, transition))
    if aggregate is None:
        raise BrokenInvariant(f"{type(fact).__name__} of {transition.aggregate} before its creation")
    if isinstance(fact, f.OfExecution):
        return _apply_to_execution(aggregate, fact, transition)
    if isinstance(fact, f.TaskRunsCopied):
        return _apply_copies(aggregate, fact, transition)
    if isinstance(fact, f.TaskRunsRemoved):
        return aggregate.without(fact.ids)
    if isinstance(fact, f.TaskRunCreated):
        return _apply_creation(aggregate, fact, transition)
    return _apply_to_taskrun(aggregate, fact, transition)


def _created(fact: f.ExecutionCreated, transition: f.Transition) -> Execution:
    return Execution(
        id=fact.id,
        namespace=fact.namespace,
        flow_id=fact.flow_id,
        flow_revision=fact.flow_revision,
        histories=fact.histories or (Entry(State.CREATED, transition.at),),
        seq=transition.seq,
        inputs=fact.inputs,
        labels=fact.labels,
        variables=fact.variables,
        trigger=fact.trigger,
        parent_id=fact.parent_id,
        original_id=fact.original_id or fact.id,
        schedule_date=fact.schedule_date,
        attempt_number=fact.attempt_number,
        original_created_date=fact.original_created_date or transition.at,
        reply=fact.reply,
        caller=fact.caller,
        templates=fact.templates,
    )


def _deleted(fact: f.ExecutionDeleted, transition: f.Transition) -> Execution:
    """Return what is left: a name, and that it is deleted."""
    return Execution(
        id=transition.aggregate,
        namespace=fact.namespace,
        flow_id=fact.flow_id,
        flow_revision=fact.flow_revision,
        histories=(Entry(fact.state, transition.at),),
        seq=transition.seq,
        original_id=transition.aggregate,
        deletion=Deletion(transition.at, fact.logs, fact.metrics, fact.files, fact.actor),
    )


def _apply_to_execution(
    aggregate: Aggregate,
    fact: f.ExecutionMoved | f.ExecutionWaits | f.LabelsSet | f.SlotWanted | f.StartAsked | f.KillAsked | f.WishNoted,
    transition: f.Transition,
) -> Aggregate:
    execution = aggregate.execution
    match fact:
        case f.ExecutionMoved():
            if fact.state not in MOVES_OF_EXECUTION[execution.state]:
                raise IllegalTransition(f"execution {execution.id}: {execution.state} cannot become {fact.state}")
            history = (*execution.histories, Entry(fact.state, transition.at))
            outputs = execution.outputs if fact.outputs is None else fact.outputs
            moved = replace(
                execution,
                attempt_number=fact.attempt_number or execution.attempt_number,
                histories=history,
                outputs=outputs,
                taskrun_count=aggregate.created,
                seq=transition.seq,
            )
            return aggregate.with_execution(moved)
        case f.ExecutionWaits():
            return aggregate.with_execution(replace(execution, wake_at=fact.until, seq=transition.seq))
        case f.LabelsSet():
            return aggregate.with_labels(fact.labels, transition.seq)
        case f.SlotWanted() | f.StartAsked() | f.KillAsked() | f.WishNoted():
            return aggregate.with_execution(replace(execution, seq=transition.seq))
        case _:
            assert_never(fact)


def _apply_creation(aggregate: Aggregate, fact: f.TaskRunCreated, transition: f.Transition) -> Aggregate:
    execution = aggregate.execution
    run = TaskRun(
        id=fact.id,
        execution_id=execution.id,
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        flow_revision=execution.flow_revision,
        task_id=fact.task_id,
        task_type=fact.task_type,
        ordinal=aggregate.created,
        histories=(Entry(State.CREATED, transition.at),),
        seq=transition.seq,
        place=fact.place,
        parent_taskrun_id=fact.parent_taskrun_id,
        value=fact.value,
        iteration=fact.iteration,
        outputs=fact.outputs,
        labels=execution.labels,
        trigger_execution_id=_caller_of(execution),
    )
    return aggregate.with_created(run)


def _caller_of(execution: Execution) -> str | None:
    found = execution.trigger.variables.get("executionId") if execution.trigger else None
    return found if isinstance(found, str) else None


def _apply_copies(aggregate: Aggregate, fact: f.TaskRunsCopied, transition: f.Transition) -> Aggregate:
    for run in fact.taskruns:
        own = replace(run, seq=transition.seq, ordinal=aggregate.created, labels=aggregate.execution.labels)
        aggregate = aggregate.with_created(own).with_moved(own, State.CREATED)
    return aggregate


TaskRunFact = (
    f.ValuesResolved
    | f.TaskRunMoved
    | f.AttemptDispatched
    | f.AttemptStarted
    | f.AttemptEnded
    | f.WorkAnswered
    | f.BatchesCounted
    | f.BatchKillsAsked
    | f.TaskRunWaits
    | f.RoundBegun
    | f.TaskRunMarked
    | f.ResultCameLate
)


def _apply_to_taskrun(aggregate: Aggregate, fact: TaskRunFact, transition: f.Transition) -> Aggregate:
    (taskrun_id,) = f.taskruns_of(fact)
    run = aggregate.taskruns.get(taskrun_id)
    if run is None:
        raise BrokenInvariant(f"{type(fact).__name__} of unknown task run {taskrun_id}")
    changed = _changed(run, fact, transition)
    if changed.histories is run.histories:
        return aggregate.with_changed(changed)
    return aggregate.with_moved(changed, run.state)


def _changed(run: TaskRun, fact: TaskRunFact, transition: f.Transition) -> TaskRun:
    seq = transition.seq
    match fact:
        case f.TaskRunMoved():
            outputs = run.outputs if fact.outputs is None else fact.outputs
            histories = _moved(run, fact.state, fact.at or transition.at)
            return replace(run, histories=histories, outputs=outputs, error=fact.error, wake_at=None, seq=seq)
        case f.ValuesResolved():
            return replace(run, values=(run.values or ()) + fact.values, seq=seq)
        case f.AttemptDispatched():
            return replace(run, dispatches=fact.token, worker_id=None, seq=seq)
        case f.AttemptStarted():
            histories = run.histories if run.state.is_running else _moved(run, State.RUNNING, fact.at)
            return replace(run, histories=histories, worker_id=fact.worker_id, seq=seq)
        case f.AttemptEnded():
            histories = run.histories
            if run.state in {State.CREATED, State.RESTARTED}:
                histories = _moved(run, State.RUNNING, fact.attempt.histories[0].date)
            return replace(
                run,
                histories=histories,
                attempts=(*run.attempts, fact.attempt),
                answered=run.dispatches,
                worker_id=None,
                batches_ended=b"",
                seq=seq,
            )
        case f.WorkAnswered():
            outputs = run.outputs if fact.outputs is None else fact.outputs
            return replace(run, answered=fact.token, worker_id=None, outputs=outputs, seq=seq)
        case f.BatchesCounted():
            outputs = {**(run.outputs or {}), "iterations": fact.iterations}
            ended = run.batches_ended if fact.ended is None else _with_bit(run.batches_ended, fact.ended - 1)
            return replace(run, outputs=outputs, batches_ended=ended, seq=seq)
        case f.BatchKillsAsked():
            return replace(run, seq=seq)
        case f.RoundBegun():
            return replace(
                run,
                histories=run.histories[:1],
                attempts=(),
                iteration=fact.iteration,
                outputs=fact.outputs,
                wake_at=None,
                seq=seq,
            )
        case f.TaskRunMarked():
            return _marked(run, fact.state, transition)
        case f.TaskRunWaits():
            return replace(run, wake_at=fact.at, seq=seq)
        case f.ResultCameLate():
            return replace(run, answered=max(run.answered, fact.token), seq=seq)
        case _:
            assert_never(fact)


def _with_bit(bits: bytes, at: int) -> bytes:
    """Return a bitmap with one more bit set; it grows as needed."""
    place, bit = divmod(at, 8)
    grown = bytearray(bits.ljust(place + 1, b"\0"))
    grown[place] |= 1 << bit
    return bytes(grown)


def _marked(run: TaskRun, state: State, transition: f.Transition) -> TaskRun:
    attempts = run.attempts
    if attempts:
        last = replace(attempts[-1], histories=(*attempts[-1].histories, Entry(state, transition.at)))
        attempts = (*attempts[:-1], last)
    return replace(
        run,
        histories=(*run.histories, Entry(state, transition.at)),
        attempts=attempts,
        answered=run.dispatches,
        worker_id=None,
        wake_at=None,
        seq=transition.seq,
    )


def _moved(run: TaskRun, state: State, at: datetime) -> tuple[Entry, ...]:
    if state not in MOVES_OF_TASKRUN[run.state]:
        raise IllegalTransition(f"task run {run.id} ({run.task_id}): {run.state} cannot become {state}")
    # Clocks of machines differ; a history never goes backwards.
    return (*run.histories, Entry(state, max(at, run.histories[-1].date)))

"""
ForEachItem's second step: an execution for each batch of a file, all at once, then their ends counted.

The split's outputs tell how many batches there are and where; a batch's address follows from its
number, so no list travels. Counters stand in the outputs and each end changes one: O(1) however
many there are. Reads `outputs` of the split; writes `numberOfBatches`, `iterations` (CREATED: not
asked for yet, RUNNING: asked for, then by end), `subflowOutputsBaseUri`.
"""

from collections.abc import Mapping
from typing import Any, Final

from runfold.errors import AuthorError, BrokenInvariant, CallerError
from runfold.execution.aggregate import Aggregate
from runfold.execution.calling import Item, ask, child_of, end_call, is_of, start_of
from runfold.execution.claims import ChildEnded
from runfold.execution.draft import Draft
from runfold.execution.facts import BatchesCounted, TaskRunMoved
from runfold.execution.failing import fail
from runfold.execution.model import Branch, Json, TaskRun
from runfold.execution.state import State
from runfold.flows.flowable.subflow import StartPerBatch
from runfold.storage_layout import execution_folder, taskrun_folder

BATCHES_MAX: Final = 100_000
"""Batches of one file: a bit of each stands in the task run's snapshot."""

OPEN: Final = frozenset({State.RUNNING, State.KILLING})
WORST_FIRST: Final = (State.FAILED, State.KILLED, State.WARNING)


def begin_batches(draft: Draft, run: TaskRun, task: StartPerBatch) -> None:
    """Begin to start executions: those that fit one transition at once, the others in the next ones."""
    batches = _batches(draft.aggregate, run, task)
    count = batches["count"] if batches else 0
    if not 0 <= count <= BATCHES_MAX:
        fail(draft, run, f"There are {count} batches, the limit is {BATCHES_MAX}: put more items into each")
    elif count == 0:
        draft.add(TaskRunMoved(run.id, State.RUNNING))
        end_call(draft, draft.run(run.id), State.SUCCESS, None)
    else:
        execution = draft.aggregate.execution
        folder = execution_folder(execution.namespace, execution.flow_id, execution.id)
        outputs: dict[str, Json] = {
            "numberOfBatches": count,
            "iterations": _iterations(task, count, 0, {}),
            "subflowOutputsBaseUri": taskrun_folder(folder, run.task_id, run.id),
        }
        draft.add(TaskRunMoved(run.id, State.RUNNING, outputs=outputs))
        draft.look_at(run.id)


def _batches(aggregate: Aggregate, run: TaskRun, task: StartPerBatch) -> Mapping[str, Any] | None:
    """Return what the split says of its batches: `count`, `folder` and `extension`."""
    split = aggregate.by_path.get((task.split_id, *aggregate.values(run)))
    found = (aggregate.taskruns[split].outputs or {}).get("batches") if split is not None else None
    return found if isinstance(found, Mapping) else None


def go_on_with_batches(draft: Draft, run: TaskRun) -> None:
    """Start what may start, and end the task run once nothing is open any more."""
    task = draft.plan.nodes[run.task_id].task
    assert isinstance(task, StartPerBatch)  # noqa: S101 - asked by the caller
    if run.state not in OPEN:
        return
    if _starts_more(draft, run) and not _start_some(draft, run, task):
        return
    _end_if_over(draft, draft.run(run.id), task)


def _starts_more(draft: Draft, run: TaskRun) -> bool:
    if run.state is State.KILLING or draft.aggregate.execution.state is State.KILLING:
        return False
    around = (run, *draft.aggregate.ancestors(run))
    return not draft.aggregate.execution.state.is_terminal or any(each.place.branch is Branch.AFTER for each in around)


def _start_some(draft: Draft, run: TaskRun, task: StartPerBatch) -> bool:
    """Start as many executions as there is room for; return False if that failed."""
    batches = _batches(draft.aggregate, run, task)
    if batches is None:
        raise BrokenInvariant(f"{run.id}: its batches are gone")
    count, asked = _count(run), launched(run)
    began = asked
    while asked < count and draft.has_room:
        item = Item(asked + 1, f"{batches['folder']}/{asked + 1}{batches['extension']}")
        try:
            start = start_of(draft, run, task, item)
        except (AuthorError, CallerError) as error:
            fail(draft, run, str(error))
            return False
        ask(draft, run, start)
        asked += 1
    if asked > began:
        draft.add(BatchesCounted(run.id, _iterations(task, count, asked, _ends(run))))
    if asked < count:
        draft.look_at(run.id)
    return True


def _end_if_over(draft: Draft, run: TaskRun, task: StartPerBatch) -> None:
    iterations = _counters(run)
    if iterations.get(State.RUNNING) or (iterations.get(State.CREATED) and _starts_more(draft, run)):
        return
    if not task.wait and launched(run) < _count(run) and _starts_more(draft, run):
        return
    state = State.SUCCESS
    if run.state is State.KILLING:
        state = State.KILLED
    elif task.transmit_failed:
        state = next((bad for bad in WORST_FIRST if iterations.get(bad)), State.SUCCESS)
    end_call(draft, run, state, run.outputs)


def is_awaited(run: TaskRun, claim: ChildEnded) -> bool:
    """Return whether a task run waits for this end: not one of an earlier attempt, and not a double."""
    item = claim.item
    if item is None or run.state not in OPEN or not 1 <= item <= launched(run):
        return False
    return is_of(claim, child_of(run, item)) and not has_ended(run, item)


def has_ended(run: TaskRun, item: int) -> bool:
    """Return whether the execution for a batch has ended."""
    place, bit = divmod(item - 1, 8)
    return place < len(run.batches_ended) and bool(run.batches_ended[place] >> bit & 1)


def batch_ended(draft: Draft, claim: ChildEnded) -> None:
    """Take the end of the execution for one batch."""
    run = draft.aggregate.taskruns.get(claim.taskrun_id)
    if run is None or not is_awaited(run, claim):
        return
    task = draft.plan.nodes[run.task_id].task
    if not isinstance(task, StartPerBatch):
        return
    state = claim.state
    if claim.error is not None:
        draft.log("ERROR", f"The outputs of batch {claim.item} can't be had: {claim.error}", run)
        state = State.FAILED
    ends = _ends(run)
    ends[state] = ends.get(state, 0) + 1
    iterations = _iterations(task, _count(run), launched(run), ends)
    draft.add(BatchesCounted(run.id, iterations, ended=claim.item))
    _end_if_over(draft, draft.run(run.id), task)


def open_children(run: TaskRun) -> list[str]:
    """Return the executions that were asked for and have not ended."""
    return [child_of(run, item) for item in range(1, launched(run) + 1) if not has_ended(run, item)]


def launched(run: TaskRun) -> int:
    """Return for how many batches an execution was asked for."""
    return sum(count for state, count in _counters(run).items() if state != State.CREATED)


def _count(run: TaskRun) -> int:
    count = (run.outputs or {}).get("numberOfBatches", 0)
    return count if isinstance(count, int) else 0


def _counters(run: TaskRun) -> dict[str, int]:
    return dict((run.outputs or {}).get("iterations", {}))


def _ends(run: TaskRun) -> dict[str, int]:
    return {state: count for state, count in _counters(run).items() if state not in (State.CREATED, State.RUNNING)}


def _iterations(task: StartPerBatch, count: int, asked: int, ends: Mapping[str, int]) -> dict[str, int]:
    """Return the counters; executions that nobody waits for count as ended well at once."""
    if not task.wait:
        return {State.RUNNING: 0, State.SUCCESS: asked}
    return {State.CREATED: count - asked, State.RUNNING: asked - sum(ends.values()), **ends}

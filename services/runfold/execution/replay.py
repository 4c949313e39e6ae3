"""
Replays: an execution run again as a new one, from its beginning, from a task run, or from what failed.

What is kept is copied under new ids, so the old execution stays as it was.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from runfold.errors import BadRequest
from runfold.execution.aggregate import ROOT, Aggregate
from runfold.execution.claims import Start
from runfold.execution.control import cut_short, with_ancestors
from runfold.execution.ids import derived_id
from runfold.execution.model import Branch, TaskRun
from runfold.execution.state import Entry, State
from runfold.execution.successor import successor
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.plan import Plan
from runfold.flows.task import FlowableTask


def replay(plan: Plan, aggregate: Aggregate, taskrun_id: str | None, new_id: str, now: datetime) -> Start:
    """
    Return the claim that runs an execution again as `new_id`, from a task run on (None: all of it).

    `plan` is of the revision to run.

    Raises:
        BadRequest: The execution has no such task run, or the flow no such task any more.
    """
    if taskrun_id is None:
        return _start(plan, aggregate, new_id, ())
    target = aggregate.taskruns.get(taskrun_id)
    if target is None:
        raise BadRequest(f"No task found for task run {taskrun_id} on execution {aggregate.execution.id}")
    if target.place.branch is Branch.DYNAMIC and target.parent_taskrun_id is not None:
        target = aggregate.taskruns[target.parent_taskrun_id]  # it is that one's to do it again
    target = next((run for run in aggregate.ancestors(target) if _is_redone(plan, run, target)), target)
    kept = _kept(plan, aggregate, target)
    again = {around.id for around in aggregate.ancestors(target)}
    again |= {run.id for run in with_ancestors(aggregate, cut_short(aggregate))} - {target.id}
    copies = []
    for run in kept:
        is_flowable = _node_is_flowable(plan, run) and not isinstance(plan.nodes[run.task_id].task, WorkingDirectory)
        if run.id in again or (run is target and is_flowable):
            copies.append(_moved(run, State.RUNNING, now))
        else:
            copies.append(_moved(run, State.RESTARTED, now) if run is target else run)
    return _start(plan, aggregate, new_id, copies)


def _is_redone(plan: Plan, around: TaskRun, target: TaskRun) -> bool:
    """Return whether a task run is done again as a whole: a WorkingDirectory of which `target` is a part."""
    node = plan.nodes.get(around.task_id)
    is_part = target.parent_taskrun_id == around.id and target.place.branch is Branch.TASKS
    return node is not None and isinstance(node.task, WorkingDirectory) and is_part


def restart_as(plan: Plan, restarted: Aggregate, new_id: str) -> Start:
    """Return the claim that makes an execution, as a restart would leave it, a new one under another revision."""
    runs = sorted(restarted.taskruns.values(), key=lambda run: run.ordinal)
    for run in runs:
        _node_is_flowable(plan, run)
    return _start(plan, restarted, new_id, runs)


def _node_is_flowable(plan: Plan, run: TaskRun) -> bool:
    if run.place.branch is Branch.DYNAMIC:
        return False
    node = plan.nodes.get(run.task_id)
    if node is None:
        raise BadRequest(f"Task {run.task_id} is not in revision {plan.revision} of the flow")
    return node.is_flowable


def _start(plan: Plan, aggregate: Aggregate, new_id: str, taskruns: Iterable[TaskRun]) -> Start:
    copies = _renamed(taskruns, new_id, plan.revision)
    return replace(
        successor(aggregate.execution, new_id),
        flow_revision=plan.revision,
        histories=aggregate.execution.histories if copies else (),
        taskruns=copies,
        templates=dict(plan.templates) or None,
    )


def _renamed(taskruns: Iterable[TaskRun], execution_id: str, revision: int) -> tuple[TaskRun, ...]:
    runs = list(taskruns)
    ids = {run.id: derived_id(execution_id, number) for number, run in enumerate(runs)}
    return tuple(
        replace(
            run,
            id=ids[run.id],
            execution_id=execution_id,
            flow_revision=revision,
            parent_taskrun_id=ids[run.parent_taskrun_id] if run.parent_taskrun_id else None,
            dispatches=0,
            answered=0,
            worker_id=None,
        )
        for run in runs
    )


def _moved(run: TaskRun, state: State, now: datetime) -> TaskRun:
    return replace(run, histories=(*run.histories, Entry(state, now)), wake_at=None)


def _kept(plan: Plan, aggregate: Aggregate, target: TaskRun) -> list[TaskRun]:
    """Return the task runs that do not come after `target`, in the order of creation."""
    children: dict[str, list[TaskRun]] = {}
    for run in aggregate.taskruns.values():
        children.setdefault(run.parent_taskrun_id or ROOT, []).append(run)
    gone: set[str] = set()
    _drop(children.get(target.id, ()), children, gone)
    for step in (target, *aggregate.ancestors(target)):
        siblings = children[step.parent_taskrun_id or ROOT]
        after = [sibling for sibling in siblings if sibling is not step and _follows(plan, aggregate, sibling, step)]
        _drop(after, children, gone)
    kept = [run for run in aggregate.taskruns.values() if run.id not in gone]
    return sorted(kept, key=lambda run: run.ordinal)


def _drop(runs: Iterable[TaskRun], children: Mapping[str, list[TaskRun]], gone: set[str]) -> None:
    for run in runs:
        gone.add(run.id)
        _drop(children.get(run.id, ()), children, gone)


def _follows(plan: Plan, aggregate: Aggregate, sibling: TaskRun, step: TaskRun) -> bool:
    """Return whether a sibling runs only after `step` has ended."""
    if sibling.place.branch is not step.place.branch:
        return step.place.branch is Branch.TASKS  # what is done after a failure, or at the end, comes after all tasks
    if sibling.place.lane == step.place.lane:
        return sibling.place.step > step.place.step
    if step.parent_taskrun_id is None:
        return False
    parent = aggregate.taskruns[step.parent_taskrun_id]
    task = plan.nodes[parent.task_id].task
    lanes = task.lanes(parent.outputs, parent.values) if isinstance(task, FlowableTask) else None
    if lanes is None or sibling.place.branch is not Branch.TASKS:
        return False
    if lanes.concurrent == 1:
        # Source: in Kestra's graph of such a loop all values of a task stand before those of the next task.
        here, there = step.place, sibling.place
        return there.step > here.step or (there.step == here.step and there.lane > here.lane)
    return step.task_id in lanes.needs(sibling.place.lane)

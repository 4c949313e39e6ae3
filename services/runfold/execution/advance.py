"""
What follows by itself: the next children of a parent, and the end of a parent whose children ended.

One parent at a time, by its counters; never a scan over an execution.
"""

from runfold.errors import ExpressionFailed, InputsInvalid
from runfold.execution.aggregate import ROOT, Frame
from runfold.execution.batches import go_on_with_batches
from runfold.execution.calling import extract
from runfold.execution.directory import is_out
from runfold.execution.draft import Draft
from runfold.execution.facts import ExecutionMoved, TaskRunCreated, TaskRunMoved
from runfold.execution.failing import allowed, fail
from runfold.execution.ids import derived_id
from runfold.execution.killing import settle_kill
from runfold.execution.launch import launch
from runfold.execution.listening import listening
from runfold.execution.model import Branch, Place, TaskRun
from runfold.execution.plugin_code import PluginFailed, end_of, lanes_of
from runfold.execution.state import State
from runfold.execution.waiting import end_round
from runfold.flows.flowable.pause import WaitFor
from runfold.flows.flowable.subflow import StartPerBatch
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.inputs import resolve_outputs
from runfold.flows.lanes import LanePerTask, OneLane
from runfold.flows.task import FlowableTask, Lanes, Task

#: In these an execution starts nothing.
AT_REST = frozenset({State.PAUSED, State.QUEUED, State.CREATED})


def advance(draft: Draft, parent: str) -> None:
    """Add the facts that follow for the children of `parent` (a task run's id, or ROOT) and for itself."""
    state = draft.aggregate.execution.state
    if state in AT_REST:
        return
    if parent != ROOT and is_out(draft.run(parent)):
        return  # a worker runs its children
    if parent != ROOT and isinstance(draft.plan.nodes[draft.run(parent).task_id].task, StartPerBatch):
        go_on_with_batches(draft, draft.run(parent))
    elif state is State.KILLING:
        settle_kill(draft, parent)
    elif state.is_terminal:
        _wind_up(draft, parent)
    elif parent == ROOT:
        _advance_flow(draft)
    else:
        _advance_flowable(draft, draft.run(parent))


# --- the flow's own level


def _advance_flow(draft: Draft) -> None:
    plan = draft.plan
    if draft.aggregate.execution.state is State.RESTARTED:
        draft.add(ExecutionMoved(State.RUNNING))
    if not _is_over(draft, ROOT, OneLane(plan.tasks), plan.errors):
        return
    if draft.aggregate.execution.state is State.RETRYING:
        return  # the retry first: it looks here again
    if progress(draft, ROOT, Branch.FINALLY, OneLane(plan.finally_)):
        _end_flow(draft, draft.aggregate.frame(ROOT))


def _end_flow(draft: Draft, frame: Frame) -> None:
    state = verdict(frame)
    if state is State.PAUSED:
        return
    outputs = None
    if draft.plan.flow.outputs:
        try:
            outputs = resolve_outputs(
                draft.plan.flow.outputs, lambda template: draft.evaluate(None, template), draft.plan.encrypt
            )
        except (ExpressionFailed, InputsInvalid) as error:
            draft.log("ERROR", f"Failed to render output values: {error}")
            state = State.FAILED
    for_caller, caller_error = extract(draft)
    draft.add(ExecutionMoved(state, outputs=outputs, for_caller=for_caller, caller_error=caller_error))
    draft.look_at(ROOT)


def _wind_up(draft: Draft, parent: str) -> None:
    """Look after an execution that ended: what still ran is joined, `afterExecution` runs."""
    # After a kill nothing is dispatched any more; the end of one that is retried as another is that other's.
    is_silent = draft.aggregate.execution.state in {State.KILLED, State.RETRIED}
    if parent == ROOT:
        if not is_silent:
            progress(draft, ROOT, Branch.AFTER, OneLane((*draft.plan.after, *listening(draft))))
        return
    run = draft.run(parent)
    places = (around.place for around in (run, *draft.aggregate.ancestors(run)))
    if not is_silent and any(place.branch is Branch.AFTER for place in places):
        _advance_flowable(draft, run)
        return
    frames = [draft.aggregate.frame(parent, branch) for branch in (Branch.TASKS, Branch.ERRORS)]
    if not run.state.is_terminal and not any(frame.active for frame in frames):
        state = verdict(frames[0])
        if run.state is State.KILLING:
            state = State.KILLED
        elif state in {State.SUCCESS, State.WARNING} and _is_cut_short(draft, run, frames[0]):
            state = State.CANCELLED  # nothing more of it begins: a restart goes on with it
        resolve(draft, run, state)


def _is_cut_short(draft: Draft, run: TaskRun, frame: Frame) -> bool:
    """Return whether more would have followed in a flowable whose execution ended before."""
    task = draft.plan.nodes[run.task_id].task
    assert isinstance(task, FlowableTask)  # noqa: S101 - only those are parents
    if isinstance(task, WorkingDirectory):
        return False  # its worker has said that it is done
    if isinstance(task, WaitFor):
        return True  # nobody has asked for its condition
    try:
        lanes = lanes_of(task, run)
    except PluginFailed:
        return False
    return lanes is not None and (frame.opened < lanes.count or bool(frame.ready))


# --- a flowable task run


def _advance_flowable(draft: Draft, run: TaskRun) -> None:
    if run.state is not State.RUNNING:
        return
    task = draft.plan.nodes[run.task_id].task
    assert isinstance(task, FlowableTask)  # noqa: S101 - only those are parents
    try:
        _go_on(draft, run, task)
    except PluginFailed as error:
        fail(draft, run, str(error))


def _go_on(draft: Draft, run: TaskRun, task: FlowableTask) -> None:
    lanes = lanes_of(task, run)
    if isinstance(task, WorkingDirectory):
        _advance_directory(draft, run, task)
    elif lanes is None:
        draft.log(
            "WARN",
            f"No task found on flow '{run.namespace}.{run.flow_id}', task '{run.task_id}', "
            f"execution '{run.execution_id}'",
            run,
        )
        resolve(draft, run, State.FAILED)
    elif _is_over(draft, run.id, lanes, task.enabled_errors):
        state = verdict(draft.aggregate.frame(run.id))
        if isinstance(task, WaitFor) and not end_round(draft, run, task, state):
            return
        if state is not State.PAUSED:
            resolve(draft, run, end_of(task, state))


def _advance_directory(draft: Draft, run: TaskRun, task: WorkingDirectory) -> None:
    """End a WorkingDirectory that its worker is done with; after a failure its error tasks run here."""
    errors = task.enabled_errors
    has_failed = draft.aggregate.frame(run.id).failed > 0
    if not has_failed or not errors or progress(draft, run.id, Branch.ERRORS, OneLane(errors)):
        resolve(draft, run, verdict(draft.aggregate.frame(run.id)))


def _is_over(draft: Draft, parent: str, lanes: Lanes, errors: tuple[Task, ...]) -> bool:
    """
    Start what may start below `parent`; return whether nothing more follows there.

    After a failure without error tasks that is at once: what still runs beside is joined later.
    """
    if not draft.aggregate.frame(parent).failed:
        is_done = progress(draft, parent, Branch.TASKS, lanes)
        if not draft.aggregate.frame(parent).failed:
            return is_done
    return not errors or progress(draft, parent, Branch.ERRORS, OneLane(errors))


def verdict(frame: Frame) -> State:
    """Return the state that children lead to: the worst of theirs."""
    if frame.killed:
        return State.KILLED
    if frame.failed:
        return State.FAILED
    if frame.warnings:
        return State.WARNING
    return State.PAUSED if frame.paused else State.SUCCESS


def resolve(draft: Draft, run: TaskRun, state: State) -> None:
    """End a flowable task run, as its allowances have it."""
    task = draft.plan.nodes[run.task_id].task
    draft.add(TaskRunMoved(run.id, allowed(task, state)))


# --- children


def progress(draft: Draft, parent: str, branch: Branch, lanes: Lanes) -> bool:
    """Start the children that may start now; return whether all have ended and none follows."""
    while draft.has_room:
        frame = draft.aggregate.frame(parent, branch)
        if branch is Branch.TASKS and frame.failed:
            return False
        if frame.ready and (not lanes.concurrent or frame.open - len(frame.ready) < lanes.concurrent):
            lane, step = min(frame.ready.items()) if lanes.concurrent else next(iter(frame.ready.items()))
            _create(draft, parent, branch, lanes, (lane, step + 1))
            continue
        free = _next_lane(draft, parent, lanes, frame)
        if free is None:
            return frame.opened == lanes.count and frame.open == 0
        _create(draft, parent, branch, lanes, (free, 0))
    draft.look_at(parent)
    return False


def _next_lane(draft: Draft, parent: str, lanes: Lanes, frame: Frame) -> int | None:
    if frame.opened >= lanes.count or (lanes.concurrent and frame.open >= lanes.concurrent):
        return None
    if isinstance(lanes, LanePerTask) and lanes.waits:
        return _next_free_lane(draft, parent, lanes)
    return frame.opened


def _next_free_lane(draft: Draft, parent: str, lanes: Lanes) -> int | None:
    """Return the first lane not begun whose needed siblings have ended; lanes are as few as the tasks written down."""
    aggregate = draft.aggregate
    values = aggregate.values(draft.run(parent)) if parent != ROOT else ()

    def sibling(task_id: str) -> TaskRun | None:
        found = aggregate.by_path.get((task_id, *values))
        return None if found is None else aggregate.taskruns[found]

    for lane in range(lanes.count):
        if sibling(lanes.steps(lane)[0].id) is None:
            needed = [sibling(task_id) for task_id in lanes.needs(lane)]
            if all(run is not None and run.state.is_terminal for run in needed):
                return lane
    return None


def _create(draft: Draft, parent: str, branch: Branch, lanes: Lanes, where: tuple[int, int]) -> None:
    lane, step = where
    steps = lanes.steps(lane)
    task = steps[step]
    taskrun_id = derived_id(draft.aggregate.execution.id, draft.aggregate.created)
    draft.add(
        TaskRunCreated(
            id=taskrun_id,
            task_id=task.id,
            task_type=task.type,
            place=Place(branch, lane, step, step + 1 == len(steps)),
            parent_taskrun_id=parent or None,
            value=lanes.value(lane),
            iteration=_iteration(draft, parent),
        )
    )
    launch(draft, draft.run(taskrun_id))


def _iteration(draft: Draft, parent: str) -> int | None:
    """Return the round that the children of a WaitFor belong to."""
    if parent == ROOT:
        return None
    run = draft.run(parent)
    return (run.iteration or 1) if isinstance(draft.plan.nodes[run.task_id].task, WaitFor) else None

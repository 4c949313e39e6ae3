"""
An execution with its task runs, as folded: what `decide` looks at.

Everything is persistent, so a decision that is not committed costs nothing to forget.
Frames and look-ups follow from the task runs alone; `rebuild` makes them again from snapshots.
"""

from collections.abc import Iterable, Iterator

import msgspec
from immutables import Map
from msgspec.structs import replace

from runfold.execution.model import Branch, Execution, Label, Place, TaskRun
from runfold.execution.state import State

ROOT = ""
"""The parent of the flow's own tasks."""

FrameKey = tuple[str, Branch]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """
    How far the children of one parent (in one branch) are: counters instead of scans.

    `opened`: lanes begun so far; `open`: those not finished; `ready`: lane to the step that
    ended well and has a successor; the rest counts children by state.
    """

    opened: int = 0
    open: int = 0
    ready: Map[int, int] = Map()
    active: int = 0
    failed: int = 0
    killed: int = 0
    warnings: int = 0
    paused: int = 0

    def with_created(self, place: Place) -> "Frame":
        """Return the frame with one more child, in state CREATED."""
        if place.step:
            return replace(self, active=self.active + 1, ready=self.ready.delete(place.lane))
        return replace(self, active=self.active + 1, opened=self.opened + 1, open=self.open + 1)

    def with_moved(self, place: Place, old: State, new: State) -> "Frame":
        """Return the frame after a child went from one state to another."""
        open_, ready = self.open, self.ready
        before, after = lane_of(place, old), lane_of(place, new)
        if before != after:
            open_ += (after != "closed") - (before != "closed")
            if after == "ready":
                ready = ready.set(place.lane, place.step)
            elif before == "ready" and place.lane in ready:
                ready = ready.delete(place.lane)
        return Frame(
            self.opened,
            open_,
            ready,
            self.active + (not new.is_terminal) - (not old.is_terminal),
            self.failed + (new is State.FAILED) - (old is State.FAILED),
            self.killed + (new is State.KILLED) - (old is State.KILLED),
            self.warnings + (new is State.WARNING) - (old is State.WARNING),
            self.paused + (new is State.PAUSED) - (old is State.PAUSED),
        )

    def without(self, place: Place, state: State) -> "Frame":
        """Return the frame without the newest child of a lane: it is as before that one was made."""
        frame = self.with_moved(place, state, State.CREATED)
        if place.step:
            return replace(frame, active=frame.active - 1, ready=frame.ready.set(place.lane, place.step - 1))
        return replace(frame, active=frame.active - 1, opened=frame.opened - 1, open=frame.open - 1)


def lane_of(place: Place, state: State) -> str:
    """Return how a lane stands whose newest child is in this state: running, ready for the next step, or closed."""
    if not state.is_terminal:
        return "running"
    stops = state in {State.KILLED, State.RETRIED} or (state is State.FAILED and place.branch is Branch.TASKS)
    return "closed" if stops or place.is_last else "ready"


class Aggregate(msgspec.Struct, frozen=True):
    """One execution, its task runs by id, and what follows from them."""

    execution: Execution
    taskruns: Map[str, TaskRun] = Map()
    frames: Map[FrameKey, Frame] = Map()
    by_task: Map[str, Map[int, str]] = Map()
    """Task id to its task runs, ordinal to id."""
    by_path: Map[tuple[str, ...], str] = Map()
    """(task id, loop values from the outermost in) to the newest task run there."""
    seq: int = 0
    """The last transition; every transition changes the execution or a task run, which then carry it."""
    created: int = 0
    """Task runs made so far: the next one's ordinal."""
    removed: Map[str, None] = Map()
    """Those that are no part of it any more, but whose records are still there."""

    @classmethod
    def rebuild(cls, execution: Execution, taskruns: Iterable[TaskRun]) -> "Aggregate":
        """Return the aggregate that these snapshots belong to; the same as the fold that made them."""
        aggregate: Aggregate = cls(execution, seq=execution.seq)
        for run in sorted(taskruns, key=lambda run: run.ordinal):
            aggregate = aggregate.with_created(run).with_moved(run, State.CREATED)
            aggregate = replace(aggregate, seq=max(aggregate.seq, run.seq), created=run.ordinal + 1)
        return aggregate

    def frame(self, parent: str, branch: Branch = Branch.TASKS) -> Frame:
        return self.frames.get((parent, branch), _EMPTY)

    def values(self, run: TaskRun) -> tuple[str, ...]:
        """Return the loop values that lead to a task run, the outermost first, its own last."""
        found = [] if run.value is None else [run.value]
        found += [parent.value for parent in self.ancestors(run) if parent.value is not None]
        return tuple(reversed(found))

    def ancestors(self, run: TaskRun) -> Iterator[TaskRun]:
        """Yield the task runs around one, the closest first."""
        parent = run.parent_taskrun_id
        while parent is not None:
            around = self.taskruns[parent]
            yield around
            parent = around.parent_taskrun_id

    def with_execution(self, execution: Execution) -> "Aggregate":
        return replace(self, execution=execution)

    def with_created(self, run: TaskRun) -> "Aggregate":
        """Return the aggregate with one more task run."""
        key = (run.parent_taskrun_id or ROOT, run.place.branch)
        frame = self.frames.get(key, _EMPTY).with_created(run.place)
        of_task = self.by_task.get(run.task_id, _NO_RUNS).set(run.ordinal, run.id)
        return Aggregate(
            self.execution,
            self.taskruns.set(run.id, run),
            self.frames.set(key, frame),
            self.by_task.set(run.task_id, of_task),
            self.by_path.set((run.task_id, *self.values(run)), run.id),
            self.seq,
            run.ordinal + 1,
            self.removed,
        )

    def with_moved(self, run: TaskRun, old: State) -> "Aggregate":
        """Return the aggregate with `run` in place of itself in state `old`."""
        key = (run.parent_taskrun_id or ROOT, run.place.branch)
        frame = self.frames.get(key, _EMPTY).with_moved(run.place, old, run.state)
        return replace(self, taskruns=self.taskruns.set(run.id, run), frames=self.frames.set(key, frame))

    def with_labels(self, labels: tuple[Label, ...], seq: int) -> "Aggregate":
        """Return the aggregate with these labels on the execution and on each task run: people search by them."""
        taskruns = Map({key: replace(run, labels=labels, seq=seq) for key, run in self.taskruns.items()})
        return replace(self, execution=replace(self.execution, labels=labels, seq=seq), taskruns=taskruns)

    def without(self, taskrun_ids: Iterable[str]) -> "Aggregate":
        """
        Return the aggregate as if these task runs had never been; ordinals are not used again.

        Whole subtrees go. The cost is that of what goes: a loop's rounds do not look at the rest.
        """
        gone = [self.taskruns[taskrun_id] for taskrun_id in taskrun_ids if taskrun_id in self.taskruns]
        aggregate = self
        for run in sorted(gone, key=lambda run: run.ordinal, reverse=True):
            aggregate = aggregate._without(run)
        return replace(aggregate, removed=self.removed.update({run.id: None for run in gone}))

    def _without(self, run: TaskRun) -> "Aggregate":
        """Return the aggregate without a task run that is the newest of its lane and has no children."""
        key = (run.parent_taskrun_id or ROOT, run.place.branch)
        frame = self.frames[key].without(run.place, run.state)
        of_task = self.by_task[run.task_id].delete(run.ordinal)
        path = (run.task_id, *self.values(run))
        return replace(
            self,
            taskruns=self.taskruns.delete(run.id),
            frames=self.frames.set(key, frame) if frame.opened else self.frames.delete(key),
            by_task=self.by_task.set(run.task_id, of_task) if of_task else self.by_task.delete(run.task_id),
            by_path=self.by_path.delete(path) if self.by_path.get(path) == run.id else self.by_path,
        )

    def with_changed(self, run: TaskRun) -> "Aggregate":
        """Return the aggregate with `run` in place of itself, its state as before."""
        return replace(self, taskruns=self.taskruns.set(run.id, run))


_EMPTY = Frame()
_NO_RUNS: Map[int, str] = Map()

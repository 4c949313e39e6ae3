"""
The end of an execution that is killed: what has not begun is KILLED at once, what runs is interrupted first.
"""

from typing import Final

from runfold.execution.aggregate import ROOT
from runfold.execution.calling import child_of
from runfold.execution.draft import Draft
from runfold.execution.facts import BatchKillsAsked, ExecutionMoved, KillAsked, TaskRunMoved
from runfold.execution.model import Branch
from runfold.execution.state import State
from runfold.flows.flowable.subflow import StartPerBatch, Subflow

NOT_BEGUN: Final = frozenset({State.CREATED, State.RESTARTED, State.RETRYING})
"""In these nothing of a task run is to be interrupted."""


def sweep(draft: Draft, *, cascade: bool = True) -> None:
    """
    Move what is left of a KILLING execution towards KILLED, as much as fits one transition.

    `cascade`: executions that its subflows started, and wait for, are killed first.
    """
    for run in draft.aggregate.taskruns.values():
        if run.state.is_terminal or run.state is State.KILLING:
            continue
        if not draft.has_room:
            draft.look_at(ROOT)
            return
        node = draft.plan.nodes[run.task_id]
        is_call = isinstance(node.task, Subflow | StartPerBatch)
        is_busy = node.is_flowable or run.state is State.RUNNING
        if is_call and cascade and is_busy:
            draft.add(KillAsked(child_of(run)) if isinstance(node.task, Subflow) else BatchKillsAsked(run.id))
        if is_call and not cascade:
            draft.add(TaskRunMoved(run.id, State.KILLED))
        elif is_busy and run.state not in NOT_BEGUN:
            draft.add(TaskRunMoved(run.id, State.KILLING))
            if node.goes_on:
                draft.look_at(run.id)
        else:
            draft.add(TaskRunMoved(run.id, State.KILLED))
    draft.look_at(ROOT)


def settle_kill(draft: Draft, parent: str) -> None:
    """End a parent (a task run, or the execution for ROOT) that is KILLING once none of its children is active."""
    if any(draft.aggregate.frame(parent, branch).active for branch in Branch):
        return
    if parent == ROOT:
        draft.add(ExecutionMoved(State.KILLED))
    elif draft.run(parent).state is State.KILLING:
        draft.add(TaskRunMoved(parent, State.KILLED))

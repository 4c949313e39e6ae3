"""
The flowables: tasks that decide which of their children run.

`FLOWABLES` run today. `PLANNED_FLOWABLES` are read and checked, but no engine part runs them yet.
"""

from typing import Final

from runfold.flows.flowable.choice import If, Switch
from runfold.flows.flowable.dag import Dag
from runfold.flows.flowable.each import EachParallel, EachSequential, ForEach
from runfold.flows.flowable.parallel import Parallel
from runfold.flows.flowable.pause import Pause, WaitFor
from runfold.flows.flowable.sequential import AllowFailure, Sequential
from runfold.flows.flowable.subflow import ForEachItem, Subflow, Template
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.task import FlowableTask, Task

FLOWABLES: Final[tuple[type[FlowableTask], ...]] = (
    Sequential,
    Parallel,
    If,
    Switch,
    ForEach,
    EachSequential,
    EachParallel,
    Dag,
    AllowFailure,
)

PLANNED_FLOWABLES: Final[tuple[type[Task], ...]] = (
    Pause,
    WaitFor,
    Subflow,
    ForEachItem,
    WorkingDirectory,
    Template,
)

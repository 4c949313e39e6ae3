"""The tasks that the executor runs itself: most decide which of their children run."""

from typing import Final

from runfold.flows.flowable.choice import If, Switch
from runfold.flows.flowable.dag import Dag
from runfold.flows.flowable.each import EachParallel, EachSequential, ForEach, Loop
from runfold.flows.flowable.parallel import Parallel
from runfold.flows.flowable.pause import Pause, WaitFor
from runfold.flows.flowable.sequential import AllowFailure, Sequential
from runfold.flows.flowable.subflow import ForEachItem, Subflow
from runfold.flows.flowable.template import Template
from runfold.flows.flowable.working_directory import WorkingDirectory
from runfold.flows.labels_task import SetsLabels
from runfold.flows.task import Task

FLOWABLES: Final[tuple[type[Task], ...]] = (
    Sequential,
    Parallel,
    If,
    Switch,
    ForEach,
    Loop,
    EachSequential,
    EachParallel,
    Dag,
    AllowFailure,
    Pause,
    WaitFor,
    Subflow,
    ForEachItem,
    WorkingDirectory,
    Template,
    SetsLabels,
)

"""
Restoring partitions: the snapshots of live executions are read back, then the executor goes on.
"""

from collections.abc import Collection, Iterator

import msgspec
from immutables import Map
from msgspec.structs import replace

from runfold.execution.aggregate import Aggregate
from runfold.execution.model import Execution, TaskRun
from runfold.execution.slots import Queue
from runfold.ports import Broker
from runfold.topology import EXECUTIONS, QUEUES, TASKRUNS

_execution = msgspec.json.Decoder(Execution)
_taskrun = msgspec.json.Decoder(TaskRun)
_queue = msgspec.json.Decoder(Queue)


def restored(broker: Broker, partition: int) -> Iterator[Aggregate]:
    """Yield what the snapshot topics of one partition hold: the state that the last commit left."""
    executions: dict[str, Execution] = {}
    for record in broker.history(EXECUTIONS, partition):
        if record.key is None:
            continue
        if record.value is None:
            executions.pop(record.key, None)
        else:
            executions[record.key] = _execution.decode(record.value)
    taskruns: dict[str, dict[str, TaskRun]] = {execution_id: {} for execution_id in executions}
    for record in broker.history(TASKRUNS, partition):
        execution_id, _, taskrun_id = (record.key or "").partition("/")
        if execution_id not in taskruns:
            continue
        if record.value is None:
            taskruns[execution_id].pop(taskrun_id, None)
        else:
            taskruns[execution_id][taskrun_id] = _taskrun.decode(record.value)
    for execution_id, execution in executions.items():
        yield _rebuilt(execution, taskruns[execution_id].values())


def _rebuilt(execution: Execution, taskruns: Collection[TaskRun]) -> Aggregate:
    present = Aggregate.rebuild(execution, (run for run in taskruns if not run.is_removed))
    # What was removed counts still: ordinals and transitions are never used twice.
    created = max((run.ordinal + 1 for run in taskruns), default=0)
    seq = max((run.seq for run in taskruns), default=0)
    removed = Map({run.id: None for run in taskruns if run.is_removed})
    return replace(present, created=max(present.created, created), seq=max(present.seq, seq), removed=removed)


def restored_queues(broker: Broker, partition: int) -> Iterator[Queue]:
    """Yield the queues of one partition."""
    newest = {record.key: record.value for record in broker.history(QUEUES, partition)}
    for value in newest.values():
        if value is not None:
            yield _queue.decode(value)

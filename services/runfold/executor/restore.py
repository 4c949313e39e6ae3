"""
Restoring partitions: the snapshots of live executions are read back, then the executor goes on.
"""

from collections.abc import Iterator

import msgspec

from runfold.execution.aggregate import Aggregate
from runfold.execution.model import Execution, TaskRun
from runfold.ports import Broker
from runfold.topology import EXECUTIONS, TASKRUNS

_execution = msgspec.json.Decoder(Execution)
_taskrun = msgspec.json.Decoder(TaskRun)


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
        yield Aggregate.rebuild(execution, taskruns[execution_id].values())

"""
An execution that takes the place of another: a retry of the whole, a replay, a restart under another revision.
"""

from runfold.execution.claims import Start
from runfold.execution.model import Execution


def successor(old: Execution, new_id: str) -> Start:
    """Return the claim that runs `old` again as `new_id`: same flow, inputs and labels, one attempt later."""
    return Start(
        execution_id=new_id,
        id=f"{new_id}.start",
        namespace=old.namespace,
        flow_id=old.flow_id,
        flow_revision=old.flow_revision,
        inputs=old.inputs,
        labels=old.labels,
        variables=old.variables,
        trigger=old.trigger,
        parent_id=old.id,
        original_id=old.original_id,
        attempt_number=old.attempt_number + 1,
        original_created_date=old.original_created_date,
    )

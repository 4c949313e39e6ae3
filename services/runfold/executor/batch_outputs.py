"""
The outputs of executions that a ForEachItem started: a file for each, which its last step puts together.

Written before the end is decided on: it says of an execution's end whether its outputs can be had,
and writing the same file again after a crash changes nothing.
"""

import logging
from io import BytesIO
from typing import Final

import msgspec
from msgspec.structs import replace

from runfold.errors import RunfoldError
from runfold.execution.aggregate import Aggregate
from runfold.execution.batches import is_awaited
from runfold.execution.claims import ChildEnded
from runfold.ports import Files
from runfold.storage_layout import batch_outputs_file

logger = logging.getLogger(__name__)

_encode: Final = msgspec.json.Encoder().encode


def with_outputs_stored(files: Files, known: Aggregate | None, claim: ChildEnded) -> ChildEnded:
    """Store the outputs of an execution that ended, if a task run waits for them; say so in the claim if that fails."""
    run = known.taskruns.get(claim.taskrun_id) if known is not None else None
    if run is None or claim.item is None or not claim.outputs or not is_awaited(run, claim):
        return claim
    base = (run.outputs or {})["subflowOutputsBaseUri"]
    try:
        # JSON is Ion: one value a line.
        files.put(batch_outputs_file(base, claim.item), BytesIO(_encode(claim.outputs) + b"\n"))
    except RunfoldError as error:
        logger.warning("Outputs of execution %s can't be stored: %s", claim.child_id, error)
        return replace(claim, error=f"they can't be stored: {error}")
    return claim

"""
The two steps of a ForEachItem that a worker runs.

Batches are named by their numbers, so that who knows how many there are knows all addresses:
`<folder>/<number><extension>`.
"""

import tempfile
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from runfold.execution.batches import BATCHES_MAX
from runfold.flows.flowable.subflow import MergeOutputs, SplitItems
from runfold.storage_layout import batch_outputs_file, extension_of, uri_of
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.storage import copy, is_address, opened, parts_of
from runfold.tasks.values import number, required, size_bytes

EXTENSION: Final = ".tmp"
SPLITS: Final = "splits.txt"
MERGED: Final = "outputs.ion"


class SplitIntoBatches(SplitItems):
    """Cut the file; outputs: `splits`, a file of addresses, and `batches`: count, folder, extension."""

    INTERNAL: ClassVar[bool] = True

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.items, "items")
        if not is_address(address):
            raise TaskFailed(f"Unable to split the items from {address[:200]}, this is not an internal storage URI")
        batch = self.batch
        partitions = number(context, batch.partitions, "partitions")
        size = size_bytes(context, batch.bytes, "bytes")
        rows = number(context, batch.rows, "rows")
        extension = extension_of(address) or EXTENSION
        count = 0
        with opened(context, address) as content, tempfile.TemporaryFile() as list_:
            rows = 1 if rows is None and size is None else rows
            for part in parts_of(context, content, batch.separator, partitions=partitions, size=size, count=rows):
                count += 1
                if count > BATCHES_MAX:
                    raise TaskFailed(f"The file splits into more than {BATCHES_MAX} batches: put more into each")
                uri = context.storage.files.store(part, name=f"{count}{extension}")
                list_.write(f"{uri}\n".encode())
            list_.seek(0)
            splits = context.storage.files.store(list_, name=SPLITS)
        folder = splits.removesuffix(f"/{SPLITS}")
        return {"splits": splits, "batches": {"count": count, "folder": folder, "extension": extension}}


class MergeBatchOutputs(MergeOutputs):
    """Put the outputs of all executions together, in the order of the batches; no output if there are none."""

    INTERNAL: ClassVar[bool] = True

    def run(self, context: RunContext) -> Outputs:
        found = _outputs_of(context.variables, self.items_id)
        base, count = found.get("subflowOutputsBaseUri", ""), found.get("numberOfBatches", 0)
        held = 0
        with tempfile.TemporaryFile() as whole:
            for batch in range(1, count + 1):
                address = uri_of(batch_outputs_file(base, batch))
                if context.storage.files.stat(address) is not None:
                    held += 1
                    with opened(context, address) as content:
                        copy(context, content, whole)
            if not held:
                return None
            whole.seek(0)
            return {"subflowOutputs": context.storage.files.store(whole, name=MERGED)}


def _outputs_of(variables: Mapping[str, Any], task_id: str) -> Mapping[str, Any]:
    """Return a sibling's outputs: below the values of the loops around, the outermost first."""
    found = (variables.get("outputs") or {}).get(task_id)
    taskruns = [parent.get("taskrun", {}) for parent in reversed(variables.get("parents") or [])]
    for value in (taskrun["value"] for taskrun in taskruns if "value" in taskrun):
        found = (found or {}).get(value)
    return found or {}


FOREACH_ITEM_TASKS: Final = (SplitIntoBatches, MergeBatchOutputs)

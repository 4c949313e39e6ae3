"""Work records that can't be read: put aside for people, and answered if they say whose they are."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from runfold.adapters.dead_letters import dead_letter
from runfold.execution.claims import Work
from runfold.execution.state import State
from runfold.ports import Message, Record
from runfold.worker.reports import Outcome, Span, ended


class WorkIds(msgspec.Struct, frozen=True, rename="camel"):
    """What is needed of a work record to answer it."""

    execution_id: str
    taskrun_id: str = msgspec.field(name="taskRunId")
    token: int


_decode_ids: Final = msgspec.json.Decoder(WorkIds).decode


def bury(record: Record, fault: Exception, worker_id: str, at: datetime) -> Iterator[Message]:
    """Yield the dead letter of `record`, and the failure of its attempt if it can be named."""
    yield dead_letter(record, fault)
    try:
        ids = _decode_ids(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    work = Work(
        execution_id=ids.execution_id,
        taskrun_id=ids.taskrun_id,
        token=ids.token,
        namespace="",
        flow_id="",
        flow_revision=0,
        task_id="",
        task=msgspec.Raw(b"null"),
        variables={},
    )
    outcome = Outcome(State.FAILED, error=f"The work record can't be read: {fault}")
    yield ended(work, worker_id, Span(at, at), outcome)

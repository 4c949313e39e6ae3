"""
Deleting executions and log lines: asked for by a claim, and shown no more from then on.

The engine carries it out; until the index has followed, the tail knows.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from runfold.adapters.purging import PAGE_MAX, Reach, delete_claim, publish_claims
from runfold.documents.model import Document, Kind
from runfold.documents.project import project_log
from runfold.documents.query import Filter, Is, all_of, matches
from runfold.errors import NotFound
from runfold.execution.model import Deletion, Execution
from runfold.execution.state import Entry, State
from runfold.webserver.parts import Parts
from runfold.webserver.said import signed
from runfold.webserver.view import LogLine

CERTAIN: Final = 2**62
"""In the place of a transition's number: no snapshot that is still under way undoes it."""


def delete(parts: Parts, execution_id: str, reach: Reach) -> None:
    """Delete an execution, whatever its state. Raises: NotFound."""
    document = parts.reader.document(Kind.EXECUTIONS, execution_id)
    if document is None:
        raise NotFound(f"There is no execution {execution_id}")
    delete_all(parts, [document], reach, is_forced=True)


def delete_all(parts: Parts, documents: Iterable[Document], reach: Reach, *, is_forced: bool) -> None:
    """Delete executions that were found; `is_forced`: also those that have not ended."""
    left = iter(documents)
    while page := list(islice(left, PAGE_MAX)):
        claims = [signed(delete_claim(document, parts.new_id(), reach, is_forced=is_forced)) for document in page]
        publish_claims(parts.broker, claims)
        for document in page:
            parts.tail.forget(_deleted(parts, document, reach, is_certain=is_forced))


def _deleted(parts: Parts, document: Document, reach: Reach, *, is_certain: bool) -> Execution:
    now = parts.clock()
    return Execution(
        id=document.id,
        namespace=document.body["namespace"],
        flow_id=document.body["flowId"],
        flow_revision=document.body["flowRevision"],
        histories=(Entry(State(document.body["state"]), now),),
        seq=CERTAIN if is_certain else document.version,
        deletion=Deletion(now, reach.logs, reach.metrics, reach.files),
    )


def delete_logs(parts: Parts, execution_id: str, wanted: Filter) -> None:
    """Take those log lines of an execution that fit out of the index, and show them no more."""
    both = all_of((Is("executionId", (execution_id,)), wanted))
    parts.index.delete_where(Kind.LOGS, both)

    def fits(line: LogLine) -> bool:
        return matches(both, project_log(line.entry, line.position).body)

    parts.tail.forget_logs(execution_id, fits)

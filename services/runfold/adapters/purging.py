"""
Purging: executions that a filter finds are claimed to be deleted, log lines are taken out of the index.

One way for all who purge: tasks of flows, the retention of namespaces, the command line. What
becomes of a claim is the engine's business; asking for the same again is harmless.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from runfold.documents.model import Document, Kind
from runfold.documents.query import Filter, Is, Query, Sort
from runfold.execution.claims import Delete
from runfold.execution.state import State
from runfold.ports import Broker, Files, Index, Message, slot_of
from runfold.storage_layout import execution_folder
from runfold.topology import CLAIMS

PAGE_MAX: Final = 400
"""Executions that are looked at, and claimed, together."""

OLDEST_FIRST: Final = (Sort("startDate"), Sort("id"))


@dataclass(frozen=True, slots=True)
class Reach:
    """What goes: the execution itself (and its task runs), its log lines, measurements, files."""

    executions: bool = True
    logs: bool = True
    metrics: bool = True
    files: bool = True


@dataclass(frozen=True, slots=True)
class Purged:
    """How much of what goes."""

    executions: int = 0
    logs: int = 0
    metrics: int = 0
    files: int = 0

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(
            self.executions + other.executions,
            self.logs + other.logs,
            self.metrics + other.metrics,
            self.files + other.files,
        )


def delete_claim(
    document: Document, claim_id: str, reach: Reach, *, is_forced: bool = False, actor: str | None = None
) -> Delete:
    """Return the claim that an execution, as it was found, be deleted."""
    body = document.body
    return Delete(
        document.id,
        claim_id,
        namespace=body["namespace"],
        flow_id=body["flowId"],
        flow_revision=body["flowRevision"],
        state=State(body["state"]),
        seq=document.version,
        logs=reach.logs,
        metrics=reach.metrics,
        files=reach.files,
        is_forced=is_forced,
        actor=actor,
    )


def publish_claims(broker: Broker, claims: Iterable[Delete]) -> None:
    """Ask for deletions. Raises: Unavailable."""
    encode = msgspec.json.encode
    broker.publish(
        [Message(CLAIMS, claim.execution_id, encode(claim), slot=slot_of(claim.execution_id)) for claim in claims]
    )


class Purge:
    """What tasks, and whoever else purges, may do with what is kept."""

    def __init__(self, index: Index, broker: Broker, files: Files) -> None:
        self._index = index
        self._broker = broker
        self._files = files

    def executions(self, wanted: Filter, reach: Reach, actor: str | None = None) -> Purged:
        """Let go of what `reach` names of ended executions that fit; return how much there was. Raises: Unavailable."""
        self._index.refresh()
        total = Purged()
        for page in self._pages(wanted):
            ids = Is("executionId", tuple(document.id for document in page))
            total += Purged(
                len(page) if reach.executions else 0,
                self._count(Kind.LOGS, ids) if reach.logs else 0,
                self._count(Kind.METRICS, ids) if reach.metrics else 0,
                sum(map(self._count_files, page)) if reach.files else 0,
            )
            self._purge(page, reach, actor)
        return total

    def logs(self, wanted: Filter) -> int:
        """Take the log lines that fit out of the index; return how many there were. Raises: Unavailable."""
        return self._index.delete_where(Kind.LOGS, wanted)

    def _pages(self, wanted: Filter) -> Iterator[Sequence[Document]]:
        after = None
        while True:
            query = Query(Kind.EXECUTIONS, wanted, OLDEST_FIRST, size=PAGE_MAX, after=after, exact_total=False)
            page = self._index.search(query)
            if page.documents:
                yield page.documents
            after = page.next
            if after is None:
                return

    def _purge(self, page: Sequence[Document], reach: Reach, actor: str | None) -> None:
        if reach.executions:
            claims = (delete_claim(each, f"{each.id}.purge.{each.version}", reach, actor=actor) for each in page)
            publish_claims(self._broker, claims)
            return
        ids = Is("executionId", tuple(document.id for document in page))
        for kind, is_wanted in ((Kind.LOGS, reach.logs), (Kind.METRICS, reach.metrics)):
            if is_wanted:
                self._index.delete_where(kind, ids)
        if reach.files:
            for document in page:
                for path in self._paths(document):
                    self._files.delete(path)

    def _count(self, kind: Kind, wanted: Filter) -> int:
        return self._index.search(Query(kind, wanted, size=1)).total

    def _count_files(self, document: Document) -> int:
        return len(self._paths(document))

    def _paths(self, document: Document) -> list[str]:
        folder = execution_folder(document.body["namespace"], document.body["flowId"], document.id)
        return [stored.path for stored in self._files.list(folder)]

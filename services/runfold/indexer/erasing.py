"""
What a deletion takes away: documents, and the files of the execution.

Reads the index's own deletions; removes documents and files. Two rules. A deletion is stored
before anything is removed and confirmed after all of it is: a crash in between repeats. And what
comes late of a deleted execution (a log line of a worker that was not told yet, a record read
again) is not stored: whoever deletes does not find it again.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from runfold.documents.model import Document, Kind
from runfold.documents.query import Is, Query
from runfold.errors import CallerError
from runfold.ports import Files, Index
from runfold.storage_layout import execution_folder

IDS_MAX: Final = 400
"""Executions that one request to the index names."""

_OPTIONAL: Final = {Kind.LOGS: "logs", Kind.METRICS: "metrics"}
"""Kinds that a deletion may leave, and the word of it that says so."""

Deletions = Mapping[str, Document]

logger = logging.getLogger(__name__)


class Eraser:
    """Holds deletions against what comes, and carries them out."""

    def __init__(self, index: Index, files: Files) -> None:
        self._index = index
        self._files = files

    def wanted(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents that no deletion forbids, those of this batch or stored ones. Raises: Unavailable."""
        deletions = {document.id: document for document in documents if document.kind is Kind.DELETIONS}
        known = self._known({_owner(document) for document in documents} - deletions.keys())
        begun_again = {
            document.id for document in documents if document.kind is Kind.EXECUTIONS and _is_newer(document, known)
        }
        if begun_again:
            self._each(begun_again, (Kind.DELETIONS,), "id")
        deletions |= {execution_id: known[execution_id] for execution_id in known.keys() - begun_again}
        return [document for document in documents if not _is_forbidden(document, deletions)]

    def erase(self, documents: Iterable[Document]) -> dict[str, str]:
        """
        Store the deletions among `documents` and carry them out, before anything else is stored.

        Returns those that were refused, as `Index.put` does. Raises: Unavailable.
        """
        deletions = [document for document in documents if document.kind is Kind.DELETIONS]
        if not deletions:
            return {}
        refused = dict(self._index.put(deletions))
        self._index.refresh()  # from here on, what comes late of them is found to be so
        everywhere = [deletion.id for deletion in deletions]
        self._each(everywhere, (Kind.EXECUTIONS,), "id")
        self._each(everywhere, (Kind.TASKRUNS,), "executionId")
        for kind, word in _OPTIONAL.items():
            self._each([each.id for each in deletions if each.body["source"][word]], (kind,), "executionId")
        for deletion in deletions:
            if deletion.body["source"]["files"]:
                self._erase_files(deletion)
        return refused

    def _known(self, execution_ids: set[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for ids in _chunks(sorted(execution_ids)):
            page = self._index.search(Query(Kind.DELETIONS, Is("id", ids), size=IDS_MAX, exact_total=False))
            found |= {document.id: document for document in page.documents}
        return found

    def _each(self, execution_ids: Iterable[str], kinds: Sequence[Kind], field: str) -> None:
        for ids in _chunks(sorted(execution_ids)):
            for kind in kinds:
                self._index.delete_where(kind, Is(field, ids))

    def _erase_files(self, deletion: Document) -> None:
        if not deletion.id or "/" in deletion.id:
            return  # it would name the files of others
        folder = execution_folder(deletion.body["namespace"], deletion.body["flowId"], deletion.id)
        try:
            for path in [stored.path for stored in self._files.list(folder)]:
                self._files.delete(path)
        except CallerError as error:
            logger.warning("Files of the deleted execution %s can't be named: %s", deletion.id, error)


def _owner(document: Document) -> str:
    """Return the execution that a document belongs to."""
    owner: str = document.id if document.kind is Kind.EXECUTIONS else document.body.get("executionId", "")
    return owner


def _is_forbidden(document: Document, deletions: Deletions) -> bool:
    deletion = deletions.get(_owner(document))
    if deletion is None or document.kind is Kind.DELETIONS:
        return False
    word = _OPTIONAL.get(document.kind)
    return not _is_newer(document, deletions) if word is None else bool(deletion.body["source"][word])


def _is_newer(document: Document, deletions: Deletions) -> bool:
    """Return whether a snapshot is of an execution that began after its name had been deleted: a key used again."""
    deletion = deletions.get(_owner(document))
    if deletion is None:
        return False
    deleted_at: datetime = deletion.body["timestamp"]
    return document.created > deleted_at


def _chunks(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for at in range(0, len(ids), IDS_MAX):
        yield tuple(ids[at : at + IDS_MAX])

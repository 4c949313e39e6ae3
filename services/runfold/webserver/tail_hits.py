"""
Log lines of one execution that the tail has and the index has not yet: hits of a search, too.

The rule: they join the first page, where the newest lines are looked for; who goes on by
cursor or page finds them in the index by then.
"""

from collections.abc import Sequence

from runfold.documents.cursor import cursor_text, sorts_of
from runfold.documents.model import Document, Kind
from runfold.documents.project import project_log
from runfold.documents.query import PAGE_SIZE_MAX, All, Filter, Is, Page, Query, Sort, matches
from runfold.ports import Index
from runfold.webserver.tail import Tail


def with_tail_lines(page: Page, query: Query, index: Index, tail: Tail) -> Page:
    """Return a page of log lines with those that the index does not have yet, if it is the first of one execution."""
    execution_id = execution_of(query.filter) if query.kind is Kind.LOGS else None
    seen = tail.get(execution_id) if execution_id is not None and query.page == 1 and query.after is None else None
    if seen is None or not seen.logs:
        return page
    lines = [project_log(line.entry, line.position) for line in seen.logs]
    new = _not_stored([line for line in lines if matches(query.filter, line.body)], index)
    return _merged(page, query, new) if new else page


def execution_of(wanted: Filter) -> str | None:
    """Return the one execution that a filter lets through; None: it does not say."""
    match wanted:
        case Is(field="executionId", values=(str(execution_id),)):
            return execution_id
        case All(parts=parts):
            return next((found for part in parts if (found := execution_of(part)) is not None), None)
    return None


def _not_stored(lines: Sequence[Document], index: Index) -> list[Document]:
    missing = {line.id: line for line in lines}
    if missing:
        ids = tuple(missing)[-PAGE_SIZE_MAX:]
        stored = index.search(Query(Kind.LOGS, Is("id", ids), size=PAGE_SIZE_MAX, exact_total=False))
        for document in stored.documents:
            missing.pop(document.id, None)
    return list(missing.values())


def _merged(page: Page, query: Query, new: Sequence[Document]) -> Page:
    documents = _ordered([*page.documents, *new], sorts_of(query))
    total = page.total + len(new)
    shown = tuple(documents[: query.size])
    has_more = len(documents) > len(shown) or page.next is not None
    following = cursor_text(query, shown[-1], total, is_exact=page.is_exact) if has_more else None
    return Page(shown, total, page.is_exact, following)


def _ordered(documents: list[Document], sorts: Sequence[Sort]) -> list[Document]:
    """Return documents as an index orders them: those without a field come last, whichever way."""
    for sort in reversed(sorts):
        present = [document for document in documents if document.body.get(sort.field) is not None]
        absent = [document for document in documents if document.body.get(sort.field) is None]
        present.sort(key=lambda document: document.body[sort.field], reverse=sort.descending)
        documents = present + absent
    return documents

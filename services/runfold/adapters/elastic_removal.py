"""
Removal from Elasticsearch: of what a filter finds, page by page, or of documents that are known.

Not by `_delete_by_query`, which not every server has. Each deletion names the version
that was found, so a document that changed meanwhile stays, whether it still fits or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from elasticsearch import Elasticsearch

from runfold.adapters.elastic_months import Months
from runfold.documents.model import Document
from runfold.errors import Unavailable

REMOVED_AT_ONCE_MAX: Final = 1000

_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
"""Gone, gone before, or changed meanwhile. All else is the server's: an index may be closed to writers for a while."""


class Removal:
    """One removal from the indices behind `alias`."""

    def __init__(self, client: Elasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias

    def run(self, wanted: Mapping[str, Any]) -> int:
        """Remove what the query `wanted` finds; return how many. Raises: Unavailable: some may be gone."""
        count = 0
        after: list[Any] | None = None
        while hits := self._page(wanted, after):
            count += self._remove(hits)
            after = hits[-1]["sort"]
        return count

    def _page(self, wanted: Mapping[str, Any], after: list[Any] | None) -> Sequence[Mapping[str, Any]]:
        answer = self._client.search(
            index=self._alias,
            query=wanted,
            sort=[{"id": "asc"}],
            search_after=after,
            size=REMOVED_AT_ONCE_MAX,
            version=True,
            source=False,
            track_total_hits=False,
            allow_partial_search_results=False,
            ignore_unavailable=True,
        )
        hits: Sequence[Mapping[str, Any]] = answer["hits"]["hits"]
        return hits

    def _remove(self, hits: Sequence[Mapping[str, Any]]) -> int:
        actions = [_action(hit["_index"], hit["_id"], hit["_version"]) for hit in hits]
        return _delete(self._client, actions, require_alias=False)


def remove(client: Elasticsearch, months: Months, documents: Iterable[Document]) -> None:
    """Remove `documents`, each unless something newer is stored. Raises: Unavailable: some may be gone."""
    actions = [_action(months.name(each.kind, each.created), each.id, each.version) for each in documents]
    for at in range(0, len(actions), REMOVED_AT_ONCE_MAX):
        # Where the month is not there, no index is made of it.
        _delete(client, actions[at : at + REMOVED_AT_ONCE_MAX], require_alias=months.by_alias)


def _action(index: str, document_id: str, version: int) -> Mapping[str, Any]:
    return {"delete": {"_index": index, "_id": document_id, "version": version, "version_type": "external_gte"}}


def _delete(client: Elasticsearch, actions: Sequence[Mapping[str, Any]], *, require_alias: bool) -> int:
    answer = client.bulk(operations=actions, require_alias=require_alias, filter_path=["items.*.status"])
    statuses = [item["delete"]["status"] for item in answer["items"]]
    if not _DONE.issuperset(statuses):
        raise Unavailable("Elasticsearch could not remove all that it was asked to")
    return statuses.count(HTTPStatus.OK)

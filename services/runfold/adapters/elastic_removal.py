"""
Removal of what a filter finds from Elasticsearch, page by page.

Not by `_delete_by_query`, which not every server has. Each deletion names the version
that was found, so a document that changed meanwhile stays, whether it still fits or not.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from elasticsearch import Elasticsearch

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
        actions = [
            {
                "delete": {
                    "_index": hit["_index"],
                    "_id": hit["_id"],
                    "version": hit["_version"],
                    "version_type": "external_gte",
                }
            }
            for hit in hits
        ]
        answer = self._client.bulk(operations=actions, filter_path=["items.*.status"])
        statuses = [item["delete"]["status"] for item in answer["items"]]
        if not _DONE.issuperset(statuses):
            raise Unavailable("Elasticsearch could not remove all that it was asked to")
        return statuses.count(HTTPStatus.OK)

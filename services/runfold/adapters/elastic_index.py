"""
The index on Elasticsearch.

Writes monthly indices by name and reads them by alias; the server keeps the newest of
two versions (`external_gte`), so double and late puts are harmless. The rule: a document
that the server refuses is stored barer and bare, and never holds up another one.
"""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from runfold.adapters import elastic_statistics
from runfold.adapters.elastic_bulk import Bulk
from runfold.adapters.elastic_errors import translated
from runfold.adapters.elastic_mapping import CREATED, Layout, Names
from runfold.adapters.elastic_months import LiveMonths, Months, NewMonths, make_templates
from runfold.adapters.elastic_query import condition, order, sort_values
from runfold.adapters.elastic_removal import Removal, remove
from runfold.documents.checks import check_query
from runfold.documents.cursor import Cursor, beyond, cursor_text, read_cursor, sorts_of
from runfold.documents.instants import date_of_text
from runfold.documents.model import FIELDS, SEARCH_ONLY, Document, FieldType, Kind
from runfold.documents.query import PAGED_MAX, All, Filter, Page, Query
from runfold.documents.source import SNAPSHOT, snapshot_of
from runfold.documents.statistics import (
    Count,
    Facets,
    FacetsAnswer,
    Histogram,
    HistogramAnswer,
    Statistics,
    StatisticsAnswer,
)
from runfold.documents.statistics.checks import check_facets, check_filter, check_histogram, check_statistics
from runfold.documents.storable import Storable, newest, storable
from runfold.errors import Unavailable

SEARCH_TIMEOUT: Final = "10s"
SHARD_PAUSES_S: Final = (0.1, 0.2, 0.4)
"""Before shards are asked again that are not there yet, or not any more."""

PASSING: Final = frozenset({"index_not_found_exception", "no_shard_available_action_exception"})
"""The index was exchanged for another generation between two requests that belong together; a month has just begun."""


class ElasticIndex:
    """
    See `ports.Index`. `prefix` begins the names of all indices; `layout` of new ones.

    `generation`: one that is being built; None: the one that counts.
    """

    def __init__(
        self, client: Elasticsearch, prefix: str, layout: Layout | None = None, generation: int | None = None
    ) -> None:
        self._client = client
        self.names = Names(prefix, generation)
        self._months: Months = (LiveMonths if generation is None else NewMonths)(client, self.names)
        self._layout = layout or Layout()
        self._is_prepared = False

    def put(self, documents: Sequence[Document]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        good: list[Storable] = []
        for document in newest(documents):
            item, reason = storable(document)
            if reason is not None:
                refused[document.id] = reason
            if item is not None:
                good.append(item)
        with translated():
            self._prepare()
            return {**refused, **Bulk(self._client, self._months).write(good)}

    def search(self, query: Query) -> Page:
        check_query(query)
        cursor = read_cursor(query)
        if cursor is not None:
            return self._go_on(query, cursor)
        seen = query.page * query.size
        answer = self._find(
            query,
            query.filter,
            {
                "from": seen - query.size,
                "size": query.size,
                "track_total_hits": True if query.exact_total else PAGED_MAX,
            },
        )
        found = answer["hits"].get("total", {"value": 0, "relation": "eq"})
        total, is_exact = found["value"], found["relation"] == "eq"
        documents = _documents(query.kind, answer)
        has_more = bool(documents) and (total > seen or not is_exact)
        following = cursor_text(query, documents[-1], total, is_exact=is_exact) if has_more else None
        return Page(documents, total, is_exact, following)

    def get(self, kind: Kind, document_id: str) -> Document | None:
        # An id is in one month only, but does not say in which: all are asked, and by id they answer at once.
        with translated():
            for pause_s in SHARD_PAUSES_S:
                try:
                    months = sorted(self._client.indices.get(index=self.names.readable(kind), features="aliases").body)
                except NotFoundError:
                    return None
                if not months:
                    return None
                wanted = [{"_index": month, "_id": document_id} for month in months]
                hits = self._client.mget(docs=wanted, realtime=True, source_excludes=_unread(kind))["docs"]
                errors = [hit["error"] for hit in hits if "error" in hit]
                if not errors:
                    return next((_document(kind, hit) for hit in hits if hit.get("found")), None)
                if any(error["type"] not in PASSING for error in errors):
                    break
                time.sleep(pause_s)
        raise Unavailable(f"Elasticsearch: {errors[0]['type']}: {errors[0].get('reason')}")

    def count(self, kind: Kind, wanted: Filter, *, is_exact: bool = True) -> Count:
        check_filter(kind, wanted)
        window = {"size": 0, "track_total_hits": True if is_exact else PAGED_MAX}
        found = self._ask(kind, wanted, window)["hits"].get("total", {"value": 0, "relation": "eq"})
        return Count(found["value"], found["relation"] == "eq")

    def facets(self, wanted: Facets) -> FacetsAnswer:
        check_facets(wanted)
        return elastic_statistics.facets(self._aggregate, wanted)

    def histogram(self, wanted: Histogram) -> HistogramAnswer:
        check_histogram(wanted)
        return elastic_statistics.histogram(self._aggregate, wanted)

    def statistics(self, wanted: Statistics) -> StatisticsAnswer:
        check_statistics(wanted)
        return elastic_statistics.statistics(self._aggregate, wanted)

    def remove(self, documents: Sequence[Document]) -> None:
        with translated():
            remove(self._client, self._months, documents)

    def delete_where(self, kind: Kind, wanted: Filter) -> int:
        check_filter(kind, wanted)
        with translated():
            self._client.indices.refresh(index=self.names.readable(kind), ignore_unavailable=True)
            return Removal(self._client, self.names.readable(kind)).run(condition(wanted, kind))

    def refresh(self) -> None:
        with translated():
            aliases = [self.names.readable(kind) for kind in Kind]
            self._client.indices.refresh(index=aliases, ignore_unavailable=True)

    def close(self) -> None:
        self._client.close()

    def _go_on(self, query: Query, cursor: Cursor) -> Page:
        wanted = query.filter
        window: dict[str, Any] = {"size": query.size + 1, "track_total_hits": False}
        if None in cursor.values:
            wanted = All((wanted, beyond(query, cursor)))
        else:
            # Says the same as the filter; but the server knows it, and begins there.
            window["search_after"] = sort_values(cursor.values)
        found = _documents(query.kind, self._find(query, wanted, window))
        documents = found[: query.size]
        has_more = len(found) > query.size
        following = cursor_text(query, documents[-1], cursor.total, is_exact=cursor.is_exact) if has_more else None
        return Page(documents, cursor.total, cursor.is_exact, following)

    def _find(self, query: Query, wanted: Filter, window: Mapping[str, Any]) -> dict[str, Any]:
        how = {"sort": order(sorts_of(query)), "version": True, "_source": {"excludes": _unread(query.kind)}}
        return self._ask(query.kind, wanted, {**how, **window})

    def _aggregate(self, kind: Kind, wanted: Filter, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._ask(kind, wanted, {"size": 0, "track_total_hits": True, "aggs": asked})

    def _ask(self, kind: Kind, wanted: Filter, body: Mapping[str, Any]) -> dict[str, Any]:
        body = {"query": {"bool": {"filter": [condition(wanted, kind)]}}, "timeout": SEARCH_TIMEOUT, **body}
        with translated():
            answer = self._search(self.names.readable(kind), body)
        if answer.get("timed_out"):
            raise Unavailable(f"The search took longer than {SEARCH_TIMEOUT}")
        return answer

    def _search(self, readable: str, body: dict[str, Any]) -> dict[str, Any]:
        """Search, again after a while if shards are not there yet: those of a month that has just begun, say."""
        for pause_s in (*SHARD_PAUSES_S, None):
            try:
                answer: dict[str, Any] = self._client.search(
                    index=readable, body=body, allow_partial_search_results=False, ignore_unavailable=True
                ).body
                break
            except ApiError as error:
                if pause_s is None or error.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(pause_s)
        return answer

    def _prepare(self) -> None:
        if not self._is_prepared:
            make_templates(self._client, self.names, self._layout)
            self._is_prepared = True


def _unread(kind: Kind) -> list[str]:
    return [name for name, field_type in FIELDS[kind].items() if field_type in SEARCH_ONLY]


def _documents(kind: Kind, answer: Mapping[str, Any]) -> tuple[Document, ...]:
    return tuple(_document(kind, hit) for hit in answer["hits"]["hits"])


def _document(kind: Kind, hit: Mapping[str, Any]) -> Document:
    stored = dict(hit["_source"])
    created = date_of_text(stored.pop(CREATED))
    snapshot = stored.pop(SNAPSHOT, None)
    body = {
        name: date_of_text(value) if FIELDS[kind].get(name) is FieldType.DATE else value
        for name, value in stored.items()
    }
    if snapshot is not None and (taskrun := snapshot_of(snapshot)) is not None:
        body[SNAPSHOT] = taskrun
    return Document(kind, hit["_id"], hit["_version"], created, body)

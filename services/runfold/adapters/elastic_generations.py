"""
Generations of the index on Elasticsearch: one counts, another may be in the making.

Reads and writes indices' names, aliases and settings; documents only by `ElasticIndex`. What
there is, is read from the server each time, so whoever goes on after a crash knows it too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from elasticsearch import Elasticsearch

from runfold.adapters.elastic_errors import translated
from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.elastic_mapping import REFRESH_INTERVAL, Layout, Month, Names, fingerprint
from runfold.adapters.elastic_months import (
    all_months,
    current_generation,
    live_months,
    make_templates,
    missing_aliases,
)
from runfold.documents.model import Kind
from runfold.errors import BrokenInvariant, Unavailable
from runfold.ports import Index

SWAPS_MAX: Final = 5
"""So often an indexer may make a month of the old generation at the very moment of the swap."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """One index as it is. `is_live`: it is read; `is_blocked`: nothing may be written."""

    month: Month
    documents: int
    size_bytes: int
    is_live: bool
    is_blocked: bool
    is_current: bool
    """Its documents were made with the fields that this version has."""


class ElasticGenerations:
    """See `rebuild.generations.Generations`."""

    def __init__(self, client: Elasticsearch, prefix: str, layout: Layout | None = None) -> None:
        self._client = client
        self._names = Names(prefix)
        self._layout = layout or Layout()

    def live(self) -> ElasticIndex:
        return ElasticIndex(self._client, self._names.prefix, self._layout)

    def building(self) -> tuple[ElasticIndex, bool]:
        with translated():
            make_templates(self._client, self._names, self._layout)
            current = current_generation(self._client, self._names)
            self._unblock()
            newer = {month.generation for month, _ in all_months(self._client, self._names)} - {current}
            newest = max(newer, default=0)
            goes_on = newest > current and all(state.is_current for state in self.states(newest))
            if not goes_on:
                self.drop_others()
            generation = newest if goes_on else max(newest, current) + 1
        return ElasticIndex(self._client, self._names.prefix, self._layout, generation), goes_on

    @contextmanager
    def writers_wait(self) -> Iterator[None]:
        with translated():
            live = [month.index for month, _ in live_months(self._client, self._names)]
            if live:
                self._client.indices.add_block(index=live, block="write")
        try:
            yield
        finally:
            with translated():
                self._unblock()

    def swap(self, built: Index) -> None:
        if not isinstance(built, ElasticIndex):
            raise BrokenInvariant("This generation was built for another side")
        generation = built.names.generation
        with translated():
            new = [month for month, _ in all_months(self._client, self._names) if month.generation == generation]
            indices = [month.index for month in new]
            if indices:
                self._client.indices.put_settings(index=indices, settings={"index.refresh_interval": REFRESH_INTERVAL})
                self._client.indices.refresh(index=indices)
            for _ in range(SWAPS_MAX):
                old = [m for m, _ in live_months(self._client, self._names) if m.generation != generation]
                self._client.indices.update_aliases(actions=_swap(self._names, new, old))
                if not any(m.generation != generation for m, _ in live_months(self._client, self._names)):
                    return
        raise Unavailable("Indexers make new months faster than generations are exchanged")

    def drop_others(self) -> None:
        with translated():
            others = [month.index for month, aliases in all_months(self._client, self._names) if not aliases]
            for index in others:
                self._client.options(ignore_status=HTTPStatus.NOT_FOUND).indices.delete(index=index)

    def plan(self) -> Sequence[str]:
        """Return how the server is not as needed, in words."""
        with translated():
            live = list(live_months(self._client, self._names))
            problems = [*self._missing(), *(_no_alias(action) for action in missing_aliases(live))]
        return sorted([*problems, *(_problem(state) for state in self.states() if state.is_live and _problem(state))])

    def _missing(self) -> Iterator[str]:
        found = self._client.options(ignore_status=HTTPStatus.NOT_FOUND)
        for name in (self._names.settings_template(), *map(self._names.mappings_template, Kind)):
            if "component_templates" not in found.cluster.get_component_template(name=name).body:
                yield f"{name}: the component template is missing"
        for name in map(self._names.alias, Kind):
            if "index_templates" not in found.indices.get_index_template(name=name).body:
                yield f"{name}: the index template is missing"

    def apply(self) -> None:
        """Put templates, mappings and aliases; let writers in again that a rebuild left waiting."""
        with translated():
            make_templates(self._client, self._names, self._layout)
            self._unblock()

    def states(self, generation: int | None = None) -> Sequence[IndexState]:
        """Return all indices as they are, those of one generation or of all."""
        with translated():
            months = [
                (month, aliases)
                for month, aliases in all_months(self._client, self._names)
                if generation is None or month.generation == generation
            ]
            if not months:
                return ()
            names = [month.index for month, _ in months]
            self._client.indices.refresh(index=names)
            sizes = self._client.indices.stats(index=names, metric=["docs", "store"])["indices"]
            settings = self._client.indices.get_settings(index=names, flat_settings=True).body
            mappings = self._client.indices.get_mapping(index=names).body
        return [
            IndexState(
                month,
                sizes.get(month.index, {}).get("primaries", {}).get("docs", {}).get("count", 0),
                sizes.get(month.index, {}).get("primaries", {}).get("store", {}).get("size_in_bytes", 0),
                self._names.alias(month.kind) in aliases,
                settings[month.index]["settings"].get("index.blocks.write") == "true",
                mappings[month.index]["mappings"].get("_meta", {}).get("fingerprint") == fingerprint(month.kind),
            )
            for month, aliases in months
        ]

    def _unblock(self) -> None:
        blocked = [
            index
            for index, about in self._client.indices.get_settings(
                index=[self._names.all_generations(kind) for kind in Kind],
                name="index.blocks.write",
                flat_settings=True,
                ignore_unavailable=True,
            ).body.items()
            if about["settings"].get("index.blocks.write") == "true"
        ]
        if blocked:
            self._client.options(ignore_status=HTTPStatus.NOT_FOUND).indices.put_settings(
                index=blocked, settings={"index.blocks.write": None}
            )


def _swap(names: Names, new: Sequence[Month], old: Sequence[Month]) -> list[dict[str, Any]]:
    """Return the actions of a swap; the server does all or none."""
    gone = [
        {"remove": {"index": month.index, "alias": alias, "must_exist": False}}
        for month in old
        for alias in (names.alias(month.kind), month.alias)
    ]
    read = [{"add": {"index": month.index, "alias": names.alias(month.kind)}} for month in new]
    written = [{"add": {"index": month.index, "alias": month.alias, "is_write_index": True}} for month in new]
    return [*gone, *read, *written]


def _no_alias(action: dict[str, Any]) -> str:
    return f"{action['add']['index']}: lacks the alias {action['add']['alias']} that it is written by"


def _problem(state: IndexState) -> str:
    if state.is_blocked:
        return f"{state.month.index}: closed to writers, by a rebuild that was cut off: `runfold index apply`"
    if not state.is_current:
        return f"{state.month.index}: made by another version, with other fields: `runfold reindex`"
    return ""

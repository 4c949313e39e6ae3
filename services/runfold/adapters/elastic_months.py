"""
Where documents are written to: months of the generation that counts, or of one that is being built.

The rule: of the generation that counts nothing is written by an index's own name. The
month's alias decides, on the server, at that very moment; so a swap of aliases moves writers
who never heard of it, and nobody makes an index of an old generation by mistake.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from runfold.adapters.elastic_mapping import (
    FIRST_GENERATION,
    Layout,
    Month,
    Names,
    Server,
    component_templates,
    properties,
    template,
)
from runfold.documents.model import Kind

logger = logging.getLogger(__name__)

_LACKS: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}
)
"""How servers answer what they do not know, or do not let us ask."""

NEVER: Final = "-1"
"""A refresh interval: while a generation is built, nobody searches it, and refreshes would cost much."""


class Months(Protocol):
    """Names for what is written; `by_alias`: they must be aliases, the server refuses others."""

    by_alias: bool

    def name(self, kind: Kind, created: datetime) -> str:
        """Return what to write a document to."""
        ...

    def make(self, kind: Kind, created: datetime) -> None:
        """Make it: there is none yet."""
        ...


class LiveMonths:
    """Months of the generation that counts."""

    by_alias = True

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client = client
        self._names = names

    def name(self, kind: Kind, created: datetime) -> str:
        return self._names.writable(kind, created)

    def make(self, kind: Kind, created: datetime) -> None:
        generation = current_generation(self._client, self._names)
        index = self._names.month(kind, generation, created)
        alias = self._names.writable(kind, created)
        try:
            self._client.indices.create(index=index, aliases={self._names.alias(kind): {}, alias: {}})
        except ApiError as error:
            if not _is_there_already(error):
                raise
            return  # another indexer was quicker
        if current_generation(self._client, self._names) != generation:
            # A swap came in between: this one would be read and never written.
            self._client.options(ignore_status=HTTPStatus.NOT_FOUND).indices.delete(index=index)


class NewMonths:
    """Months of a generation that is being built: nobody reads them."""

    by_alias = False

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client = client
        self._names = names
        self._made: set[str] = set()

    def name(self, kind: Kind, created: datetime) -> str:
        index = self._names.month(kind, self._names.generation or FIRST_GENERATION, created)
        if index not in self._made:
            self.make(kind, created)
            self._made.add(index)
        return index

    def make(self, kind: Kind, created: datetime) -> None:
        index = self._names.month(kind, self._names.generation or FIRST_GENERATION, created)
        # What the rebuild itself asks for on its way must be found.
        settings = {} if kind in {Kind.DELETIONS, Kind.PROGRESS} else {"index.refresh_interval": NEVER}
        try:
            self._client.indices.create(index=index, settings=settings)
        except ApiError as error:
            if not _is_there_already(error):
                raise


def current_generation(client: Elasticsearch, names: Names) -> int:
    """Return the generation that counts."""
    return max((month.generation for month, _ in live_months(client, names)), default=FIRST_GENERATION)


def live_months(client: Elasticsearch, names: Names) -> Iterator[tuple[Month, dict[str, Any]]]:
    """Yield the indices that are read, each with its aliases."""
    aliases = [names.alias(kind) for kind in Kind]
    found = client.options(ignore_status=HTTPStatus.NOT_FOUND).indices.get(
        index=aliases, ignore_unavailable=True, features="aliases"
    )
    yield from read_months(names, found.body)


def all_months(client: Elasticsearch, names: Names) -> Iterator[tuple[Month, dict[str, Any]]]:
    """Yield all indices of all generations, each with its aliases."""
    patterns = [names.all_generations(kind) for kind in Kind]
    found = client.indices.get(index=patterns, ignore_unavailable=True, features="aliases")
    yield from read_months(names, found.body)


def read_months(names: Names, found: dict[str, Any]) -> Iterator[tuple[Month, dict[str, Any]]]:
    """Yield those of the indices that are ours."""
    for index, about in sorted(found.items()):
        for kind in Kind:
            month = names.read_month(kind, index)
            if month is not None:
                yield month, about.get("aliases", {})


def missing_aliases(months: Iterable[tuple[Month, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the actions that give each month what it is written by: older versions wrote by another name."""
    return [
        {"add": {"index": month.index, "alias": month.alias, "is_write_index": True}}
        for month, aliases in months
        if month.alias not in aliases
    ]


def server_of(client: Elasticsearch) -> Server:
    """Return what kind of server it is. One that lacks a question is one that lacks the thing."""
    return Server(has_lifecycle=_asked(lambda: client.ilm.get_status().body) is not None)


def _asked(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return ask()
    except ApiError as error:
        if error.status_code in _LACKS:
            return None
        raise


def make_templates(client: Elasticsearch, names: Names, layout: Layout) -> None:
    """Put the templates, and what is new in them into the indices that are there."""
    server = server_of(client)
    try:
        _put_components(client, names, layout, server)
    except BadRequestError:  # a serverless one keeps numbers of shards to itself
        _put_components(client, names, layout, replace(server, has_shards=False))
    for kind in Kind:
        client.indices.put_index_template(name=names.alias(kind), **_arguments(template(kind, names)))
    live = list(live_months(client, names))
    for kind in {month.kind for month, _ in live}:
        _put_mapping(client, names.alias(kind), kind)
    actions = missing_aliases(live)
    if actions:
        client.indices.update_aliases(actions=actions)


def _put_components(client: Elasticsearch, names: Names, layout: Layout, server: Server) -> None:
    for name, body in component_templates(names, layout, server).items():
        client.cluster.put_component_template(name=name, **_arguments(body))


def _put_mapping(client: Elasticsearch, alias: str, kind: Kind) -> None:
    try:
        client.indices.put_mapping(index=alias, properties=properties(kind))
    except ApiError as error:
        if error.status_code != HTTPStatus.BAD_REQUEST:
            raise
        # What is there goes on being read and written as far as it goes.
        logger.warning("%s can't hold all fields of this version, `runfold reindex` mends that: %s", alias, error)


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("_"): value for name, value in body.items()}


def _is_there_already(error: ApiError) -> bool:
    return error.status_code == HTTPStatus.BAD_REQUEST and "resource_already_exists" in str(error)

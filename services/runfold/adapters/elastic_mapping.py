"""
Index templates, made from the one field table.

The rule: users' content never makes a field. Maps are `flattened`, and a document's
words come split by us, so the server needs no analyzer but whitespace.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from runfold.documents.leaves import LEAF_DEPTH_MAX
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.storable import KEYWORD_STORED_MAX

FIRST_GENERATION: Final = 1
"""Of an index that was never rebuilt."""

REFRESH_INTERVAL: Final = "10s"
"""Indexers say when something is to be searchable. What one stored that was killed before is so after this."""

_MONTH: Final = r"(\d+)-(\d+\.\d\d)"
_OURS: Final = {"managed_by": "runfold"}

CREATED: Final = "created"
"""The one field beside the table's: it says how the index's name was chosen."""

_FIELDS: Final[Mapping[FieldType, Mapping[str, Any]]] = {
    FieldType.KEYWORD: {"type": "keyword", "ignore_above": KEYWORD_STORED_MAX},
    FieldType.DATE: {"type": "date_nanos"},
    FieldType.LONG: {"type": "long"},
    FieldType.DOUBLE: {"type": "double"},
    FieldType.TEXT: {"type": "text", "analyzer": "whitespace", "norms": False, "index_options": "docs"},
    FieldType.FLATTENED: {"type": "flattened", "ignore_above": KEYWORD_STORED_MAX, "depth_limit": LEAF_DEPTH_MAX},
    FieldType.STORED: {"type": "object", "enabled": False},
}


@dataclass(frozen=True, slots=True)
class Month:
    """One index. `alias`: what it is written by while its generation counts."""

    kind: Kind
    generation: int
    alias: str
    index: str


@dataclass(frozen=True, slots=True)
class Names:
    """
    What things are called on the server.

    Documents lie in one index for each kind, generation and month of creation. Readers know a
    kind's alias, which holds all months of the generation that counts; writers know a month's
    alias, which is that month's index of the same generation: one swap of aliases moves them all.

    `generation` None: the one that counts; else that one, by the names of its indices.
    """

    prefix: str
    generation: int | None = None

    def alias(self, kind: Kind) -> str:
        """Return the name that all months of the generation that counts are read by."""
        return f"{self.prefix}{kind}"

    def readable(self, kind: Kind) -> str:
        """Return what to search in."""
        return self.alias(kind) if self.generation is None else self.all_months(kind, self.generation)

    def writable(self, kind: Kind, created: datetime) -> str:
        """Return the alias that a document is written by."""
        return f"{self.prefix}{kind}-{_year_month(created)}"

    def month(self, kind: Kind, generation: int, created: datetime) -> str:
        """Return the index that a document is in for all its generation's life."""
        return f"{self.prefix}{kind}-{generation}-{_year_month(created)}"

    def all_months(self, kind: Kind, generation: int) -> str:
        """Return the pattern of a generation's indices."""
        return f"{self.prefix}{kind}-{generation}-*"

    def all_generations(self, kind: Kind) -> str:
        """Return the pattern of all indices of a kind. Aliases of months fit it, too."""
        return f"{self.prefix}{kind}-*"

    def settings_template(self) -> str:
        """Return the component template of what all kinds have in common."""
        return f"{self.prefix}settings"

    def mappings_template(self, kind: Kind) -> str:
        """Return the component template of a kind's fields."""
        return f"{self.prefix}{kind}-mappings"

    def read_month(self, kind: Kind, index: str) -> Month | None:
        """Return which month an index is; None: it is no index of ours of this kind."""
        found = re.fullmatch(_MONTH, index.removeprefix(f"{self.prefix}{kind}-"))
        if found is None or not index.startswith(f"{self.prefix}{kind}-"):
            return None
        return Month(kind, int(found[1]), f"{self.prefix}{kind}-{found[2]}", index)


def _year_month(created: datetime) -> str:
    utc = created.astimezone(UTC)
    return f"{utc.year:04d}.{utc.month:02d}"


@dataclass(frozen=True, slots=True)
class Server:
    """
    What kind of server it is.

    `has_shards`: it lets us choose the numbers of shards and replicas (serverless ones don't).
    `has_lifecycle`: it knows index lifecycle management.
    """

    has_shards: bool = True
    has_lifecycle: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What an operator chooses. `lifecycle`: a policy of theirs for new indices, where the server has such."""

    replicas: int = 1
    lifecycle: str | None = None


def properties(kind: Kind) -> dict[str, Any]:
    """Return the mapping's fields."""
    fields = {name: dict(_FIELDS[field_type]) for name, field_type in FIELDS[kind].items()}
    return fields | {CREATED: dict(_FIELDS[FieldType.DATE])}


def fingerprint(kind: Kind) -> str:
    """Return a text that differs if what is made of a document does: stored with the mapping."""
    layout = json.dumps(properties(kind), sort_keys=True)
    return hashlib.sha256(layout.encode()).hexdigest()[:16]


def settings(layout: Layout, server: Server) -> dict[str, Any]:
    """Return the settings of new indices."""
    chosen: dict[str, Any] = {"index.refresh_interval": REFRESH_INTERVAL}
    if server.has_shards:
        chosen |= {
            "index.number_of_shards": 1,
            "index.number_of_replicas": layout.replicas,
            # An idle shard's first search would wait for a refresh.
            "index.search.idle.after": "365d",
        }
    if server.has_lifecycle and layout.lifecycle:
        chosen["index.lifecycle.name"] = layout.lifecycle
    return chosen


def mappings(kind: Kind) -> dict[str, Any]:
    """Return the mapping of a kind."""
    return {
        "dynamic": False,
        "_meta": {"fingerprint": fingerprint(kind)},
        "properties": properties(kind),
    }


def component_templates(names: Names, layout: Layout, server: Server) -> dict[str, dict[str, Any]]:
    """Return the component templates by name."""
    found = {names.settings_template(): {"settings": settings(layout, server)}}
    found |= {names.mappings_template(kind): {"mappings": mappings(kind)} for kind in Kind}
    return {name: {"template": template, "_meta": dict(_OURS)} for name, template in found.items()}


def template(kind: Kind, names: Names) -> dict[str, Any]:
    """
    Return the index template of a kind.

    It gives no alias: an index of a generation that is being built must not be read.
    """
    return {
        "index_patterns": [names.all_generations(kind)],
        "priority": 500,
        "_meta": dict(_OURS),
        "composed_of": [names.settings_template(), names.mappings_template(kind)],
    }

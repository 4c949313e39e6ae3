"""
Index templates, made from the one field table.

The rule: users' content never makes a field. Maps are `flattened`, and a document's
words come split by us, so the server needs no analyzer but whitespace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.query import LEAF_DEPTH_MAX
from runfold.documents.storable import KEYWORD_STORED_MAX

GENERATION: Final = 1
"""A mapping that can't hold the old documents begins another one."""

CREATED: Final = "created"
"""The one field beside the table's: it says how the index's name was chosen."""

UNSTORED: Final = ("text", "errorText", "inputs", "outputs")
"""Searched, but not kept a second time: they stand in `source`."""

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
class Names:
    """What things are called on the server."""

    prefix: str

    def alias(self, kind: Kind) -> str:
        """Return the name that all months are read by."""
        return f"{self.prefix}{kind}"

    def month(self, kind: Kind, created: datetime) -> str:
        """Return the index that a document is in for all its life."""
        return f"{self.prefix}{kind}-{GENERATION}-{created.astimezone(UTC):%Y.%m}"


def properties(kind: Kind) -> dict[str, Any]:
    """Return the mapping's fields."""
    fields = {name: dict(_FIELDS[field_type]) for name, field_type in FIELDS[kind].items()}
    return fields | {CREATED: dict(_FIELDS[FieldType.DATE])}


def template(kind: Kind, names: Names, replicas: int) -> dict[str, Any]:
    """Return the index template of a kind."""
    return {
        "index_patterns": [f"{names.alias(kind)}-*"],
        "priority": 500,
        "_meta": {"managed_by": "runfold"},
        "template": {
            "aliases": {names.alias(kind): {}},
            "settings": {
                "index.number_of_shards": 1,
                "index.number_of_replicas": replicas,
                "index.refresh_interval": "1s",
                # An idle shard's first search would wait for a refresh.
                "index.search.idle.after": "365d",
            },
            "mappings": {
                "dynamic": False,
                "_source": {"excludes": [name for name in UNSTORED if name in FIELDS[kind]]},
                "properties": properties(kind),
            },
        },
    }

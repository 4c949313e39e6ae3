"""
The source of a flow, or of a template, as its topic keeps it: one record per revision.

Revisions count from 1 without holes. A deletion is a revision of its own, so that
what ran before still finds what it ran.
"""

from datetime import datetime

import msgspec


class FlowRecord(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One revision. `source`: the YAML exactly as the author sent it."""

    namespace: str
    id: str
    revision: int
    source: str
    updated: datetime
    deleted: bool = False

    @property
    def key(self) -> str:
        """The record's key: what compaction keeps apart."""
        return f"{self.namespace}.{self.id}.{self.revision}"

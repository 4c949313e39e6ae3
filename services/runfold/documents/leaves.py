"""
What is searched of a map with any keys (labels, inputs, outputs, metrics): its leaves, as texts by path.

Pure. The rule: both indexes and the plain evaluation know leaves only, so users' keys, depths and
types make no field and refuse no document.
"""

from collections.abc import Mapping
from typing import Any, Final

LEAF_DEPTH_MAX: Final = 20
LEAF_LENGTH_MAX: Final = 4000
"""Longer texts are not searchable as a whole (characters; with its path a leaf stays below Lucene's 32,766 bytes)."""

LEAF_PATH_LENGTH_MAX: Final = 500

_PLAIN: Final = (str, bool, int, float, list, tuple)
"""No maps: asking whether something is a Mapping is slow."""


class Leaves(dict[str, list[str]]):
    """Texts by dotted path. Its own leaves: what has found them once need not look again."""


def leaves(carrier: Mapping[str, Any]) -> Leaves:
    """
    Return the leaves of a map as texts by dotted path; a list gives one path several values.

    What no index could hold is no leaf: it lies too deep, its path is empty, too long or
    has a null character, or its text is too long.
    """
    if isinstance(carrier, Leaves):
        return carrier
    found = Leaves()
    _collect(carrier, "", 0, found)
    return found


def _collect(value: Any, path: str, depth: int, found: Leaves) -> None:
    if value is None or depth > LEAF_DEPTH_MAX:
        return
    if isinstance(value, dict) or (not isinstance(value, _PLAIN) and isinstance(value, Mapping)):
        for key, item in value.items():
            _collect(item, f"{path}.{key}" if path else str(key), depth + 1, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, path, depth + 1, found)
    elif is_leaf_path(path):
        text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
        if len(text) <= LEAF_LENGTH_MAX:
            found.setdefault(path, []).append(text)


def is_leaf_path(path: str) -> bool:
    """Return whether there may be leaves of this path."""
    return 0 < len(path) <= LEAF_PATH_LENGTH_MAX and "\0" not in path

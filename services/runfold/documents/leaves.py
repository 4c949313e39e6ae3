"""
What is searched of a map with any keys (labels, inputs, outputs, metrics): its leaves, as texts by path.

Pure. The rule: both indexes and the plain evaluation know leaves only, so users' keys, depths and
types make no field and refuse no document.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

LEAF_DEPTH_MAX: Final = 20
LEAF_LENGTH_MAX: Final = 4000
"""Longer texts are not searchable as a whole (characters; with its path a leaf stays below Lucene's 32,766 bytes)."""

LEAF_PATH_LENGTH_MAX: Final = 500

_PLAIN: Final = frozenset({str, int, float, bool})
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
    _collect_map(carrier, "", 1, found)
    return found


def leaves_of(pairs: Iterable[tuple[str, str | float]]) -> Leaves:
    """Return the leaves that a flat map would have, in which a key may come more than once."""
    found = Leaves()
    for path, value in pairs:
        _add(value, path, found)
    return found


def _collect_map(carrier: Mapping[str, Any], prefix: str, depth: int, found: Leaves) -> None:
    if depth <= LEAF_DEPTH_MAX:
        for key, value in carrier.items():
            _collect(value, f"{prefix}{key}", depth, found)


def _collect(value: Any, path: str, depth: int, found: Leaves) -> None:
    if value is None:
        return
    kind = type(value)
    if kind in _PLAIN:
        _add(value, path, found)
    elif kind is dict or isinstance(value, Mapping):
        _collect_map(value, f"{path}." if path else "", depth + 1, found)
    elif isinstance(value, list | tuple):
        if depth < LEAF_DEPTH_MAX:
            for item in value:
                _collect(item, path, depth + 1, found)
    else:
        _add(value, path, found)


def _add(value: str | float, path: str, found: Leaves) -> None:
    text = value if type(value) is str else _text(value)
    if len(text) <= LEAF_LENGTH_MAX and is_leaf_path(path):
        if path in found:
            found[path].append(text)
        else:
            found[path] = [text]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_leaf_path(path: str) -> bool:
    """Return whether there may be leaves of this path."""
    return 0 < len(path) <= LEAF_PATH_LENGTH_MAX and "\0" not in path

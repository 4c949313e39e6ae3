"""The truth of a condition's rendered text."""

from typing import Final

_FALSY: Final = frozenset({"", "false", "0", "-0"})


def is_truthy(text: str | None) -> bool:
    """Tell whether a rendered condition holds: all but null, "", "false", "0" and "-0" does."""
    return text is not None and text not in _FALSY

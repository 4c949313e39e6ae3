"""A flow's text with its `disabled` changed, and nothing else: comments and order stay."""

import re
from typing import Final

_DISABLED: Final = re.compile(r"^disabled[ \t]*:.*\n?", re.MULTILINE)


def switched(source: str, *, disabled: bool) -> str:
    """Return `source`, disabled or not; it must be the text of a flow in block style."""
    rest = _DISABLED.sub("", source)
    if not disabled:
        return rest
    return rest + ("" if rest.endswith("\n") or not rest else "\n") + "disabled: true\n"

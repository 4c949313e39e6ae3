"""
Errors that are the same but for numbers and names share a fingerprint.

Reads a text and returns a short key. The rule: the key depends on the text alone, so
every indexer and every rebuild finds the same one.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

LENGTH_MAX: Final = 2000
"""What an error says beyond this tells no kinds apart."""

SIZE_BYTES: Final = 8

_VARYING: Final = re.compile(
    r""" "[^"\n]{0,200}" | (?<!\w)'[^'\n]{0,200}'(?!\w) | `[^`\n]{0,200}`  # what is quoted
       | \w{1,20}://[^\s]{1,500}                              # addresses
       | \w*\d[\w.:+-]*                                       # numbers, dates, ids, versions
    """,
    re.VERBOSE,
)
_SPACE: Final = re.compile(r"\s+")


def fingerprint(error: str, ids: Iterable[str] = ()) -> str:
    """Return the key of an error; `ids` (those of the task run itself) tell no errors apart."""
    text = error[:LENGTH_MAX]
    for own in ids:
        text = text.replace(own, "0")
    same = _SPACE.sub(" ", _VARYING.sub("#", text)).strip().lower()
    return hashlib.blake2b(same.encode(errors="replace"), digest_size=SIZE_BYTES).hexdigest()

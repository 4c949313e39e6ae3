"""
The one tokenizer: what a person searches for, and what is searched, are split by it into the same words.

Pure. Both indexes are given words made here, and split at spaces only.
"""

import re
from typing import Final

WORD_LENGTH_MAX: Final = 100
"""What a longer word has beyond this is not looked at."""

_WORD: Final = re.compile(r"\w+")
_ASCII: Final = bytes(
    ord(letter.lower()) if _WORD.fullmatch(letter) else ord(" ") for letter in map(chr, range(128))
).ljust(256)
"""The same for the most common letters by one look at each: in half the time."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, lower case: runs of letters, digits and underscores."""
    words = text.encode().translate(_ASCII).decode().split() if text.isascii() else _WORD.findall(text.lower())
    if len(text) > WORD_LENGTH_MAX and max(map(len, words), default=0) > WORD_LENGTH_MAX:
        return [word[:WORD_LENGTH_MAX] for word in words]
    return words

"""Users' regular expressions, matched in linear time by RE2."""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Final

import re2

from runfold.flows.expressions.failures import Refused

#: Patterns longer than this are refused; compiled ones are kept.
PATTERN_CHARS_MAX: Final = 5_000
PATTERNS_KEPT: Final = 256
#: Most pieces that a text is split into.
PIECES_MAX: Final = 100_000


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    return options


@lru_cache(maxsize=PATTERNS_KEPT)
def compiled(pattern: str) -> re2._Regexp:
    """Return the compiled pattern."""
    if len(pattern) > PATTERN_CHARS_MAX:
        raise Refused("A regular expression is too long")
    try:
        return re2.compile(pattern, _options())
    except re2.error:
        raise Refused("A regular expression is not valid") from None


def split(text: str, pattern: str, limit: int = 0, *, step: Callable[[int], None]) -> list[str]:
    """
    Return `text` split as Java does it.

    Empty texts at the end are left out unless `limit` is negative; `limit` > 0 is the most pieces.
    Each match is a step.
    """
    pieces: list[str] = []
    start = 0
    for found in compiled(pattern).finditer(text):
        step(1)
        if limit > 0 and len(pieces) == limit - 1:
            break
        if found.end() == 0 or (found.start() == found.end() == len(text)):
            continue
        pieces.append(text[start : found.start()])
        start = found.end()
        if len(pieces) > PIECES_MAX:
            raise Refused(f"A text is split into more than {PIECES_MAX} pieces")
    pieces.append(text[start:])
    if limit == 0:
        while len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
    return pieces


def replace(
    text: str, pattern: str, replacement: str, measure: Callable[[int], None], *, most: int | None = None
) -> str:
    """
    Return `text` with all matches (or `most` of them) replaced; `$1` in `replacement` is a group, a backslash quotes.

    `measure` is told how long the text gets, and may refuse.
    """
    found = compiled(pattern)
    out: list[str] = []
    start = chars = 0
    for match in islice(found.finditer(text), most):
        out += [text[start : match.start()], _expanded(match, replacement)]
        chars += len(out[-1])
        measure(chars)
        start = match.end()
    return "".join([*out, text[start:]])


def _expanded(match: re2._Match, replacement: str) -> str:
    if "$" not in replacement and "\\" not in replacement:
        return replacement
    out: list[str] = []
    characters = iter(replacement)
    for character in characters:
        if character == "\\":
            out.append(next(characters, ""))
        elif character == "$":
            group = next(characters, "")
            if not group.isdigit() or int(group) > match.re.groups:
                raise Refused("A replacement names a group that is not there")
            out.append(match.group(int(group)) or "")
        else:
            out.append(character)
    return "".join(out)

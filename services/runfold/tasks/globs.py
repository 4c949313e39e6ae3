"""
Patterns of file names as authors write them: `*` and `?` within a name, `**` across folders, `{a,b}`, `[a-c]`.

Pure. Names are relative or begin with a slash; a pattern without a slash in front fits both.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import re2

PATTERN_LENGTH_MAX: Final = 1_000


class WrongPattern(ValueError):
    """It can't be read as a pattern."""


def matching(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return the test whether a name fits one of `patterns`. Raises: WrongPattern."""
    compiled = [_compiled(pattern) for pattern in patterns]
    return lambda name: any(pattern.fullmatch(name.removeprefix("/")) for pattern in compiled)


def _compiled(pattern: str) -> Any:
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise WrongPattern("The pattern is too long")
    text = pattern.removeprefix("glob:").removeprefix("./").removeprefix("/")
    pieces: list[str] = []
    at, depth = 0, 0
    while at < len(text):
        piece, at, depth = _piece(text, at, depth)
        pieces.append(piece)
    if depth:
        raise WrongPattern(f"The pattern {pattern[:100]} has an open brace")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile("(?s)" + "".join(pieces), options)  # linear in the name, whatever the pattern
    except re2.error as error:
        raise WrongPattern(f"The pattern {pattern[:100]} can't be read") from error


def _piece(text: str, at: int, depth: int) -> tuple[str, int, int]:
    """Return the expression of what stands at `at`, where it goes on, and how deep in braces that is."""
    char = text[at]
    if text.startswith("**/", at):
        return "(?:.*/)?", at + 3, depth
    if text.startswith("**", at):
        return ".*", at + 2, depth
    if char == "[" and "]" in text[at + 2 :]:
        end = text.index("]", at + 2)
        inside = text[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^' + inside[1:] if inside[0] == '!' else inside}]", end + 1, depth
    if char == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), at + 2, depth
    if char in "{}":
        deeper = depth + (1 if char == "{" else -1)
        if deeper not in (0, 1):
            raise WrongPattern(f"The pattern {text[:100]} has a brace too many")
        return ("(?:" if char == "{" else ")"), at + 1, deeper
    if char == "," and depth:
        return "|", at + 1, depth
    return {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)), at + 1, depth

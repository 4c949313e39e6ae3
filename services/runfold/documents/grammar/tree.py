"""
What a query says, before anybody looks at a document: the tree that its text is parsed to.

Values are kept as they were written, so that "the last 24 hours" stays that when a query is
printed, shared or stored. Columns are no part of what is said: equal queries are equal.
"""

from dataclasses import dataclass
from dataclasses import field as member
from enum import StrEnum

FREE_TEXT = "text"
"""The field of words that follow no field's name."""


class Op(StrEnum):
    """How a field is compared. HAS: it is there, whatever its value; RANGE: both ends belong to it."""

    IS = ":"
    HAS = ":*"
    GREATER = ":>"
    AT_LEAST = ":>="
    LESS = ":<"
    AT_MOST = ":<="
    RANGE = ".."


@dataclass(frozen=True, slots=True)
class Value:
    """One value; `is_open`: a star stood at its end. In a RANGE an empty one is no bound."""

    text: str
    is_open: bool = False
    column: int = member(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """
    One wish about one field (by its name in the table of fields); of several values one is enough.

    `key`: of a map, which of its entries. `start`, `end`: its place in the text, from 0.
    """

    field: str
    op: Op
    values: tuple[Value, ...] = ()
    key: str | None = None
    start: int = member(default=0, compare=False)
    end: int = member(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Both:
    """Each of `parts` holds; there are none, or two at least, and none is such a thing itself."""

    parts: tuple["Expression", ...] = ()
    start: int = member(default=0, compare=False)
    end: int = member(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Either:
    """One of `parts` holds; there are two at least, and none is such a thing itself."""

    parts: tuple["Expression", ...]
    start: int = member(default=0, compare=False)
    end: int = member(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Without:
    """The part does not hold."""

    part: "Expression"
    start: int = member(default=0, compare=False)
    end: int = member(default=0, compare=False)


Expression = Term | Both | Either | Without

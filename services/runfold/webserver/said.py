"""Who asks for something, as they say it, and why: signed under every wish of the request, or the job, under way."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec
from fastapi import Header, Query

from runfold.execution.claims import Wish

ACTOR_LENGTH_MAX: Final = 100
NOTE_LENGTH_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """`actor` is a name that nobody checked: for people who read what happened, and no rule of access."""

    actor: str | None = None
    note: str | None = None


_NOBODY: Final = Said()

SAID: Final[ContextVar[Said]] = ContextVar("said", default=_NOBODY)

W = TypeVar("W", bound=Wish)


def signed(wish: W) -> W:
    """Return a wish with who says it and why."""
    said = SAID.get()
    if said.actor is None and said.note is None:
        return wish
    return msgspec.structs.replace(wish, actor=said.actor or wish.actor, note=said.note or wish.note)


async def hear(
    note: Annotated[
        str | None, Query(max_length=NOTE_LENGTH_MAX, description="Why: kept beside what the request does")
    ] = None,
    actor: Annotated[
        str | None, Header(alias="Runfold-Actor", max_length=ACTOR_LENGTH_MAX, description="Who: kept beside it, too")
    ] = None,
) -> None:
    """Note who asks and why, for all that the request asks for."""
    SAID.set(Said(actor or None, note or None))

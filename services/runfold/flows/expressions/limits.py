"""
How much one render may take, and the meter that stops it.

A render has one meter; nested renders share it. Loops, calls and reads of variables count steps,
the clock is looked at every few steps and after every call. Texts and lists are measured when they
are made, so no value can grow beyond the limit on its way to the output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runfold.flows.expressions.failures import Refused

#: Steps between two looks at the clock.
CLOCK_STEPS: Final = 64
#: What an item of a collection counts among the characters made.
ITEM_CHARS: Final = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Bounds of one render (the last two: of one template, and of the cache of compiled ones).

    `text_chars_max` is for each text, the last one included; `made_chars_max` for all texts and
    collections made on the way, an item counted as `ITEM_CHARS`.
    """

    steps_max: int = 100_000
    text_chars_max: int = 1 << 20
    made_chars_max: int = 1 << 25
    items_max: int = 100_000
    depth_max: int = 64
    wall_s: float = 0.25
    tokens_max: int = 10_000
    templates_cached_max: int = 2_048


class Meter:
    """What one render has taken so far."""

    __slots__ = ("_deadline", "_look_at", "_made", "_measured", "_monotonic", "depth", "limits", "steps")

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self.steps = 0
        self.depth = 0
        self._monotonic = monotonic
        self._deadline = monotonic() + limits.wall_s
        self._look_at = CLOCK_STEPS
        self._made = 0
        self._measured = 0

    def step(self, count: int = 1) -> None:
        """Count `count` steps of work."""
        self.steps += count
        if self.steps >= self._look_at:
            self._look_at = self.steps + CLOCK_STEPS
            self.look()

    def look(self) -> None:
        """Stop the render if its steps or its time are used up."""
        if self.steps > self.limits.steps_max:
            raise Refused(f"The expression takes more than {self.limits.steps_max} steps")
        if self._monotonic() > self._deadline:
            raise Refused(f"The expression takes more than {round(self.limits.wall_s * 1000)} ms")

    def call(self) -> None:
        """Count a call of a filter or function; these can be slow, so look at the clock too."""
        self.steps += 1
        self.look()

    def deeper(self) -> None:
        """Enter a macro, block or nested render; the caller leaves by `depth -= 1`."""
        if self.depth >= self.limits.depth_max:
            raise Refused(f"The expression nests deeper than {self.limits.depth_max} levels")
        self.depth += 1

    def chars(self, count: int) -> None:
        """Refuse a text of `count` characters that is too long; called while it grows, so look at the clock."""
        self._measured += 1
        if not self._measured % CLOCK_STEPS:
            self.look()
        if count > self.limits.text_chars_max:
            raise Refused(f"The expression makes a text of more than {self.limits.text_chars_max} characters")

    def items(self, count: int) -> None:
        """Refuse a collection of `count` items that is too long."""
        if count > self.limits.items_max:
            raise Refused(f"The expression makes a collection of more than {self.limits.items_max} items")

    def sized(self, value: object) -> object:
        """Return `value`, just made by a call, unless it is too big."""
        if isinstance(value, str):
            self.chars(len(value))
            self._made += len(value)
        elif isinstance(value, list | dict):
            self.items(len(value))
            self._made += len(value) * ITEM_CHARS
        if self._made > self.limits.made_chars_max:
            raise Refused("The expression makes too many texts and collections")
        return value

    def forgive(self, since: float) -> None:
        """Put the deadline off by the time since `since`: compiling is not the template's doing."""
        self._deadline += self._monotonic() - since

    def now(self) -> float:
        return self._monotonic()

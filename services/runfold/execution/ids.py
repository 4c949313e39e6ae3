"""Ids that follow from what they name: a replay, and a second try after a crash, make the same ones."""

import hashlib
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_PAIR: Final = 62**2
_HALF: Final = 62**10
"""Ten digits fit a machine word: dividing is quick below."""


def base62(number: int) -> str:
    """Return a 128-bit number in 22 letters and digits."""
    number, low = divmod(number, _HALF)
    top, middle = divmod(number, _HALF)
    return _PAIRS[top % _PAIR] + _ten(middle) + _ten(low)


def _ten(number: int) -> str:
    number, fifth = divmod(number, _PAIR)
    number, fourth = divmod(number, _PAIR)
    number, third = divmod(number, _PAIR)
    first, second = divmod(number, _PAIR)
    return _PAIRS[first] + _PAIRS[second] + _PAIRS[third] + _PAIRS[fourth] + _PAIRS[fifth]


def derived_id(*parts: object) -> str:
    """Return an id that only these parts give, e.g. (execution id, ordinal)."""
    text = "/".join(map(str, parts)).encode()
    return base62(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest()))


def fraction_of(*parts: object) -> float:
    """Return a number in [0, 1) that these parts give: the dice of decisions, the same in every replay."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48

"""Ids that follow from what they name: a replay, and a second try after a crash, make the same ones."""

import hashlib
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH: Final = 22


def base62(number: int) -> str:
    """Return a 128-bit number in 22 letters and digits."""
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def derived_id(*parts: object) -> str:
    """Return an id that only these parts give, e.g. (execution id, ordinal)."""
    text = "/".join(map(str, parts)).encode()
    return base62(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest()))


def fraction_of(*parts: object) -> float:
    """Return a number in [0, 1) that these parts give: the dice of decisions, the same in every replay."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48

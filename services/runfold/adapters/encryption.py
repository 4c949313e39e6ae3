"""
AES-GCM as flows know it: base64 of a 12-byte nonce, the ciphertext and its tag.

One key protects SECRET inputs and outputs; templates bring keys of their own. The rule: a text
counts as encrypted only if its tag is right, so nothing else is ever taken for a secret.
"""

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_SIZE_BYTES: Final = 12
TAG_SIZE_BYTES: Final = 16
KEY_SIZES_BYTES: Final = (16, 24, 32)


class KeyInvalid(ValueError):
    """It is no base64 of 16, 24 or 32 bytes."""


class Undecipherable(ValueError):
    """It was not encrypted with this key, or was changed since."""


class Cipher:
    """Encrypts and decrypts texts with one key (base64). Raises: KeyInvalid."""

    def __init__(self, key: str) -> None:
        try:
            decoded = base64.b64decode(key.strip(), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if len(decoded) not in KEY_SIZES_BYTES:
            raise KeyInvalid("An encryption key is base64 of 16, 24 or 32 bytes")
        self._cipher = AESGCM(decoded)

    def encrypt(self, text: str) -> str:
        """Return `text` encrypted, different each time."""
        nonce = os.urandom(NONCE_SIZE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the clear text. Raises: Undecipherable."""
        try:
            raw = base64.b64decode(encrypted, validate=True)
            if len(raw) < NONCE_SIZE_BYTES + TAG_SIZE_BYTES:
                raise Undecipherable("The text is too short to be an encrypted one")
            return self._cipher.decrypt(raw[:NONCE_SIZE_BYTES], raw[NONCE_SIZE_BYTES:], None).decode()
        except (binascii.Error, InvalidTag, UnicodeError, ValueError) as error:
            raise Undecipherable("The text was not encrypted with this key") from error

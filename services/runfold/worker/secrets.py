"""
Secrets from the environment, and the mask that keeps them out of logs.

A secret is known to the mask from its first use on. Rule: every text for people (log
message, stack trace, error) goes through the mask; outputs do not.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from runfold.errors import ExpressionFailed

PREFIX: Final = "SECRET_"
RUN: Final = "*" * 9
RUN_MASKED: Final = "**masked*"
DISGUISE_LENGTH_MIN: Final = 4
"""Shorter secrets are masked as they are only, and as words only: anything else would hit innocent text."""


class SecretMask:
    """
    The secrets of one process: `secret` looks them up, the instance itself is the mask.

    May be used from any thread.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def secret(self, key: str) -> str:
        """
        Return the secret `key`, and mask it from now on.

        Raises:
            ExpressionFailed: There is no such secret, or it is not base64.
        """
        encoded = self._environment.get(PREFIX + key.upper())
        if encoded is None:
            raise ExpressionFailed(f"Cannot find secret for key '{key}'.")
        try:
            value = base64.b64decode("".join(encoded.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            # From None: the cause would show a part of the value.
            raise ExpressionFailed(f"The secret '{key}' is not base64 of a UTF-8 text.") from None
        self.remember(value)
        return value

    def function(self, _variables: object, key: str) -> str:
        """Do as `secret`, as the function `secret(key)` of the expression language."""
        return self.secret(key)

    def remember(self, value: str) -> None:
        """Mask `value` from now on."""
        if not value or value in self._used:
            return
        with self._lock:
            self._used |= _forms(value)
            longest_first = sorted(self._used, key=lambda secret: (-len(secret), secret))
            self._pattern = re.compile("|".join(map(_pattern, longest_first)))

    def __call__(self, text: str) -> str:
        """Return `text` with each secret as asterisks of the same length."""
        pattern = self._pattern
        if pattern is None:
            return text
        masked, count = pattern.subn(lambda found: "*" * len(found[0]), text)
        return masked.replace(RUN, RUN_MASKED, 1) if count else text


def _pattern(form: str) -> str:
    """Return what finds a form of a secret, however a template changed its case; short ones as whole words only."""
    escaped = re.escape(form)
    return rf"(?<!\w){escaped}(?!\w)" if len(form) < DISGUISE_LENGTH_MIN else f"(?i:{escaped})"


def _forms(value: str) -> set[str]:
    """Return the secret as it is, and as it looks in JSON, in a URL, in a form and in base64."""
    if len(value) < DISGUISE_LENGTH_MIN:
        return {value}
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    in_urls = {quote(value, safe=""), quote(value), quote_plus(value)}
    return {value, encoded} | in_json | in_urls

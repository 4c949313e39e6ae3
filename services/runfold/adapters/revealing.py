"""
Decrypting what an attempt reads: SECRET inputs and encrypted outputs, wherever they lie.

The rule: only what the installation's own key had encrypted becomes clear, on the worker only,
and each clear text is masked in logs from then on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from runfold.adapters.encryption import Cipher, Undecipherable
from runfold.flows.inputs import ENCRYPTED_TYPE

ENCRYPTED_LENGTH_MIN: Final = 40
"""Characters of the base64 of a nonce and a tag: no encrypted text is shorter."""

LAYERS_MAX: Final = 4
"""A secret handed on from flow to flow is encrypted once more each time."""

Reveal = Callable[[Mapping[str, Any]], dict[str, Any]]


def nothing_to_reveal(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables as they are: no key is configured."""
    return dict(variables)


class Revealing:
    """Makes clear what is encrypted in `inputs`, `outputs`, `parent` and `parents`. `remember`: masks a text."""

    def __init__(self, cipher: Cipher, remember: Callable[[str], None]) -> None:
        self._cipher = cipher
        self._remember = remember

    def __call__(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables, clear."""
        found = dict(variables)
        if "inputs" in found:
            found["inputs"] = self._clear(found["inputs"], texts=True)
        for root in ("outputs", "parent", "parents", "trigger"):
            if root in found:
                found[root] = self._clear(found[root], texts=False)
        return found

    def _clear(self, value: Any, *, texts: bool) -> Any:
        if isinstance(value, Mapping):
            if value.get("type") == ENCRYPTED_TYPE and isinstance(value.get("value"), str) and len(value) == 2:
                return self._text(value["value"])
            return {key: self._clear(item, texts=texts) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clear(item, texts=texts) for item in value]
        return self._text(value) if texts and isinstance(value, str) else value

    def _text(self, text: str) -> str:
        """Return a text decrypted as often as it was encrypted."""
        clear = text
        for _ in range(LAYERS_MAX):
            if len(clear) < ENCRYPTED_LENGTH_MIN or len(clear) % 4:
                break
            try:
                clear = self._cipher.decrypt(clear)
            except Undecipherable:
                break
        if clear is not text:
            self._remember(clear)
        return clear

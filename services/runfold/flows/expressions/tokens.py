"""The tokens of one tag or template, read one after the other."""

from collections.abc import Sequence

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.lexer import Token


class Tokens:
    """A place in a row of tokens; the last one is `end` and is never passed."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def current(self) -> Token:
        return self._tokens[self._at]

    def after(self, count: int) -> tuple[str, str]:
        """Return kind and value of the token `count` places on."""
        token = self._tokens[min(self._at + count, len(self._tokens) - 1)]
        return token.kind, token.value

    def take(self) -> Token:
        """Return the current token and go on."""
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def is_op(self, value: str) -> bool:
        return self.current.kind == "op" and self.current.value == value

    def is_name(self, value: str) -> bool:
        return self.current.kind == "name" and self.current.value == value

    def take_op(self, value: str) -> bool:
        """Go past the operator `value` if it is here."""
        if self.is_op(value):
            self._at += 1
            return True
        return False

    def take_name(self, value: str) -> bool:
        """Go past the word `value` if it is here."""
        if self.is_name(value):
            self._at += 1
            return True
        return False

    def expect_op(self, value: str) -> None:
        if not self.take_op(value):
            raise self.unexpected(f"'{value}'")

    def expect(self, kind: str, what: str) -> Token:
        """Return the current token, which must be of `kind` (`what` in words), and go on."""
        if self.current.kind != kind:
            raise self.unexpected(what)
        return self.take()

    def unexpected(self, wanted: str) -> Refused:
        """Return the refusal of the current token, where `wanted` had to stand."""
        token = self.current
        ends = {"end": "the end of the template", "close": "the end of the tag"}
        found = ends.get(token.kind, f"'{token.value}'")
        return Refused(f"Unexpected {found}, expected {wanted}", token.line)

"""
The functions of expressions that need the world outside: secrets and dice.

The language itself is pure; these come in when a process is put together. Each takes the
expression's variables first, as `Expressions` calls it.
"""

import random
import uuid
from collections.abc import Callable, Mapping

from runfold.errors import ExpressionFailed
from runfold.execution.ids import base62

Variables = Mapping[str, object]


def functions(secret: Callable[[str], str]) -> Mapping[str, Callable[..., object]]:
    """Return the functions by their names in templates; `secret` finds a secret or raises LookupError."""

    def secret_(variables: Variables, key: str) -> str:
        del variables
        try:
            return secret(key)
        except LookupError as error:
            raise ExpressionFailed(str(error)) from None

    return {"secret": secret_, "id": new_id, "uuid": new_uuid, "randomInt": random_int}


def new_id(variables: Variables) -> str:
    """Return an id in letters and digits that nobody has used."""
    del variables
    return base62(uuid.uuid4().int)


def new_uuid(variables: Variables) -> str:
    """Return a new UUID in lower case."""
    del variables
    return str(uuid.uuid4())


def random_int(variables: Variables, lower: int, upper: int) -> int:
    """Return a number of at least `lower` and less than `upper`."""
    del variables
    if not isinstance(lower, int) or not isinstance(upper, int) or lower >= upper:
        raise ExpressionFailed("randomInt needs two whole numbers, `lower` less than `upper`")
    return random.randrange(lower, upper)  # noqa: S311 - dice of flows guard nothing

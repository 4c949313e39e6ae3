import re
import time
from datetime import UTC, datetime

import pytest

from runfold.errors import ExpressionFailed
from runfold.flows.expressions import Expressions
from runfold.functions import functions


def no_secret(key: str) -> str:
    raise LookupError(f"Cannot find secret for key '{key}'.")


EXPRESSIONS = Expressions(functions(no_secret), clock=lambda: datetime.now(UTC), monotonic=time.monotonic)


def test_ids_are_new_each_time() -> None:
    first, second = EXPRESSIONS.render("{{ id() }} {{ id() }}", {}).split()

    assert first != second
    assert re.fullmatch(r"[0-9A-Za-z]{22}", first)


def test_a_uuid_is_in_lower_case() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", EXPRESSIONS.render("{{ uuid() }}", {}))


def test_a_random_number_lies_between_its_bounds() -> None:
    drawn = {EXPRESSIONS.render("{{ randomInt(lower, upper) }}", {"lower": 1, "upper": 4}) for _ in range(200)}

    assert drawn == {"1", "2", "3"}


def test_bounds_that_hold_no_number_are_refused() -> None:
    with pytest.raises(ExpressionFailed, match="randomInt"):
        EXPRESSIONS.render("{{ randomInt(4, 4) }}", {})


def test_a_secret_that_is_not_there_is_named() -> None:
    with pytest.raises(ExpressionFailed, match="Cannot find secret for key 'unknown'"):
        EXPRESSIONS.render("{{ secret('unknown') }}", {})

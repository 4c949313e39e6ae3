import time
from datetime import UTC, datetime

import pytest

from runfold.errors import ExpressionFailed
from runfold.flows.expressions import Expressions

NOW = datetime(2024, 12, 20, 10, 11, 12, 345678, tzinfo=UTC)
SECRETS = {"DB": "s3cret"}


def secret(_context, key):
    if key not in SECRETS:
        raise ExpressionFailed(f"Cannot find secret for key '{key}'.")
    return SECRETS[key]


def kv(context, key, namespace=None, errorOnMissing=False):  # noqa: N803 - as templates call it
    return f"{namespace or context['flow']['namespace']}/{key}/{errorOnMissing}"


@pytest.fixture(scope="session")
def expressions():
    return Expressions({"secret": secret, "kv": kv}, clock=lambda: NOW, monotonic=time.monotonic)

"""
How many examples each fuzz test tries, and values that have broken programs before.

More: `RUNFOLD_FUZZ=100 pytest tests/fuzz` tries a hundred times as many, each time others.
"""

import os
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TIMES: Final = int(os.environ.get("RUNFOLD_FUZZ", "1"))


def tried(count: int) -> settings:
    """Return settings for `count` examples: the same in each run, unless more are asked for."""
    return settings(
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


NASTY: Final = (
    *("", " ", "\0", "\x1b[31m", "\r\nX-Evil: 1", "\u202e", "\ud800", "\ufeff", "💥" * 50, "ß" * 3000, "a" * 4_000),
    *("../..", "..\\..", "/etc/hostname", "kestra:///../../x", "%00", "%2e%2e%2f", "a.b", ".", "__proto__"),
    *(
        "-1",
        "0",
        "9" * 400,
        "1e999",
        "NaN",
        "-Infinity",
        "0x10",
        "true",
        "null",
        "1.5",
        "2026-02-30",
        "PT",
        "P9999999Y",
    ),
    *("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-01-01T00:00:00+99:99"),
    *(
        "{{ x }}",
        "{{",
        "{% for i in range(1, 9999999) %}x{% endfor %}",
        "(a+)+$",
        "*",
        "**",
        "?",
        "a:b:c",
        "state:desc",
    ),
    *("' OR 1=1 --", "\\", '"', "<script>", "$where", "${jndi:x}", "[]", "{}", "&a *a", "!!python/object:os.system x"),
)

texts: Final = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
numbers: Final = st.one_of(
    st.integers(), st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**400]), st.floats(allow_nan=True)
)
leaves: Final = st.one_of(st.none(), st.booleans(), numbers, texts)


def values(keys: Any = texts) -> Any:
    """Return a strategy for JSON-like values, whose maps have such keys."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
        max_leaves=12,
    )

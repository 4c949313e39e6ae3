"""The built-in filters, by kind."""

from collections.abc import Mapping
from typing import Final

from runfold.flows.expressions.filters import collections, data, dates, texts
from runfold.flows.expressions.registry import Builtin

FILTERS: Final[Mapping[str, Builtin]] = {
    **texts.FILTERS,
    **collections.FILTERS,
    **data.FILTERS,
    **dates.FILTERS,
}

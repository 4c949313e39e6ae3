"""
Tasks on items of files of the internal storage: a JSON value a line, read and written one by one.
"""

import tempfile
from enum import StrEnum
from typing import Any, ClassVar, Final

from pydantic import Field

from runfold.errors import ExpressionFailed
from runfold.flows.expressions import is_truthy
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.flows.values import text_of
from runfold.storage_layout import extension_of
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.rows import item_variables, items
from runfold.tasks.storage import heed, opened
from runfold.tasks.values import required

KEYS_MAX: Final = 1_000_000


class DeduplicateItems(RunnableTask):
    """Keep the last item of each key, in the order of those items."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.DeduplicateItems"

    from_: Text = Field(alias="from")
    expr: Text

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.from_, "from")
        last: dict[str, int] = {}
        total = 0
        with opened(context, address) as content:
            for _, item in items(content):
                last[self._key(context, item)] = total
                total += 1
                if len(last) > KEYS_MAX:
                    raise TaskFailed(f"There are more than {KEYS_MAX} keys")
                heed(context)
        kept = set(last.values())
        with opened(context, address) as content, tempfile.TemporaryFile() as found:
            for at, (row, _) in enumerate(items(content)):
                if at in kept:
                    found.write(row + b"\n")
            found.seek(0)
            uri = context.storage.files.store(found, extension_of(address) or ".ion")
        return {
            "uri": uri,
            "numKeys": len(last),
            "processedItemsTotal": total,
            "droppedItemsTotal": total - len(last),
        }

    def _key(self, context: RunContext, item: Any) -> str:
        return text_of(context.evaluate(self.expr, item_variables(item)))


class FilterType(StrEnum):
    """What becomes of items that fit."""

    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class ErrorOrNullBehavior(StrEnum):
    """What becomes of items for which the condition fails or is null."""

    FAIL = "FAIL"
    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class FilterItems(RunnableTask):
    """Keep the items that fit a condition, or the others."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.storage.FilterItems"

    from_: Text = Field(alias="from")
    filter_condition: Text
    filter_type: FilterType = FilterType.INCLUDE
    error_or_null_behavior: ErrorOrNullBehavior = ErrorOrNullBehavior.FAIL

    def run(self, context: RunContext) -> Outputs:
        address = required(context, self.from_, "from")
        total = kept = 0
        with opened(context, address) as content, tempfile.TemporaryFile() as found:
            for row, item in items(content):
                heed(context)
                total += 1
                if self._is_kept(context, item):
                    kept += 1
                    found.write(row + b"\n")
            found.seek(0)
            uri = context.storage.files.store(found, extension_of(address) or ".ion")
        return {"uri": uri, "processedItemsTotal": total, "droppedItemsTotal": total - kept}

    def _is_kept(self, context: RunContext, item: Any) -> bool:
        try:
            value = context.evaluate(self.filter_condition.strip(), item_variables(item))
        except ExpressionFailed:
            if self.error_or_null_behavior is ErrorOrNullBehavior.FAIL:
                raise
            return self.error_or_null_behavior is ErrorOrNullBehavior.INCLUDE
        if value is None:
            if self.error_or_null_behavior is ErrorOrNullBehavior.FAIL:
                raise TaskFailed(f"The condition `{self.filter_condition}` is null for an item")
            return self.error_or_null_behavior is ErrorOrNullBehavior.INCLUDE
        return is_truthy(text_of(value).strip()) is (self.filter_type is FilterType.INCLUDE)


ITEM_TASKS: Final = (DeduplicateItems, FilterItems)

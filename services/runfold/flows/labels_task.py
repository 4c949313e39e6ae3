"""The task that labels its own execution: the executor does it, no worker."""

from typing import Any, ClassVar

from pydantic import Field

from runfold.flows.task import Task


class SetsLabels(Task):
    """Merge labels over those of the execution: a map, a list of key and value, or JSON text of either."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.execution.Labels"

    labels: Any = Field(default=None)

"""
The task types: those built in, and how those of installed packages come in.

Every type comes by the entry-point group `runfold.tasks`; an entry names a task class or
a tuple of them. A plugin that can't be loaded is reported and left out.
"""

import logging
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from runfold.flows.flowable import FLOWABLES
from runfold.flows.task import RunnableTask, Task, TaskTypes
from runfold.tasks.debug import Echo, Return
from runfold.tasks.execution import Fail
from runfold.tasks.flow import Sleep
from runfold.tasks.foreach_item import FOREACH_ITEM_TASKS
from runfold.tasks.items import DeduplicateItems, FilterItems
from runfold.tasks.kv import KV_TASKS
from runfold.tasks.log import Fetch, Log
from runfold.tasks.namespace import NAMESPACE_TASKS
from runfold.tasks.output import OutputValues
from runfold.tasks.state import STATE_TASKS
from runfold.tasks.storage import STORAGE_TASKS

GROUP: Final = "runfold.tasks"

BUILT_IN: Final[tuple[type[RunnableTask], ...]] = (
    Return,
    Echo,
    Log,
    Fetch,
    Fail,
    Sleep,
    OutputValues,
    *FOREACH_ITEM_TASKS,
    *STORAGE_TASKS,
    DeduplicateItems,
    FilterItems,
    *KV_TASKS,
    *NAMESPACE_TASKS,
    *STATE_TASKS,
)

logger = logging.getLogger(__name__)


def load_task_types(plugins: Iterable[EntryPoint] | None = None) -> TaskTypes:
    """Return all types that a flow may name here; `plugins` None: those that are installed."""
    found: dict[str, type[Task]] = {model.TYPE: model for model in (*BUILT_IN, *FLOWABLES)}
    for plugin in entry_points(group=GROUP) if plugins is None else plugins:
        for model in _models(plugin):
            taken = found.setdefault(model.TYPE, model)
            if taken is not model:
                logger.error("Plugin %s: the type %s is there already, left out", plugin.name, model.TYPE)
    return TaskTypes.of(*found.values())


def _models(plugin: EntryPoint) -> Iterator[type[Task]]:
    try:
        loaded = plugin.load()
    except Exception:  # others' code runs at its import: whatever it raises is its own failure
        logger.exception("Plugin %s (%s) can't be loaded, left out", plugin.name, plugin.value)
        return
    for model in loaded if isinstance(loaded, tuple) else (loaded,):
        if isinstance(model, type) and issubclass(model, Task) and model.TYPE:
            yield model
        else:
            logger.error("Plugin %s: %r is no task type, left out", plugin.name, model)
